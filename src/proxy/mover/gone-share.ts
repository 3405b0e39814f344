/**
 * Which share of the keys that reads asked for was at the target already: a running mean, by which reads decide whether
 * the source is asked at the same time or afterwards.
 */

/** Weight of one read. */
const WEIGHT = 1 / 16;
const MOST = 0.5;

/** See the file head. */
export class GoneShare {
  #share = 0;

  /** Most of them were. */
  get isMost(): boolean {
    return this.#share >= MOST;
  }

  /** A read found all of its keys at the target, or it didn't. */
  noteRead(isThere: boolean): void {
    this.#share += WEIGHT * ((isThere ? 1 : 0) - this.#share);
  }
}
