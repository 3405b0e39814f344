/**
 * Scripts that any worker was shown, for workers that start later. Bounded in bytes as the cache of each
 * worker is; the oldest goes first. Only the supervisor of several workers has one.
 */

/** See the file head. */
export class ScriptStore {
  readonly #maxBytes: number;
  readonly #bodies = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** All scripts by sha1, the oldest first. */
  get entries(): Iterable<readonly [sha1: string, body: Uint8Array]> {
    return this.#bodies;
  }

  add(sha1: string, body: Uint8Array): void {
    if (this.#bodies.has(sha1)) return;
    this.#bodies.set(sha1, body);
    this.#bytes += body.length;
    for (const [oldest, oldBody] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#bodies.delete(oldest);
      this.#bytes -= oldBody.length;
    }
  }

  clear(): void {
    this.#bodies.clear();
    this.#bytes = 0;
  }
}
