/**
 * The counters of a worker on their way to the supervisor: what was added since the last time, and only for
 * commands that were called. All counters are 1.4 MB; a second of an ordinary load is some kilobytes here.
 *
 * Sums of additions are what makes the figures of a proxy grow on when a worker dies: what was told stays,
 * and the next worker of that index adds to it. What the dead one counted since its last report is lost.
 *
 *   one row for each command, all numbers in one Float64Array:
 *   | command id | calls | usecs | fails | errors | n | bucket, count | … n times | next row …
 */
import { BUCKET_COUNT } from "../../base/latency-histogram.ts";

/** Counters by command id, as in `CommandStats`; `buckets` has `BUCKET_COUNT` for each command. */
export interface Counts {
  readonly calls: Float64Array;
  readonly usecs: Float64Array;
  readonly fails: Float64Array;
  readonly redisErrors: Float64Array;
  readonly buckets: Float64Array;
}

/** All counters 0, for commands 0 to `commandCount` - 1. */
export function createCounts(commandCount: number): Counts {
  return {
    calls: new Float64Array(commandCount),
    usecs: new Float64Array(commandCount),
    fails: new Float64Array(commandCount),
    redisErrors: new Float64Array(commandCount),
    buckets: new Float64Array(commandCount * BUCKET_COUNT),
  };
}

/** Sets all counters to 0. */
export function clearCounts(counts: Counts): void {
  for (const array of Object.values(counts) as Float64Array[]) array.fill(0);
}

/** Finds what was added; one for each worker, beside its counters. */
export class CountFeed {
  readonly #told: Counts;

  constructor(commandCount: number) {
    this.#told = createCounts(commandCount);
  }

  /** What was added to `now` since the last call. */
  take(now: Counts): Float64Array {
    const out: number[] = [];
    for (let id = 0; id < now.calls.length; id++) {
      const hasChanged =
        now.calls[id] !== this.#told.calls[id] ||
        now.redisErrors[id] !== this.#told.redisErrors[id];
      if (hasChanged) this.#takeRow(now, id, out);
    }
    return Float64Array.from(out);
  }

  /** The counters were set to 0. */
  reset(): void {
    clearCounts(this.#told);
  }

  #takeRow(now: Counts, id: number, out: number[]): void {
    const told = this.#told;
    out.push(
      id,
      growth(now.calls, told.calls, id),
      growth(now.usecs, told.usecs, id),
      growth(now.fails, told.fails, id),
      growth(now.redisErrors, told.redisErrors, id),
      0,
    );
    const countAt = out.length - 1;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const added = growth(now.buckets, told.buckets, id * BUCKET_COUNT + bucket);
      if (added === 0) continue;
      out.push(bucket, added);
      out[countAt] = (out[countAt] as number) + 1;
    }
  }
}

/** Adds what `take` gave to `counts`. */
export function addCounts(counts: Counts, added: Float64Array): void {
  let at = 0;
  const next = (): number => added[at++] as number;
  while (at < added.length) {
    const id = next();
    grow(counts.calls, id, next());
    grow(counts.usecs, id, next());
    grow(counts.fails, id, next());
    grow(counts.redisErrors, id, next());
    for (let left = next(); left > 0; left--) {
      const bucket = next();
      grow(counts.buckets, id * BUCKET_COUNT + bucket, next());
    }
  }
}

/** `now - told` at an index; `told` catches up. */
function growth(now: Float64Array, told: Float64Array, index: number): number {
  const value = now[index] as number;
  const added = value - (told[index] as number);
  told[index] = value;
  return added;
}

function grow(counts: Float64Array, index: number, by: number): void {
  counts[index] = (counts[index] as number) + by;
}
