/**
 * Which share of the keys that are asked for has left the source already: a running mean, of what MIGRATE finds at the
 * source while it is small, and of what reads find at the target once they ask there first. Keys that are on no side
 * look as if they had left until reads ask for them, so the two measures keep one another in check.
 */

/** Weight of one key. */
const WEIGHT = 1 / 16;
const MOST = 0.5;

/** See the file head. */
export class GoneShare {
  #share = 0;

  /** Reads are worth being asked of the target first. */
  get isMost(): boolean {
    return this.#share >= MOST;
  }

  /** A MIGRATE of so many keys found so many of them at the source. Ignored while reads measure. */
  noteMigrate(present: number, keys: number): void {
    if (this.isMost) return;
    const weight = 1 - (1 - WEIGHT) ** keys;
    this.#share += weight * ((keys - present) / keys - this.#share);
  }

  /** A read found its keys at the target, or it didn't. */
  noteRead(isThere: boolean): void {
    this.#share += WEIGHT * ((isThere ? 1 : 0) - this.#share);
  }
}
