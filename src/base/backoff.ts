/**
 * Pauses between tries that grow with every failure: doubled each time up to a bound, and shortened by a
 * random part, so that many who failed at the same moment don't come back at the same moment.
 */

/** Bounds of the pauses, in milliseconds. */
export interface BackoffBounds {
  readonly minMs: number;
  readonly maxMs: number;
  /** A number from 0 to 1, 1 excluded; replaced in tests. */
  readonly random?: () => number;
}

/** The pauses of one thing that is tried again and again. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  #failures = 0;

  constructor(bounds: BackoffBounds) {
    this.#bounds = bounds;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure; the pause before the next try: the half to the whole of `minMs * 2 ^ failures`. */
  nextMs(): number {
    const { minMs, maxMs, random = Math.random } = this.#bounds;
    // Beyond this the bound has been reached long ago; the power must not overflow.
    const wholeMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return Math.round(wholeMs * (0.5 + random() / 2));
  }

  /** A success: the next pause is the shortest again. */
  reset(): void {
    this.#failures = 0;
  }
}
