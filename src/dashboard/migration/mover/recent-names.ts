/**
 * Names that were found lately, to know one again that SCAN repeats: a table of fixed size with two places for each
 * checksum, the newer name takes the older one's. A name that has lost its place counts as new, which is no harm:
 * MIGRATE passes over a key that is gone, and one that is twice in a batch is looked at.
 */
import type { FoundKey } from "./found-key.ts";

/** A power of two. Repeats are some pages apart at most, of some hundred keys each. */
const SETS = 8_192;

/** See the file head. */
export class RecentNames {
  readonly #keys: (FoundKey | undefined)[] = Array.from({ length: 2 * SETS });
  /** Of the same: the keys themselves have long left the processor's caches. */
  readonly #checksums = new Uint32Array(2 * SETS);

  /** Remembers the name; false when it is known. `checksum`: of the name, 32 bits, unsigned. */
  note(key: FoundKey, checksum: number): boolean {
    const newer = 2 * (checksum & (SETS - 1));
    const older = newer + 1;
    if (this.#isAt(newer, key, checksum) || this.#isAt(older, key, checksum)) {
      return false;
    }
    this.#keys[older] = this.#keys[newer];
    this.#checksums[older] = this.#checksums[newer] ?? 0;
    this.#keys[newer] = key;
    this.#checksums[newer] = checksum;
    return true;
  }

  #isAt(place: number, key: FoundKey, checksum: number): boolean {
    return this.#checksums[place] === checksum && this.#keys[place]?.hasNameOf(key) === true;
  }
}
