/**
 * Answers questions for figures of the past: which tier has the range, which subjects are shown, and series that are
 * made of others (a group's are its servers', a hit ratio is made of hits and misses).
 */
import {
  PERFORMANCE_METRICS,
  PERFORMANCE_RANGES,
  PERFORMANCE_SUBJECTS_MAX,
  type PerformanceMetric,
  type PerformanceQuery,
  type PerformanceSplit,
  type PerformanceStep,
  type V1Performance,
} from "../../api/v1-live-schema.ts";
import { CodisError } from "../../base/error.ts";
import type { LeaderControl } from "../control.ts";
import { chartEvents } from "./chart-event.ts";
import type { Sampler } from "./sampler.ts";
import { type Series, type SeriesMetric, TIERS } from "./series.ts";
import { serverSum } from "./server-sum.ts";

/** Subjects of an answer without `limit`. */
const SUBJECTS_SHOWN = 20;
/** Steps of each range without `step`: no answer has more than 2,160 points. */
const RANGE_STEPS: Readonly<Record<keyof typeof PERFORMANCE_RANGES, PerformanceStep>> = {
  "5m": 1,
  "1h": 10,
  "6h": 10,
  "24h": 60,
  "7d": 600,
};

/** Which points an answer has. */
export interface PointRange {
  readonly step: PerformanceStep;
  /** Number of the first point: its time divided by the step. */
  readonly first: number;
  readonly count: number;
}

interface Subject {
  /** Null: all together. */
  readonly of: string | null;
  read(metric: PerformanceMetric): Float32Array;
}

/** Throws STATE_CONFLICT when what is asked for isn't kept. */
export function viewPerformance(
  leader: LeaderControl,
  sampler: Sampler,
  query: PerformanceQuery,
  nowMs: number,
): V1Performance {
  const { range = "1h", by = "total", limit = SUBJECTS_SHOWN } = query;
  const metrics = (query.metric ?? "ops").split(",") as PerformanceMetric[];
  const points = pointsOf(query, range, by, sampler, nowMs);
  for (const metric of metrics) {
    checkSplit(metric, by);
  }
  const all = subjectsOf(leader, sampler, by, points).filter(
    ({ of }) => query.of === undefined || of === query.of,
  );
  const shown = largest(all, metrics[0] ?? "ops", Math.min(limit, PERFORMANCE_SUBJECTS_MAX));
  const fromMs = points.first * points.step * 1000;
  const untilMs = (points.first + points.count) * points.step * 1000;
  const firstSecond = sampler.store.span?.first ?? Math.floor(nowMs / 1000);
  return {
    epoch: leader.epoch,
    range,
    by,
    step: points.step,
    from: fromMs / 1000,
    points: points.count,
    since: new Date(firstSecond * 1000).toISOString(),
    proxies: sampler.proxyCounts(),
    servers: sampler.serverCounts(),
    series: shown.flatMap((subject) =>
      metrics.map((metric) => ({
        metric,
        of: subject.of,
        values: Array.from(subject.read(metric), toJson),
      })),
    ),
    left_out: all.length - shown.length + notKept(leader, sampler, by),
    events: [...chartEvents(leader, fromMs, untilMs)],
  };
}

function pointsOf(
  query: PerformanceQuery,
  range: keyof typeof PERFORMANCE_RANGES,
  by: PerformanceSplit,
  sampler: Sampler,
  nowMs: number,
): PointRange {
  const seconds = PERFORMANCE_RANGES[range];
  // What isn't settled yet would look like a gap.
  const newest = sampler.store.span?.last ?? Math.floor(nowMs / 1000);
  const end = Math.min(query.until ?? newest, newest);
  const kept = TIERS.slice(0, by === "command" ? 2 : TIERS.length).filter(
    ({ step, points }) => step * points >= newest - end + seconds,
  );
  const wanted = query.step ?? RANGE_STEPS[range];
  const fits = kept.filter(({ step }) =>
    query.step === undefined ? step >= wanted : step === wanted,
  );
  const [tier] = fits;
  if (tier === undefined) {
    const what =
      by === "command" ? "figures by command are kept for 6 hours" : "they are kept for 7 days";
    throw new CodisError(
      "STATE_CONFLICT",
      `points of ${wanted} s aren't kept for as long as ${range} before that: ${what}, every second for 10 minutes`,
    );
  }
  const last = Math.floor(end / tier.step);
  const count = Math.min(Math.ceil(seconds / tier.step), tier.points);
  return { step: tier.step, first: Math.max(0, last - count + 1), count };
}

function checkSplit(metric: PerformanceMetric, by: PerformanceSplit): void {
  const splits: readonly PerformanceSplit[] = PERFORMANCE_METRICS[metric];
  if (!splits.includes(by)) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `query.by: ${metric} isn't there by ${by}, but by ${splits.join(", ")}`,
    );
  }
}

function subjectsOf(
  leader: LeaderControl,
  sampler: Sampler,
  by: PerformanceSplit,
  points: PointRange,
): readonly Subject[] {
  const { store } = sampler;
  const { groups, proxies } = leader.topology();
  switch (by) {
    case "total": {
      const addrs = [...groups.values()].map(({ servers }) => servers.map(({ addr }) => addr));
      return [{ of: null, read: (metric) => readTotal(metric, addrs) }];
    }
    case "proxy":
      return [...proxies.keys()].flatMap((token) => plain(token, store.proxies.get(token), points));
    case "command":
      return store.commands
        .names()
        .flatMap((name) => plain(name, store.commands.get(name), points));
    case "server":
      return [...groups.values()].flatMap(({ servers }) =>
        servers
          .filter(({ addr }) => store.servers.get(addr) !== undefined)
          .map(({ addr }) => ({
            of: addr,
            read: (metric: PerformanceMetric) => serverSum(store, [[addr]], metric, points),
          })),
      );
    case "group":
      return [...groups.values()].map(({ id, servers }) => ({
        of: String(id),
        read: (metric) => serverSum(store, [servers.map(({ addr }) => addr)], metric, points),
      }));
  }

  function readTotal(
    metric: PerformanceMetric,
    addrs: readonly (readonly string[])[],
  ): Float32Array {
    const ofProxies = metric as SeriesMetric;
    return store.total.has(ofProxies, points.step)
      ? store.total.read(ofProxies, points.step, points.first, points.count)
      : serverSum(store, addrs, metric, points);
  }
}

function plain(of: string, series: Series | undefined, points: PointRange): readonly Subject[] {
  return series === undefined
    ? []
    : [
        {
          of,
          read: (metric) =>
            series.read(metric as SeriesMetric, points.step, points.first, points.count),
        },
      ];
}

/** Those with the largest newest known value, in this order. */
function largest(
  subjects: readonly Subject[],
  metric: PerformanceMetric,
  limit: number,
): readonly Subject[] {
  if (subjects.length <= 1) {
    return subjects;
  }
  const weighed = subjects.map((subject) => ({ subject, weight: newest(subject.read(metric)) }));
  return weighed
    .sort((a, b) => b.weight - a.weight)
    .slice(0, limit)
    .map(({ subject }) => subject);
}

function newest(values: Float32Array): number {
  const known = values.findLast((value) => !Number.isNaN(value));
  return known ?? -1;
}

/** Proxies or servers of the product without series: there are too many, or they never answered. */
function notKept(leader: LeaderControl, { store }: Sampler, by: PerformanceSplit): number {
  const { proxies, groups } = leader.topology();
  if (by === "proxy") {
    return [...proxies.keys()].filter((token) => store.proxies.get(token) === undefined).length;
  }
  const servers = [...groups.values()].flatMap((group) => group.servers);
  return by === "server"
    ? servers.filter(({ addr }) => store.servers.get(addr) === undefined).length
    : 0;
}

const DIGITS = 4;

/** Four digits are more than a chart shows; whole numbers stay whole. */
function toJson(value: number): number | null {
  if (Number.isNaN(value)) {
    return null;
  }
  const size = Math.abs(value);
  if (size === 0 || size >= 10 ** DIGITS) {
    return Math.round(value);
  }
  const scale = 10 ** (DIGITS - 1 - Math.floor(Math.log10(size)));
  return Math.round(value * scale) / scale;
}
