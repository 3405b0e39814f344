/**
 * The live document: a flat map from keys to JSON values, numbered with each change. Every key knows the number
 * of its last change, so what a reader has missed is the keys with a later number, however many patches that were;
 * nothing is kept for each patch.
 *
 * Bounds: readers that are more than `PATCHES_KEPT` numbers behind get the whole document again, and so do those
 * who are behind when more than `GONE_MAX` keys have gone since.
 */

/** A reader that is so many numbers behind can still be told what it missed. */
export const PATCHES_KEPT = 1_000;
/** Keys that are gone and whose going can still be told. */
const GONE_MAX = 10_000;

interface Entry {
  readonly value: unknown;
  readonly json: string;
  /** Number of the document since which it has this value. */
  readonly seq: number;
}

/** See the file head. */
export class LiveDocument {
  readonly #epoch: number;
  readonly #entries = new Map<string, Entry>();
  /** Number with which a key went, in order. */
  readonly #gone = new Map<string, number>();
  #seq = 0;
  /** Readers with an older number can't be told what they missed. */
  #firstSince = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Of the leader; a part of the number for readers. */
  get epoch(): number {
    return this.#epoch;
  }

  /** 0: nothing was put in yet. */
  get seq(): number {
    return this.#seq;
  }

  /**
   * The whole document as it is now; true when it differs from before. A value that is the same object as before is
   * taken to be unchanged, other ones are compared by their JSON. The first call always counts as a change.
   */
  update(values: ReadonlyMap<string, unknown>): boolean {
    const next = this.#seq + 1;
    let isChanged = this.#seq === 0;
    for (const [key, value] of values) {
      const before = this.#entries.get(key);
      if (before !== undefined && before.value === value) {
        continue;
      }
      const json = JSON.stringify(value);
      const isSame = before?.json === json;
      this.#entries.set(key, { value, json, seq: isSame ? before.seq : next });
      if (!isSame) {
        this.#gone.delete(key);
        isChanged = true;
      }
    }
    for (const key of this.#entries.keys()) {
      if (!values.has(key)) {
        this.#entries.delete(key);
        this.#gone.set(key, next);
        isChanged = true;
      }
    }
    if (isChanged) {
      this.#seq = next;
      this.#forget();
    }
    return isChanged;
  }

  /** JSON of a message with everything. `at`: RFC 3339. */
  snapshot(at: string): string {
    return this.#message({ kind: "snapshot", at, pairs: [...this.#entries].map(pairOf) });
  }

  /** JSON of a message with what has changed since that number; undefined when that can't be told. */
  patch(since: number, at: string): string | undefined {
    if (since > this.#seq || since < this.#firstSince || since < this.#seq - PATCHES_KEPT) {
      return undefined;
    }
    const pairs = [...this.#entries].filter(([, entry]) => entry.seq > since).map(pairOf);
    for (const [key, seq] of this.#gone) {
      if (seq > since) {
        pairs.push(`${JSON.stringify(key)}:null`);
      }
    }
    return this.#message({ kind: "patch", since, at, pairs });
  }

  #message(parts: {
    readonly kind: "snapshot" | "patch";
    readonly since?: number;
    readonly at: string;
    readonly pairs: readonly string[];
  }): string {
    const { pairs, ...rest } = parts;
    const head = JSON.stringify({ ...rest, epoch: this.#epoch, seq: this.#seq });
    return `${head.slice(0, -1)},"values":{${pairs.join(",")}}}`;
  }

  #forget(): void {
    for (const [key, seq] of this.#gone) {
      if (this.#gone.size > GONE_MAX) {
        this.#firstSince = Math.max(this.#firstSince, seq);
      } else if (seq >= this.#seq - PATCHES_KEPT) {
        return;
      }
      this.#gone.delete(key);
    }
  }
}

function pairOf([key, { json }]: readonly [string, Entry]): string {
  return `${JSON.stringify(key)}:${json}`;
}
