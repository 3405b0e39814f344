/** Histograms as text: what is written is read, and nothing else is. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeLatencies, encodeLatencies } from "../../../src/api/latency-text.ts";
import { BUCKET_COUNT } from "../../../src/base/latency-histogram.ts";

function bucketsOf(pairs: readonly (readonly [number, number])[]): Float64Array {
  const buckets = new Float64Array(BUCKET_COUNT);
  for (const [index, count] of pairs) {
    buckets[index] = count;
  }
  return buckets;
}

describe("the text of a histogram", () => {
  test("is the one of the file head", () => {
    const buckets = bucketsOf([
      [130, 4],
      [131, 70],
      [140, 1],
    ]);
    expect(encodeLatencies(buckets)).toBe("3m.4 1.1y 9.1");
    expect(encodeLatencies(new Float64Array(BUCKET_COUNT))).toBe("");
  });

  test("is read as it was written", () => {
    const pair = fc.tuple(
      fc.nat(BUCKET_COUNT - 1),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    );
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const buckets = bucketsOf(pairs);
        expect(decodeLatencies(encodeLatencies(buckets))).toEqual(buckets);
      }),
    );
  });

  test("that isn't one is refused", () => {
    const bad = ["x", "1", "1.", ".1", "1.0", "a9.1", "1.1  1.1", "-1.1", "0.-1", "1.1 a8.1"];
    expect(bad.filter((text) => decodeLatencies(text) !== undefined)).toEqual([]);
  });
});
