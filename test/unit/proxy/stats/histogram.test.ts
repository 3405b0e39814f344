/** The latency histogram: every value in one bucket, the promised error, percentiles and merging. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  BUCKET_COUNT,
  bucketLowerBoundUs,
  bucketMiddleUs,
  bucketOf,
  countOf,
  MAX_TRACKED_US,
  mergeInto,
  percentile,
} from "../../../../src/proxy/stats/histogram.ts";
import { bucketsOf } from "../../../support/fake-proxy-control.ts";

describe("bucketOf", () => {
  test("small values have buckets of their own", () => {
    const values = Array.from({ length: 32 }, (_, us) => us);
    expect(values.map(bucketOf)).toEqual(values);
  });

  test("borders are where the drawing says", () => {
    expect([32, 33, 34, 62, 63, 64, 67, 68].map(bucketOf)).toEqual([
      32, 32, 33, 47, 47, 48, 48, 49,
    ]);
  });

  test("out-of-range values fall in the first and the last bucket", () => {
    expect([-5, -0.5, 0, 0.9, Number.NaN].map(bucketOf)).toEqual([0, 0, 0, 0, 0]);
    expect([MAX_TRACKED_US, 1e12, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual(
      [1, 2, 3].map(() => BUCKET_COUNT - 1),
    );
    expect(bucketOf(MAX_TRACKED_US - 1)).toBe(BUCKET_COUNT - 2);
  });

  test("each bucket begins at its lower bound, without gaps", () => {
    for (let index = 0; index < BUCKET_COUNT; index++) {
      const lower = bucketLowerBoundUs(index);
      expect(bucketOf(lower)).toBe(index);
      expect(index === 0 ? 0 : bucketOf(lower - 1)).toBe(Math.max(0, index - 1));
    }
  });

  test("a value told from its bucket is wrong by at most 3.2 %", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_TRACKED_US - 1 }), (us) => {
        expect(Math.abs(bucketMiddleUs(bucketOf(us)) - us) / us).toBeLessThan(0.032);
      }),
    );
  });
});

describe("percentile", () => {
  test("of nothing is 0, of one value that value", () => {
    expect(percentile(bucketsOf(), 0.99)).toBe(0);
    expect([0, 0.5, 1].map((p) => percentile(bucketsOf(7), p))).toEqual([7, 7, 7]);
  });

  test("counts ranks", () => {
    const buckets = bucketsOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    expect([0, 0.1, 0.11, 0.5, 0.9, 0.99, 1].map((p) => percentile(buckets, p))).toEqual([
      1, 1, 2, 5, 9, 10, 10,
    ]);
  });

  test("agrees with sorting within the error", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, p) => {
          const sorted = values.toSorted((a, b) => a - b);
          const rank = Math.min(values.length, Math.max(1, Math.ceil(p * values.length)));
          const exact = sorted[rank - 1] ?? 0;
          expect(Math.abs(percentile(bucketsOf(...values), p) - exact) / exact).toBeLessThan(0.032);
        },
      ),
    );
  });
});

test("mergeInto adds counts", () => {
  const total = new Float64Array(BUCKET_COUNT);
  mergeInto(total, bucketsOf(5, 5, 100));
  mergeInto(total, bucketsOf(5));
  expect([total[5], total[bucketOf(100)], countOf(total)]).toEqual([3, 1, 4]);
});
