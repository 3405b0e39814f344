/**
 * The screen of performance: charts of each split, the calls for them, what is read out of the address, gaps, CSV, and
 * the table of commands.
 */
import { describe, expect, test } from "bun:test";
import {
  PERFORMANCE_METRICS,
  PERFORMANCE_RANGES,
  PERFORMANCE_SPLITS,
  type PerformanceMetric,
  performanceQuerySchema,
  type V1ChartEvent,
  type V1Performance,
} from "../../../src/api/v1-live-schema.ts";
import { exportLines } from "../../../web/src/screens/performance/chart-export.ts";
import {
  type Choice,
  chartsOf,
  eventsIn,
  hasMetric,
  isKept,
  joinAnswers,
  pathsOf,
  RANGES,
  rangeFor,
  readChoice,
  SPLITS,
} from "../../../web/src/screens/performance/chart-plan.ts";
import {
  COMMANDS_PATH,
  commandFigures,
} from "../../../web/src/screens/performance/command-figures.ts";
import { performanceAnswer } from "../../web/support/performance-figures.ts";
import { typicalProduct } from "../../web/support/sized-products.ts";
import { subjectsOf } from "../../web/support/typical-product.ts";

const answer = performanceAnswer(subjectsOf(typicalProduct().values));
const ask = (path: string) => answer(undefined, new URL(path, "http://x/")).body as V1Performance;
const nothing = { range: "", by: "", of: "", from: "", to: "", compare: "" };

describe("charts", () => {
  test("know of each metric what the API knows of it", () => {
    expect(RANGES).toEqual(PERFORMANCE_RANGES);
    expect([...SPLITS]).toEqual([...PERFORMANCE_SPLITS]);
    for (const by of SPLITS) {
      for (const metric of Object.keys(PERFORMANCE_METRICS) as PerformanceMetric[]) {
        const splits: readonly string[] = PERFORMANCE_METRICS[metric];
        if (hasMetric(by, metric)) {
          expect([metric, splits.includes(by)]).toEqual([metric, true]);
        }
      }
    }
  });

  test("are at least four for every split, and for one of it", () => {
    for (const by of SPLITS) {
      expect(chartsOf(by, true).length).toBeGreaterThanOrEqual(4);
      expect(chartsOf(by, false).length).toBeGreaterThanOrEqual(4);
    }
    const latency = chartsOf("total", true).find(({ name }) => name === "latency");
    expect(latency?.metrics).toEqual(["p50", "p99", "p999", "max"]);
  });

  test("are asked for in calls that the API takes", () => {
    for (const by of SPLITS) {
      for (const of of by === "total" ? [""] : ["", "1"]) {
        const choice: Choice = { range: "6h", by, of, zoom: undefined, isCompared: false };
        const paths = pathsOf(choice);
        expect(paths.length).toBeGreaterThan(0);
        for (const path of paths) {
          const query = Object.fromEntries(new URL(path, "http://x/").searchParams);
          expect(performanceQuerySchema.safeParse(query).success).toBe(true);
          ask(path);
        }
        const asked = paths.flatMap((path) => metricsOf(path));
        const wanted = chartsOf(by, by === "total" || of !== "").flatMap(({ metrics }) => metrics);
        expect(wanted.filter((metric) => !asked.includes(metric))).toEqual([]);
      }
    }
    ask(COMMANDS_PATH);
  });

  test("of commands are there as long as those are kept", () => {
    expect(isKept("command", "6h")).toBe(true);
    expect(isKept("command", "24h")).toBe(false);
    expect(isKept("proxy", "7d")).toBe(true);
  });
});

describe("the address", () => {
  const LAST_HOUR = { range: "1h", by: "total", of: "", zoom: undefined, isCompared: false };

  test("without anything is the range that the user chose, of everything", () => {
    expect(readChoice(nothing, "1h")).toEqual({ ...LAST_HOUR, range: "1h" });
    expect(readChoice(nothing, "7d")).toEqual({ ...LAST_HOUR, range: "7d" });
    expect(readChoice({ ...nothing, range: "5m" }, "7d").range).toBe("5m");
  });

  test("by command falls back to what is kept, unless it says otherwise itself", () => {
    expect(readChoice({ ...nothing, by: "command" }, "7d").range).toBe("6h");
    expect(readChoice({ ...nothing, by: "command" }, "5m").range).toBe("5m");
    expect(readChoice({ ...nothing, by: "command", range: "24h" }, "5m").range).toBe("24h");
  });

  test("with nonsense is as without it", () => {
    const query = { range: "2w", by: "moon", of: "x", from: "9", to: "3", compare: "x" };
    expect(readChoice(query, "1h")).toEqual({ ...LAST_HOUR, range: "1h" });
  });

  test("keeps what was drawn out, and asks for the shortest range that has it", () => {
    const query = { ...nothing, by: "group", of: "3", from: "1000", to: "1700" };
    const choice = readChoice(query, "1h");
    expect(choice.zoom).toEqual({ from: 1000, to: 1700 });
    expect(rangeFor(300)).toBe("5m");
    expect(rangeFor(700)).toBe("1h");
    expect(rangeFor(10 ** 7)).toBe("7d");
    expect(pathsOf(choice)[0]).toContain("range=1h&by=group");
    // The hour that begins there: the one that ends there would need figures that may be gone.
    expect(pathsOf(choice)[0]).toContain("until=4599");
  });
});

const ANSWER: V1Performance = {
  epoch: 1,
  range: "5m",
  by: "total",
  step: 10,
  from: 100,
  points: 4,
  since: "2026-11-20T08:00:00.000Z",
  proxies: { total: 1, counted: 1, timed: 1 },
  servers: { total: 1, counted: 1 },
  series: [{ metric: "ops", of: null, values: [1, null, 3, 4] }],
  left_out: 0,
  events: [],
};

describe("lines", () => {
  test("keep gaps, and answers that came a step later are put where they belong", () => {
    const later: V1Performance = {
      ...ANSWER,
      from: 110,
      series: [
        { metric: "ops", of: null, values: [0, 0, 0, 0] },
        { metric: "keys", of: null, values: [20, 30, 40, 50] },
      ],
    };
    const { times, lines } = joinAnswers([ANSWER, later], undefined);
    expect(times).toEqual([100_000, 110_000, 120_000, 130_000]);
    expect(lines.map(({ metric, values }) => [metric, values])).toEqual([
      ["ops", [1, null, 3, 4]],
      ["keys", [null, 20, 30, 40]],
    ]);
  });

  test("of what was drawn out have every point in it", () => {
    for (const [from, to] of [
      [1_764_000_000, 1_764_000_090],
      [1_764_000_003, 1_764_003_603],
      [1_764_000_010, 1_764_172_810],
    ] as const) {
      const query = { ...nothing, from: String(from), to: String(to) };
      const choice = readChoice(query, "1h");
      const [path = ""] = pathsOf(choice);
      const { step } = ask(path);
      const { times } = joinAnswers([ask(path)], choice.zoom);
      expect(times[0]).toBe(Math.ceil(from / step) * step * 1000);
      const end = Math.min(to, from + RANGES[rangeFor(to - from)] - 1);
      expect(times.at(-1)).toBe(Math.floor(end / step) * step * 1000);
    }
  });

  test("are cut to what was drawn out", () => {
    const { times, lines } = joinAnswers([ANSWER], { from: 110, to: 125 });
    expect(times).toEqual([110_000, 120_000]);
    expect(lines[0]?.values).toEqual([null, 3]);
    expect(joinAnswers([], undefined)).toEqual({ times: [], lines: [] });
  });

  test("of a part have the events of that part", () => {
    const event = (id: string, from: number, until: number | null): V1ChartEvent => ({
      kind: "operation",
      id,
      at: new Date(from * 1000).toISOString(),
      until: until === null ? null : new Date(until * 1000).toISOString(),
      text: id,
    });
    const events = [
      event("before", 10, 90),
      event("into", 10, 100),
      event("endless", 10, null),
      event("after", 201, null),
    ];
    const ids = eventsIn(events, { from: 100, to: 200 }).map(({ id }) => id);
    expect(ids).toEqual(["into", "endless"]);
    expect(eventsIn(events, undefined)).toEqual(events);
  });

  test("become CSV with empty cells for gaps", () => {
    expect(exportLines(joinAnswers([ANSWER], undefined))).toBe(
      [
        "time,ops",
        "1970-01-01T00:01:40.000Z,1",
        "1970-01-01T00:01:50.000Z,",
        "1970-01-01T00:02:00.000Z,3",
        "1970-01-01T00:02:10.000Z,4",
        "",
      ].join("\r\n"),
    );
  });
});

describe("commands", () => {
  test("have means of rates, shares of time, and the worst of percentiles", () => {
    const series = (of: string, parts: Readonly<Record<string, readonly (number | null)[]>>) =>
      Object.entries(parts).map(([metric, values]) => ({
        metric: metric as PerformanceMetric,
        of,
        values: [...values],
      }));
    const figures = commandFigures({
      series: [
        ...series("GET", { ops: [10, null, 20], time: [3, 3, null], p99: [1, 5, 2] }),
        ...series("SET", { ops: [null, null, null], time: [1, 1, 1], p99: [null, null, null] }),
      ],
    });
    expect(figures[0]).toMatchObject({
      command: "GET",
      opsPerSecond: 15,
      timeShare: 0.75,
      p99Ms: 5,
    });
    expect(figures[1]).toMatchObject({ opsPerSecond: null, timeShare: 0.25, p99Ms: null });
  });
});

function metricsOf(path: string): readonly string[] {
  return new URL(path, "http://x/").searchParams.get("metric")?.split(",") ?? [];
}
