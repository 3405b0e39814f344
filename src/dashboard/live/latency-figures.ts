/**
 * Percentiles of merged histograms. Counts of several proxies, commands or seconds are added up bucket by bucket, and
 * the percentile is read from the sum: the average of percentiles is no percentile of anything.
 */
import { BUCKET_COUNT, bucketMiddleUs } from "../../base/latency-histogram.ts";

/** Latencies of some requests, in milliseconds; wrong by 3.2 % at most, as the buckets are. */
export interface LatencyFigures {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Middle of the bucket of the slowest request. */
  readonly max: number;
}

/** Counts of no request. */
export function noLatencies(): Float64Array {
  return new Float64Array(BUCKET_COUNT);
}

/** Adds the counts of `more` to those of `sum`. */
export function addLatencies(sum: Float64Array, more: Float64Array): void {
  for (let index = 0; index < BUCKET_COUNT; index++) {
    sum[index] = (sum[index] as number) + (more[index] as number);
  }
}

/** Undefined when nothing was counted. */
export function figuresOf(buckets: Float64Array): LatencyFigures | undefined {
  let total = 0;
  let last = 0;
  for (let index = 0; index < BUCKET_COUNT; index++) {
    const count = buckets[index] as number;
    if (count > 0) {
      total += count;
      last = index;
    }
  }
  if (total === 0) {
    return undefined;
  }
  const [p50 = 0, p99 = 0, p999 = 0] = quantiles(buckets, total, [0.5, 0.99, 0.999]);
  return { p50, p99, p999, max: bucketMiddleUs(last) / 1000 };
}

/** `shares` ascending. The value below or at which the share of requests lies. Counts may be fractions. */
function quantiles(
  buckets: Float64Array,
  total: number,
  shares: readonly number[],
): readonly number[] {
  const found: number[] = [];
  let sum = 0;
  for (let index = 0; index < BUCKET_COUNT && found.length < shares.length; index++) {
    sum += buckets[index] as number;
    // A bucket may hold several of them.
    while (found.length < shares.length && sum >= (shares[found.length] ?? 1) * total) {
      found.push(bucketMiddleUs(index) / 1000);
    }
  }
  return found;
}
