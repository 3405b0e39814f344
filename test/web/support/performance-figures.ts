/**
 * Figures of the past for fixture products: what `GET performance` answers, made by rule from the time of each
 * point, so that two readings agree where they overlap. Ten of a hundred points before now are missing, as after a
 * leader's change.
 */
import {
  PERFORMANCE_METRICS,
  PERFORMANCE_RANGES,
  type PerformanceMetric,
  type PerformanceRange,
  type PerformanceSplit,
  performanceQuerySchema,
  type V1ChartEvent,
  type V1Performance,
} from "../../../src/api/v1-live-schema.ts";
import type { FixtureAnswer } from "./typical-product.ts";

const STEPS: Readonly<Record<PerformanceRange, V1Performance["step"]>> = {
  "5m": 1,
  "1h": 10,
  "6h": 10,
  "24h": 60,
  "7d": 600,
};
const MISSING = { from: 0.6, to: 0.7 } as const;
/** Where each metric swings around. */
const LEVELS: Readonly<Record<PerformanceMetric, number>> = {
  ops: 40_000,
  failures: 0.2,
  reply_errors: 0.4,
  sessions: 1260,
  bytes_in: 4_200_000,
  bytes_out: 15_600_000,
  p50: 0.31,
  p99: 1.4,
  p999: 3.9,
  max: 12.5,
  time: 12,
  cpu: 0.62,
  proxies: 3,
  servers: 16,
  memory: 24e9,
  keys: 1e7,
  clients: 384,
  hit_ratio: 0.94,
};

/** Who is there, by split. */
export interface Subjects {
  readonly proxies: readonly string[];
  readonly groups: readonly number[];
  readonly servers: readonly string[];
  readonly commands: readonly string[];
  /** Proxies and servers that don't answer now. */
  readonly missing?: { readonly proxies: number; readonly servers: number };
}

/** Names of so many commands: well-known ones first. */
export function commandNames(count: number): readonly string[] {
  const known = ["GET", "SET", "MGET", "HGETALL", "INCR", "EXPIRE", "ZADD", "LPUSH", "DEL", "EVAL"];
  return Array.from({ length: count }, (_, index) => known[index] ?? `COMMAND${index}`);
}

/** The answer to `GET performance`. */
export function performanceAnswer(subjects: Subjects): FixtureAnswer {
  return (_body, url) => {
    const query = performanceQuerySchema.parse(Object.fromEntries(url.searchParams));
    const { range = "1h", by = "total", limit = 20 } = query;
    const metrics = (query.metric ?? "ops").split(",") as PerformanceMetric[];
    const wrong = metrics.find((metric) => !hasSplit(metric, by));
    if (wrong !== undefined) {
      throw new Error(`${wrong} isn't there by ${by}: the screen asks for what the API refuses`);
    }
    const step = query.step ?? STEPS[range];
    const points = Math.ceil(PERFORMANCE_RANGES[range] / step);
    const last = Math.floor((query.until ?? Math.floor(Date.now() / 1000)) / step);
    const names = namesOf(subjects, by);
    const all = names.filter((of) => query.of === undefined || query.of === of);
    const shown = all.slice(0, limit);
    const first = last - points + 1;
    const { proxies, servers, missing = { proxies: 0, servers: 0 } } = subjects;
    const answered = proxies.length - missing.proxies;
    const body: V1Performance = {
      epoch: 3,
      range,
      by,
      step,
      from: first * step,
      points,
      since: "2026-11-20T08:00:00.000Z",
      proxies: { total: proxies.length, counted: answered, timed: answered },
      servers: { total: servers.length, counted: servers.length - missing.servers },
      series: shown.flatMap((of) =>
        metrics.map((metric) => ({
          metric,
          of,
          values: Array.from({ length: points }, (_, index) =>
            figureAt(
              metric,
              (first + index) * step,
              index / points,
              names.indexOf(of),
              names.length,
            ),
          ),
        })),
      ),
      left_out: all.length - shown.length,
      events: eventsOf(first * step, last * step),
    };
    return { status: 200, body };
  };
}

function hasSplit(metric: PerformanceMetric, by: PerformanceSplit): boolean {
  const splits: readonly PerformanceSplit[] = PERFORMANCE_METRICS[metric];
  return splits.includes(by);
}

function namesOf(subjects: Subjects, by: PerformanceSplit): readonly (string | null)[] {
  switch (by) {
    case "total":
      return [null];
    case "proxy":
      return subjects.proxies;
    case "command":
      return subjects.commands;
    case "server":
      return subjects.servers;
    case "group":
      return subjects.groups.map(String);
  }
}

function figureAt(
  metric: PerformanceMetric,
  at: number,
  place: number,
  rank: number,
  count: number,
): number | null {
  if (place >= MISSING.from && place < MISSING.to) {
    return null;
  }
  const swing = Math.sin(at / 180 + rank) * 0.2 + Math.sin(at / 7) * 0.05;
  const share = count === 1 || metric.startsWith("p") ? 1 : 2 / (rank + 2) / Math.sqrt(count);
  const value = LEVELS[metric] * share * (1 + (metric === "hit_ratio" ? swing / 10 : swing));
  return value < 100 ? Math.round(value * 1000) / 1000 : Math.round(value);
}

function eventsOf(from: number, to: number): V1ChartEvent[] {
  const at = (share: number): string => new Date((from + (to - from) * share) * 1000).toISOString();
  return [
    {
      kind: "failover",
      id: "3-1",
      at: at(0.3),
      until: at(0.31),
      text: "group 1: 10.0.1.2:6379 -> 10.0.1.1:6379 (done)",
      failover: { group_id: 1, from: "10.0.1.2:6379", to: "10.0.1.1:6379", outcome: "done" },
    },
    {
      kind: "operation",
      id: "op-7",
      at: at(0.8),
      until: null,
      text: "op-7: slots, 20 slots (running)",
      operation: {
        origin: "plan",
        strategy: "slots",
        state: "running",
        self_paused: false,
        rollback: false,
        slots: 20,
      },
    },
  ];
}
