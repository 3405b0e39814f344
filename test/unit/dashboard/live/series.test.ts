/** Rings of figures: seconds, means and merged percentiles of longer times, gaps, and the end of what is kept. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BUCKET_COUNT, bucketMiddleUs, bucketOf } from "../../../../src/base/latency-histogram.ts";
import { figuresOf, noLatencies } from "../../../../src/dashboard/live/latency-figures.ts";
import { type SecondFigures, Series, TIERS } from "../../../../src/dashboard/live/series.ts";

const FORM = { gauges: ["ops"], hasLatencies: true, tiers: 4 } as const;
/** A multiple of every step. */
const START = 1_800_000_000;

function latenciesOf(us: readonly number[]): Float64Array {
  const buckets = noLatencies();
  for (const value of us) {
    const index = bucketOf(value);
    buckets[index] = (buckets[index] ?? 0) + 1;
  }
  return buckets;
}

function figures(ops: number | undefined, us: readonly number[] = []): SecondFigures {
  return { values: ops === undefined ? {} : { ops }, latencies: latenciesOf(us) };
}

/** Values of a tier from a second on, null for unknown. */
function read(series: Series, metric: "ops" | "p50" | "p99" | "max", step: number, count: number) {
  const values = series.read(metric, step, Math.floor(START / step), count);
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

describe("a ring", () => {
  test("has a point for each second, and gaps where none came", () => {
    const series = new Series(FORM);
    series.add(START, figures(5));
    series.add(START + 1, figures(undefined));
    series.add(START + 4, figures(7));
    expect(read(series, "ops", 1, 6)).toEqual([5, null, null, null, 7, null]);
    expect(series.last("ops")).toBe(7);
  });

  test("has means of the known seconds in the longer steps, the newest so far", () => {
    const series = new Series(FORM);
    series.add(START, figures(4));
    series.add(START + 3, figures(undefined));
    series.add(START + 9, figures(8));
    series.add(START + 30, figures(1));
    expect(read(series, "ops", 10, 5)).toEqual([6, null, null, 1, null]);
    expect(read(series, "ops", 60, 2)[0]).toBeCloseTo(13 / 3, 5);
    series.add(START + 31, figures(3));
    expect(read(series, "ops", 10, 4)).toEqual([6, null, null, 2]);
  });

  test("keeps the newest points only", () => {
    const series = new Series(FORM);
    const [seconds] = TIERS;
    for (let second = 0; second < seconds.points + 5; second++) {
      series.add(START + second, figures(second));
    }
    const all = read(series, "ops", 1, seconds.points + 5);
    expect(all.slice(0, 6)).toEqual([null, null, null, null, null, 5]);
    expect(all.at(-1)).toBe(seconds.points + 4);
    series.add(START + 100_000, figures(1));
    expect(read(series, "ops", 1, seconds.points + 5).every((value) => value === null)).toBe(true);
  });

  test("has no point of a tier that isn't kept", () => {
    const series = new Series({ ...FORM, tiers: 2 });
    series.add(START, figures(1));
    expect([series.has("ops", 10), series.has("ops", 60), series.has("keys", 1)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(read(series, "ops", 60, 2)).toEqual([null, null]);
  });
});

describe("percentiles", () => {
  test("of a longer step are those of all its requests, not a mean of percentiles", () => {
    const series = new Series(FORM);
    series.add(START, figures(99, Array(99).fill(100)));
    series.add(START + 1, figures(1, [50_000]));
    // The mean of both medians would be 25 ms.
    expect(read(series, "p50", 10, 1)[0]).toBeCloseTo(bucketMiddleUs(bucketOf(100)) / 1000, 4);
    expect(read(series, "p99", 10, 1)[0]).toBeCloseTo(bucketMiddleUs(bucketOf(100)) / 1000, 4);
    expect(read(series, "max", 10, 1)[0]).toBeCloseTo(bucketMiddleUs(bucketOf(50_000)) / 1000, 3);
  });

  test("without requests aren't known", () => {
    const series = new Series(FORM);
    series.add(START, figures(0));
    expect([read(series, "p99", 1, 1), read(series, "ops", 1, 1)]).toEqual([[null], [0]]);
  });

  test("lie in the bucket of the request with that rank", () => {
    const times = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(times, (us) => {
        const sorted = us.toSorted((a, b) => a - b);
        const at = (share: number) =>
          bucketMiddleUs(bucketOf(sorted[Math.ceil(share * us.length) - 1] ?? 0)) / 1000;
        const found = figuresOf(latenciesOf(us));
        expect(found).toEqual({ p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) });
      }),
    );
  });

  test("are those of whole counts when counts are fractions", () => {
    const whole = latenciesOf([10, 20, 30, 40_000]);
    expect(figuresOf(whole.map((count) => count / 3))).toEqual(figuresOf(whole));
    expect(figuresOf(new Float64Array(BUCKET_COUNT))).toBeUndefined();
  });
});
