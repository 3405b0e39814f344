/**
 * The period before in the charts: whether it is kept, how it is asked for, where its figures belong, and what never
 * happens: figures of points of another length, or of other lines. Rows of the legend in pictures of charts.
 */
import { describe, expect, test } from "bun:test";
import { performanceQuerySchema, type V1Performance } from "../../../src/api/v1-live-schema.ts";
import { TIERS } from "../../../src/dashboard/live/series.ts";
import { CHART_RANGES } from "../../../web/src/data/preferences.ts";
import {
  comparedStep,
  hasBefore,
  KEPT_SECONDS,
  pathsBefore,
  periodBefore,
  withBefore,
} from "../../../web/src/screens/performance/chart-compare.ts";
import { exportLines } from "../../../web/src/screens/performance/chart-export.ts";
import {
  type Choice,
  joinAnswers,
  pathsOf,
  RANGE_NAMES,
  RANGES,
} from "../../../web/src/screens/performance/chart-plan.ts";
import { placeItems } from "../../../web/src/ui/chart-picture.ts";
import { performanceAnswer } from "../../web/support/performance-figures.ts";
import { typicalProduct } from "../../web/support/sized-products.ts";
import { subjectsOf } from "../../web/support/typical-product.ts";

const NOW_S = 1_764_000_000;
const answer = performanceAnswer(subjectsOf(typicalProduct().values));
const ask = (path: string) => answer(undefined, new URL(path, "http://x/")).body as V1Performance;
const CHOICE: Choice = { range: "1h", by: "total", of: "", zoom: undefined, isCompared: true };
const stepOf = (part: Partial<Choice>) => comparedStep({ ...CHOICE, ...part }, NOW_S * 1000);

describe("whether the period before is kept", () => {
  test("goes by what the server keeps", () => {
    const kept = TIERS.map(({ step, points }) => ({ step, seconds: step * points }));
    expect<unknown>(KEPT_SECONDS).toEqual(kept);
    expect<unknown>(CHART_RANGES).toEqual(RANGE_NAMES);
  });

  test("takes coarser points where the fine ones don't go back twice as far", () => {
    expect(RANGE_NAMES.map((range) => stepOf({ range }))).toEqual([10, 10, 60, 60, undefined]);
    expect(RANGE_NAMES.map((range) => stepOf({ range, by: "command" }))).toEqual([
      10,
      10,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("counts from now when a part was drawn out", () => {
    const day = 86_400;
    const zoom = (ago: number, length: number) => ({
      zoom: { from: NOW_S - ago - length, to: NOW_S - ago },
    });
    expect(stepOf(zoom(60, 100))).toBe(1);
    expect(stepOf(zoom(400, 100))).toBe(10);
    expect(stepOf(zoom(3 * 3600, 3600))).toBe(10);
    expect(stepOf(zoom(5 * 3600, 3600))).toBe(60);
    expect(stepOf(zoom(day, 2 * day))).toBe(600);
    expect(stepOf(zoom(day, 3 * day))).toBeUndefined();
    expect(stepOf({ by: "command", ...zoom(5 * 3600, 3600) })).toBeUndefined();
  });
});

describe("figures of the period before", () => {
  test("end where those of this period begin, whatever was chosen", () => {
    const zoom = { from: NOW_S - 7003, to: NOW_S - 6000 };
    for (const choice of [
      ...RANGE_NAMES.map((range) => ({ ...CHOICE, range })),
      { ...CHOICE, zoom },
    ]) {
      const step = comparedStep(choice, NOW_S * 1000);
      if (step === undefined) {
        continue;
      }
      const now = joinAnswers(pathsOf(choice, step).map(ask), choice.zoom);
      const paths = pathsBefore(choice, now, step);
      const joined = withBefore(now, step, paths.map(ask));
      const period = periodBefore(now, step);
      expect(period?.untilMs).toBe(now.times[0] ?? 0);
      // What was drawn out has the points of -7000 s to -6000 s, each of 10 s.
      const length = choice.zoom === undefined ? RANGES[choice.range] : 1010;
      expect((period?.untilMs ?? 0) - (period?.fromMs ?? 0)).toBe(length * 1000);
      for (const path of paths) {
        const query = Object.fromEntries(new URL(path, "http://x/").searchParams);
        expect(performanceQuerySchema.safeParse(query).success).toBe(true);
        expect(path).toContain(`step=${step}&`);
      }
      // The fixture makes figures from their times alone, but for its gaps.
      const [line] = joined.lines;
      const then = ask(`performance?range=1h&step=${step}&until=${(period?.fromMs ?? 0) / 1000}`);
      const known = then.series[0]?.values.at(-1);
      expect(line?.before?.length).toBe(now.times.length);
      expect(line?.before?.[0]).toBe(known ?? 0);
    }
  });

  test("are those of the lines that are drawn, each asked for by its name", () => {
    const choice: Choice = { ...CHOICE, by: "group" };
    const now = joinAnswers(pathsOf(choice, 10).map(ask), undefined);
    const paths = pathsBefore(choice, now, 10);
    expect(paths.map((path) => new URL(path, "http://x/").searchParams.get("of"))).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
    ]);
    const joined = withBefore(now, 10, paths.map(ask));
    expect(joined.lines.map(({ of, metric }) => `${metric} ${of}`)).toEqual(
      now.lines.map(({ of, metric }) => `${metric} ${of}`),
    );
    expect(joined.lines.every(({ before = [] }) => before.some((value) => value !== null))).toBe(
      true,
    );
    expect(pathsBefore({ ...choice, of: "3" }, now, 10)[0]).toContain("of=3");
    expect(pathsBefore(choice, { times: [], lines: [] }, 10)).toEqual([]);
  });

  const NOW = {
    times: [120_000, 130_000, 140_000],
    lines: [{ metric: "p99" as const, of: null, values: [1, 2, null] }],
  };
  const THEN: V1Performance = {
    epoch: 1,
    range: "5m",
    by: "total",
    step: 10,
    from: 80,
    points: 4,
    since: "2026-11-20T08:00:00.000Z",
    proxies: { total: 1, counted: 1, timed: 1 },
    servers: { total: 1, counted: 1 },
    series: [{ metric: "p99", of: null, values: [7, 8, null, 9] }],
    left_out: 0,
    events: [],
  };

  test("stand at their places, with gaps as gaps", () => {
    expect(withBefore(NOW, 10, [THEN]).lines[0]?.before).toEqual([8, null, 9]);
    expect(
      exportLines(withBefore(NOW, 10, [THEN]))
        .split("\r\n")
        .slice(0, 3),
    ).toEqual([
      "time,p99,p99 before",
      "1970-01-01T00:02:00.000Z,1,8",
      "1970-01-01T00:02:10.000Z,2,",
    ]);
  });

  test("aren't known while they are read, when nobody counted, and when their points are of another length", () => {
    for (const answers of [
      undefined,
      [],
      [{ ...THEN, step: 1 as const }],
      [{ ...THEN, series: [{ metric: "p50" as const, of: null, values: [1, 2, 3, 4] }] }],
      [
        {
          ...THEN,
          series: [{ metric: "p99" as const, of: null, values: [null, null, null, null] }],
        },
      ],
    ]) {
      const joined = withBefore(NOW, 10, answers);
      expect(joined.lines[0]?.before).toEqual([null, null, null]);
      expect(hasBefore(joined)).toBe(false);
    }
    expect(hasBefore(withBefore(NOW, 10, [THEN]))).toBe(true);
    expect(hasBefore(NOW)).toBe(false);
  });
});

describe("the legend of a picture", () => {
  test("goes into as many rows as it needs", () => {
    expect(placeItems([40, 40, 40], 100, 10)).toEqual([
      { row: 0, left: 0 },
      { row: 0, left: 50 },
      { row: 1, left: 0 },
    ]);
    expect(placeItems([200, 30], 100, 10)).toEqual([
      { row: 0, left: 0 },
      { row: 1, left: 0 },
    ]);
    expect(placeItems([], 100, 10)).toEqual([]);
  });
});
