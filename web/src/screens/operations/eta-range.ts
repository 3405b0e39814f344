/**
 * How long an operation still takes, as a range: a single number would promise what nobody knows, because keys differ
 * in size and servers in load. The range spans several honest guesses:
 *
 *     by keys and by bytes     each at the rate of the last seconds, of two minutes, and of all that was seen
 *     by the server            what it says itself
 *
 * Until 5 % are done, or 30 s of work were seen, it says "estimating". Time in a pause isn't work.
 */

/** What is known at one moment. */
export interface EtaSample {
  /** Milliseconds of any clock that doesn't go back. */
  readonly atMs: number;
  readonly keysMoved: number;
  readonly keysTotal: number;
  readonly bytesMoved: number;
  readonly bytesTotal: number;
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  /** What the server says; null: it doesn't know. */
  readonly serverMs: number | null;
  /** It works now: neither paused nor waiting. */
  readonly isWorking: boolean;
}

/** The answer. */
export type Eta =
  | { readonly kind: "range"; readonly fromMs: number; readonly toMs: number }
  /** It has only begun. */
  | { readonly kind: "estimating" }
  /** It stands still, so nothing tells. */
  | { readonly kind: "unknown" };

/** Share that has to be done, or time of work that has to be seen, before there is a range. */
const SHARE_MIN = 0.05;
const SEEN_MS_MIN = 30_000;
/** The shorter mean looks back so far. */
const WINDOW_MS = 120_000;
/** Samples that are closer together than this are one. */
const STEP_MS = 500;
/** Samples kept; the longer mean looks back to the oldest of them. */
const SAMPLES_MAX = 1_200;
/** Longer gaps between two samples aren't counted as work: the page slept. */
const GAP_MS = 10_000;
/** How far the true rate may be off from the guesses, as factors of the time. */
const LOW = 0.75;
const HIGH = 1.45;
/** Hand-overs and the rounding of rates; matters at the end only. */
const SLACK_MS = 2_000;

interface WorkPoint {
  /** Time of work until here. */
  readonly workedMs: number;
  readonly keys: number;
  readonly bytes: number;
}

/** Looks at one operation; see the head of the file. */
export class EtaWatch {
  readonly #points: WorkPoint[] = [];
  #last: EtaSample | undefined;

  /** Takes what is known now and says how long it still takes. */
  note(sample: EtaSample): Eta {
    const last = this.#last;
    const gapMs = last === undefined ? 0 : sample.atMs - last.atMs;
    if (last === undefined || gapMs >= STEP_MS) {
      const worked = this.#points.at(-1)?.workedMs ?? 0;
      const isWork = last?.isWorking === true && sample.isWorking && gapMs <= GAP_MS;
      this.#points.push({
        workedMs: worked + (isWork ? gapMs : 0),
        keys: sample.keysMoved,
        bytes: sample.bytesMoved,
      });
      this.#points.splice(0, this.#points.length - SAMPLES_MAX);
      this.#last = sample;
    }
    return this.#judge(sample);
  }

  #judge(sample: EtaSample): Eta {
    const keysLeft = Math.max(0, sample.keysTotal - sample.keysMoved);
    const bytesLeft = Math.max(0, sample.bytesTotal - sample.bytesMoved);
    if (!sample.isWorking) {
      return { kind: "unknown" };
    }
    const workedMs = this.#points.at(-1)?.workedMs ?? 0;
    const done = sample.keysTotal > 0 ? sample.keysMoved / sample.keysTotal : 0;
    if (done < SHARE_MIN && workedMs < SEEN_MS_MIN) {
      return { kind: "estimating" };
    }
    const rates = [
      { keys: sample.keysPerSecond, bytes: sample.bytesPerSecond },
      this.#meanRates(WINDOW_MS),
      this.#meanRates(Number.POSITIVE_INFINITY),
    ];
    const guesses = [
      ...rates.flatMap(({ keys, bytes }) => [timeFor(keysLeft, keys), timeFor(bytesLeft, bytes)]),
      sample.serverMs ?? undefined,
    ].filter((guess) => guess !== undefined);
    return guesses.length === 0
      ? { kind: "unknown" }
      : {
          kind: "range",
          fromMs: Math.max(0, Math.min(...guesses) * LOW - SLACK_MS),
          toMs: Math.max(...guesses) * HIGH + SLACK_MS,
        };
  }

  #meanRates(windowMs: number): { readonly keys: number; readonly bytes: number } {
    const newest = this.#points.at(-1);
    const oldest = this.#points.find(
      (point) => newest !== undefined && newest.workedMs - point.workedMs <= windowMs,
    );
    const spanMs = (newest?.workedMs ?? 0) - (oldest?.workedMs ?? 0);
    return newest === undefined || oldest === undefined || spanMs < STEP_MS
      ? { keys: 0, bytes: 0 }
      : {
          keys: ((newest.keys - oldest.keys) / spanMs) * 1000,
          bytes: ((newest.bytes - oldest.bytes) / spanMs) * 1000,
        };
  }
}

function timeFor(left: number, perSecond: number): number | undefined {
  return left > 0 && perSecond > 0 ? (left / perSecond) * 1000 : undefined;
}
