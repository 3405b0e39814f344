/** The latency histogram: every value in one bucket, and the promised error. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  BUCKET_COUNT,
  bucketLowerBoundUs,
  bucketMiddleUs,
  bucketOf,
  MAX_TRACKED_US,
} from "../../../src/base/latency-histogram.ts";

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
