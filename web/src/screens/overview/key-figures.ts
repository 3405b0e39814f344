/**
 * The key figures of a product: how each is read out of the live document, and how it compares with a day before. Pure.
 */
import type {
  PerformanceMetric,
  V1LiveStats,
  V1Performance,
} from "../../../../src/api/v1-live-schema.ts";

/** A figure. */
export interface KeyFigure {
  readonly metric: PerformanceMetric;
  /** As it is now; null: nobody knows. */
  readonly read: (stats: V1LiveStats) => number | null;
}

/** In the order in which they are drawn. */
export const KEY_FIGURES: readonly KeyFigure[] = [
  { metric: "ops", read: ({ recent }) => recent.ops_per_second },
  { metric: "failures", read: ({ recent }) => recent.failures_per_second },
  { metric: "sessions", read: ({ proxies }) => proxies.sessions },
  { metric: "p50", read: ({ recent }) => recent.p50_ms },
  { metric: "p99", read: ({ recent }) => recent.p99_ms },
  { metric: "p999", read: ({ recent }) => recent.p999_ms },
  { metric: "memory", read: ({ servers }) => servers.memory_bytes },
  { metric: "keys", read: ({ servers }) => servers.keys },
  { metric: "hit_ratio", read: ({ recent }) => recent.hit_ratio },
];

/** The API takes eight metrics in a question. */
const HALF = 5;

/** Calls for the last hour, a point for each minute. */
export const HOUR_PATHS: readonly string[] = pathsOf("range=1h&step=60");

/** Calls for the same time a day before: one point of ten minutes, so that percentiles needn't be averaged. */
export function dayBeforePaths(nowMs: number): readonly string[] {
  const daySeconds = 86_400;
  return pathsOf(`range=5m&step=600&until=${Math.floor(nowMs / 1000) - daySeconds}`);
}

function pathsOf(query: string): readonly string[] {
  const metrics = KEY_FIGURES.map(({ metric }) => metric);
  return [metrics.slice(0, HALF), metrics.slice(HALF)].map(
    (part) => `performance?${query}&metric=${part.join(",")}`,
  );
}

/** Values of a metric; empty when the answers don't have it. */
export function valuesOf(
  answers: readonly V1Performance[] | undefined,
  metric: PerformanceMetric,
): readonly (number | null)[] {
  const all = (answers ?? []).flatMap(({ series }) => series);
  return all.find((each) => each.metric === metric && each.of === null)?.values ?? [];
}

/** How much more it is than before, 0.1 for ten percent; undefined when that says nothing. */
export function changeSince(
  now: number | null,
  before: readonly (number | null)[],
): number | undefined {
  const last = before.findLast((value) => value !== null);
  return now === null || last === undefined || last === null || last <= 0
    ? undefined
    : (now - last) / last;
}
