/**
 * How fast something goes now: totals noted about once a second, and the difference over the last seconds. Kept
 * for a minute, because slots end in bursts, and keys of an even stream need less time to show their rate.
 */

/** Totals at one moment. */
export interface RateSample {
  readonly keys: number;
  readonly bytes: number;
  readonly slots: number;
}

/** Per second; 0 before there is something to compare. */
export interface Rates {
  readonly keys: number;
  readonly bytes: number;
  readonly slots: number;
  /**
   * Over the whole minute: what a time to go is foretold from. Between one window of slots and the next keys stand
   * still for seconds, which says nothing of the rest.
   */
  readonly lasting: { readonly keys: number; readonly bytes: number };
}

/** Keys and bytes are compared with so long ago, milliseconds. */
const STREAM_MS = 5_000;
const SLOTS_MS = 60_000;
/** Samples closer to one another than this are one. */
const STEP_MS = 250;
/** Nothing is said of a shorter time. */
const SHORTEST_MS = 500;

/** See the file head. */
export class RateWindow {
  #samples: { readonly atMs: number; readonly totals: RateSample }[] = [];

  /** The past doesn't count any more (another speed, a pause). */
  reset(): void {
    this.#samples = [];
  }

  /** `atMs` is monotonic. */
  note(atMs: number, totals: RateSample): void {
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= STEP_MS) {
      this.#samples.push({ atMs, totals });
      this.#samples = this.#samples.filter((sample) => atMs - sample.atMs <= SLOTS_MS);
    }
  }

  /** Rates until now, where the totals are these. */
  rates(atMs: number, totals: RateSample): Rates {
    const stream = this.#since(atMs - STREAM_MS);
    const slots = this.#since(atMs - SLOTS_MS);
    return {
      keys: rateOf(stream, atMs, totals, "keys"),
      bytes: rateOf(stream, atMs, totals, "bytes"),
      slots: rateOf(slots, atMs, totals, "slots"),
      lasting: {
        keys: rateOf(slots, atMs, totals, "keys"),
        bytes: rateOf(slots, atMs, totals, "bytes"),
      },
    };
  }

  /** The newest sample that is at least so old; the oldest one when all are younger. */
  #since(atMs: number): { readonly atMs: number; readonly totals: RateSample } | undefined {
    return this.#samples.findLast((sample) => sample.atMs <= atMs) ?? this.#samples[0];
  }
}

function rateOf(
  since: { readonly atMs: number; readonly totals: RateSample } | undefined,
  atMs: number,
  totals: RateSample,
  what: keyof RateSample,
): number {
  const tookMs = atMs - (since?.atMs ?? atMs);
  return since === undefined || tookMs < SHORTEST_MS
    ? 0
    : Math.max(0, ((totals[what] - since.totals[what]) / tookMs) * 1000);
}
