/**
 * How much goes into one MIGRATE. The sum of the keys' estimated stalls, corrected by what such batches really
 * took on these servers, stays within a share of `migration_max_stall`: a client may have to wait for one that takes
 * longer than expected, for a page of SCAN, and for a processor.
 */

/** Of the bound for a stall, for one batch. */
const SHARE = 0.6;
const KEYS_MAX = 1_000;
/**
 * Weight of one measurement. Slower and faster ones weigh the same: when two batches are in flight their replies may
 * come together, so that one of them looks twice as slow as it was and the other free.
 */
const WEIGHT = 0.05;
/** One that took many times as long says more about the machine than about the keys. */
const OUTLIER = 4;
const CORRECTION_MIN = 0.2;
const CORRECTION_MAX = 100;
/** First batches are small until something has been measured. */
const CORRECTION_START = 4;
/** Cost of a MIGRATE without any key, microseconds; not part of what is corrected. */
const CALL_US = 60;

/** See the file head. */
export class BatchBudget {
  #correction = CORRECTION_START;

  /** Estimated microseconds that a batch may have. */
  workUsMax(maxStallMs: number): number {
    return Math.max(0, maxStallMs * 1_000 * SHARE - CALL_US) / this.#correction;
  }

  /** Most keys of a batch, whatever they are. */
  get keysMax(): number {
    return KEYS_MAX;
  }

  /** A stall as it may really be, milliseconds, for timeouts: what is fast now may not stay so. */
  expectedMs(workUs: number): number {
    return (workUs * Math.max(1, this.#correction)) / 1_000;
  }

  /** Milliseconds that such a batch usually takes. */
  usualMs(workUs: number): number {
    return (workUs * this.#correction + CALL_US) / 1_000;
  }

  /** A batch of so much estimated work held up its servers for `ms`. */
  learn(workUs: number, ms: number): void {
    const measured = Math.max(0, ms * 1_000 - CALL_US) / Math.max(1, workUs);
    const seen = Math.min(measured, this.#correction * OUTLIER);
    const next = this.#correction + (seen - this.#correction) * WEIGHT;
    this.#correction = Math.min(CORRECTION_MAX, Math.max(CORRECTION_MIN, next));
  }
}
