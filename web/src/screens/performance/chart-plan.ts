/**
 * Which charts the screen has for a split, and how they are asked for. The table of metrics is that of the API
 * (`PERFORMANCE_METRICS`, which brings the schemas with it and so can't be imported here); a test compares them. Pure.
 */
import type {
  PerformanceMetric,
  PerformanceRange,
  PerformanceSplit,
  PerformanceStep,
  V1ChartEvent,
  V1Performance,
} from "../../../../src/api/v1-live-schema.ts";

/** Ranges, the shortest first, with their seconds. */
export const RANGES = {
  "5m": 300,
  "1h": 3600,
  "6h": 21_600,
  "24h": 86_400,
  "7d": 604_800,
} as const satisfies Readonly<Record<PerformanceRange, number>>;
/** Names of `RANGES`, in order. */
export const RANGE_NAMES = Object.keys(RANGES) as readonly PerformanceRange[];

/** Splits, as the API has them. */
export const SPLITS = [
  "total",
  "proxy",
  "command",
  "server",
  "group",
] as const satisfies readonly PerformanceSplit[];

/** What each split has. */
const METRICS = {
  total: [
    "ops",
    "failures",
    "reply_errors",
    "sessions",
    "bytes_in",
    "bytes_out",
    "p50",
    "p99",
    "p999",
    "max",
    "memory",
    "keys",
    "hit_ratio",
  ],
  proxy: [
    "ops",
    "failures",
    "reply_errors",
    "sessions",
    "bytes_in",
    "bytes_out",
    "p50",
    "p99",
    "p999",
    "max",
    "cpu",
    "memory",
  ],
  command: ["ops", "failures", "reply_errors", "p50", "p99", "p999", "max", "time"],
  server: ["ops", "memory", "keys", "clients", "hit_ratio"],
  group: ["ops", "memory", "keys", "clients", "hit_ratio"],
} as const satisfies Readonly<Record<PerformanceSplit, readonly PerformanceMetric[]>>;

/** Whether a split has a metric. */
export function hasMetric(by: PerformanceSplit, metric: PerformanceMetric): boolean {
  const metrics: readonly PerformanceMetric[] = METRICS[by];
  return metrics.includes(metric);
}

/** A chart, by its name in the texts and in the address. */
export type ChartName =
  | "ops"
  | "latency"
  | "errors"
  | "sessions"
  | "bytes"
  | "time"
  | "memory"
  | "keys"
  | "clients"
  | "hit_ratio"
  | "cpu";

/** A chart and its lines. */
export interface ChartPlan {
  readonly name: ChartName;
  /** Lines of one subject: one for each metric. Of several subjects: the first metric that `ofMany` names. */
  readonly metrics: readonly PerformanceMetric[];
}

const CHARTS: readonly (ChartPlan & { readonly ofMany: PerformanceMetric })[] = [
  { name: "ops", metrics: ["ops"], ofMany: "ops" },
  { name: "latency", metrics: ["p50", "p99", "p999", "max"], ofMany: "p99" },
  { name: "errors", metrics: ["failures", "reply_errors"], ofMany: "failures" },
  { name: "sessions", metrics: ["sessions"], ofMany: "sessions" },
  { name: "bytes", metrics: ["bytes_in", "bytes_out"], ofMany: "bytes_out" },
  { name: "time", metrics: ["time"], ofMany: "time" },
  { name: "memory", metrics: ["memory"], ofMany: "memory" },
  { name: "keys", metrics: ["keys"], ofMany: "keys" },
  { name: "clients", metrics: ["clients"], ofMany: "clients" },
  { name: "hit_ratio", metrics: ["hit_ratio"], ofMany: "hit_ratio" },
  { name: "cpu", metrics: ["cpu"], ofMany: "cpu" },
];

/** Charts of a split; `isOne`: of a single subject (the total, or the one that was chosen). */
export function chartsOf(by: PerformanceSplit, isOne: boolean): readonly ChartPlan[] {
  return CHARTS.map(({ name, metrics, ofMany }) => ({
    name,
    metrics: (isOne ? metrics : [ofMany]).filter((metric) => hasMetric(by, metric)),
  })).filter(({ metrics }) => metrics.length > 0);
}

/** What the address of the screen chooses. */
export interface Choice {
  readonly range: PerformanceRange;
  readonly by: PerformanceSplit;
  /** Empty: all of the split. */
  readonly of: string;
  /** A part that was drawn out of a chart, seconds since 1970. */
  readonly zoom: { readonly from: number; readonly to: number } | undefined;
  /** The period before is drawn too. */
  readonly isCompared: boolean;
}

/** Value of `compare` in the address. */
export const COMPARE_BEFORE = "before";

/**
 * Reads the values of the query string; what makes no sense is as if it weren't there. `usual`: the range of an address
 * without one; by command the longest that is kept, if that is shorter.
 */
export function readChoice(
  query: {
    readonly range: string;
    readonly by: string;
    readonly of: string;
    readonly from: string;
    readonly to: string;
    readonly compare: string;
  },
  usual: PerformanceRange,
): Choice {
  const from = Number(query.from);
  const to = Number(query.to);
  const isZoom = query.from !== "" && Number.isInteger(from) && Number.isInteger(to) && to > from;
  const by = SPLITS.find((each) => each === query.by) ?? "total";
  return {
    range: RANGE_NAMES.find((each) => each === query.range) ?? (isKept(by, usual) ? usual : "6h"),
    by,
    of: by === "total" ? "" : query.of,
    zoom: isZoom && from > 0 ? { from, to } : undefined,
    isCompared: query.compare === COMPARE_BEFORE,
  };
}

/** Metrics in one question; the API takes no more. */
const METRICS_MAX = 8;
/** Lines in a chart of several subjects: more can't be told apart. */
export const LINES_MAX = 6;

/** The range that is asked for: the one that was chosen, or the shortest that holds what was drawn out. */
export function askedRange({ range, zoom }: Choice): PerformanceRange {
  return zoom === undefined ? range : rangeFor(zoom.to - zoom.from);
}

/** The calls that read what the charts show; `step`: seconds between two points, undefined for the finest. */
export function pathsOf(choice: Choice, step?: PerformanceStep): readonly string[] {
  const { by, of, zoom } = choice;
  const isOne = by === "total" || of !== "";
  const asked = { ...choice, range: askedRange(choice), isOne, step };
  return askPaths({ ...asked, from: zoom?.from, limit: isOne ? undefined : LINES_MAX });
}

/** The calls for the metrics of all charts. `from`: beginning of the range, undefined for the one that ends now. */
export function askPaths(asked: {
  readonly range: PerformanceRange;
  readonly by: PerformanceSplit;
  readonly of: string;
  /** Which lines the charts have, see `chartsOf`. */
  readonly isOne: boolean;
  readonly from: number | undefined;
  readonly step: PerformanceStep | undefined;
  readonly limit: number | undefined;
}): readonly string[] {
  const { range, by, of, from, step, limit } = asked;
  const metrics = chartsOf(by, asked.isOne).flatMap((chart) => chart.metrics);
  const paths: string[] = [];
  for (let at = 0; at < metrics.length; at += METRICS_MAX) {
    const query = new URLSearchParams({
      range,
      by,
      // The first metric decides which subjects are the largest: it has to be the same in each question.
      metric: (at === 0 ? metrics.slice(0, METRICS_MAX) : ["ops", ...metrics.slice(at)]).join(","),
      ...(of === "" ? {} : { of }),
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(step === undefined ? {} : { step: String(step) }),
      // By its beginning, as what is further back may not be kept.
      ...(from === undefined ? {} : { until: String(from + RANGES[range] - 1) }),
    });
    paths.push(`performance?${query.toString().replaceAll("%2C", ",")}`);
  }
  return paths;
}

/** Those that lie within what was drawn out, at least with a part of them; all of them without it. */
export function eventsIn(
  events: readonly V1ChartEvent[],
  zoom: Choice["zoom"],
): readonly V1ChartEvent[] {
  return events.filter(({ at, until }) => {
    const endMs = until === null ? Number.POSITIVE_INFINITY : Date.parse(until);
    return zoom === undefined || (Date.parse(at) <= zoom.to * 1000 && endMs >= zoom.from * 1000);
  });
}

/** The shortest range that holds so many seconds. */
export function rangeFor(seconds: number): PerformanceRange {
  return RANGE_NAMES.find((name) => RANGES[name] >= seconds) ?? "7d";
}

/** Whether figures of a split are kept for a range. */
export function isKept(by: PerformanceSplit, range: PerformanceRange): boolean {
  return by !== "command" || RANGES[range] <= RANGES["6h"];
}

/** How often a range is read again, milliseconds. */
export function pollMs(range: PerformanceRange): number {
  return range === "5m" ? 2000 : range === "1h" ? 10_000 : 60_000;
}

/** One line of a chart. */
export interface Line {
  readonly metric: PerformanceMetric;
  /** Null: all together. */
  readonly of: string | null;
  readonly values: readonly (number | null)[];
  /** Of the period before, as many. */
  readonly before?: readonly (number | null)[];
}

/** Times and lines of all charts, cut to what was drawn out. */
export interface Lines {
  /** Milliseconds since 1970, the beginning of each point. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

/**
 * Puts the answers together. They were read one after another, so their points may be a step apart: times are those of
 * the first one, and what another doesn't have then is a gap.
 */
export function joinAnswers(answers: readonly V1Performance[], zoom: Choice["zoom"]): Lines {
  const [first] = answers;
  if (first === undefined) {
    return { times: [], lines: [] };
  }
  const all = Array.from({ length: first.points }, (_, index) => first.from + index * first.step);
  const kept = all.filter((at) => zoom === undefined || (at >= zoom.from && at <= zoom.to));
  const seen = new Set<string>();
  const lines = answers.flatMap(({ series, from, step }) =>
    series.flatMap(({ metric, of, values }) => {
      const key = `${metric} ${of ?? ""}`;
      if (seen.has(key) || step !== first.step) {
        return [];
      }
      seen.add(key);
      return [{ metric, of, values: kept.map((at) => values[(at - from) / step] ?? null) }];
    }),
  );
  return { times: kept.map((at) => at * 1000), lines };
}
