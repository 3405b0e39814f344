/**
 * Log-linear latency histogram over plain typed arrays: the shape in which workers of a proxy count the time
 * of every request, and in which supervisor and dashboard merge them. The data plane calls only `bucketOf`;
 * everything else runs when somebody asks for figures.
 *
 *   value in µs   0 1 … 15 | 16 … 31 | 32 34 … 62 | 64 68 … 124 | …        | 2^26 and more
 *   bucket        0 1 … 15 | 16 … 31 | 32 33 … 47 | 48 49 … 63  | 16 a row | last
 *
 * Below 32 µs a bucket is one value; above, each power of two has 16 buckets of equal width. A bucket
 * is at most 1/16 of its lower bound wide, so a value told from its middle is wrong by 3.2 % at most.
 */

/** Buckets for each power of two, as a power of two itself. */
const SUB_BUCKET_BITS = 4;
const SUB_BUCKET_COUNT = 1 << SUB_BUCKET_BITS;
/** 2^26 µs are 67 s: everything from there on is in the last bucket. */
const MAX_EXPONENT = 26;

/** Values from here on, in microseconds, fall in the last bucket. */
export const MAX_TRACKED_US = 2 ** MAX_EXPONENT;

/** Length of a histogram array: 23 rows of 16 buckets, and one bucket for all longer times. */
export const BUCKET_COUNT = (MAX_EXPONENT - SUB_BUCKET_BITS + 1) * SUB_BUCKET_COUNT + 1;

/**
 * The bucket of a duration in microseconds. Fractions are cut off; negative values (a clock that was
 * set back) count as 0.
 *
 * Hot path: called once for each request; integer arithmetic only, no allocation, no loop.
 */
export function bucketOf(us: number): number {
  if (us >= MAX_TRACKED_US) {
    return BUCKET_COUNT - 1;
  }
  const value = us | 0;
  if (value < SUB_BUCKET_COUNT) {
    return Math.max(value, 0);
  }
  const shift = 31 - SUB_BUCKET_BITS - Math.clz32(value);
  return (shift << SUB_BUCKET_BITS) + (value >>> shift);
}

/** The smallest number of microseconds that falls in this bucket. `bucketOf` of it is `index` again. */
export function bucketLowerBoundUs(index: number): number {
  if (index < SUB_BUCKET_COUNT) {
    return index;
  }
  const row = index >>> SUB_BUCKET_BITS;
  const offset = index & (SUB_BUCKET_COUNT - 1);
  return (SUB_BUCKET_COUNT + offset) * 2 ** (row - 1);
}

/** The middle of a bucket in microseconds: what a value of it is reported as. */
export function bucketMiddleUs(index: number): number {
  const lower = bucketLowerBoundUs(index);
  return index >= BUCKET_COUNT - 1 ? lower : (lower + bucketLowerBoundUs(index + 1) - 1) / 2;
}

/** A histogram: counts by bucket. Any array of numbers of length `BUCKET_COUNT` will do. */
export type Buckets = ArrayLike<number>;
