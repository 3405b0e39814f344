/**
 * The table of commands: each with its rates over some minutes, its share of the time that requests took, and the worst
 * percentiles of any point. Percentiles of points are never averaged: the mean of two p99 is no p99. Pure.
 */
import type { PerformanceMetric, V1Performance } from "../../../../src/api/v1-live-schema.ts";

/** One command. Null: not known. */
export interface CommandFigures {
  readonly command: string;
  /** Mean over the range. */
  readonly opsPerSecond: number | null;
  /** Of the time of all commands together, 0 to 1. */
  readonly timeShare: number | null;
  readonly failuresPerSecond: number | null;
  readonly replyErrorsPerSecond: number | null;
  /** The worst of the points, milliseconds. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
}

/** Metrics that the table is made of. */
export const COMMAND_METRICS = [
  "ops",
  "time",
  "failures",
  "reply_errors",
  "p50",
  "p99",
  "p999",
  "max",
] as const satisfies readonly PerformanceMetric[];

/** Minutes are enough to see what costs time now, and few points for many commands. */
export const COMMANDS_PATH = `performance?range=5m&step=10&by=command&limit=100&metric=${COMMAND_METRICS.join(",")}`;

/** See the file head. */
export function commandFigures({
  series,
}: Pick<V1Performance, "series">): readonly CommandFigures[] {
  const byName = new Map<string, Map<PerformanceMetric, readonly (number | null)[]>>();
  for (const { metric, of, values } of series) {
    if (of !== null) {
      const own = byName.get(of) ?? new Map<PerformanceMetric, readonly (number | null)[]>();
      own.set(metric, values);
      byName.set(of, own);
    }
  }
  const times = new Map([...byName].map(([name, own]) => [name, mean(own.get("time") ?? [])]));
  const allTime = [...times.values()].reduce<number>((sum, time) => sum + (time ?? 0), 0);
  return [...byName].map(([command, own]) => {
    const time = times.get(command) ?? null;
    return {
      command,
      opsPerSecond: mean(own.get("ops") ?? []),
      timeShare: time === null || allTime === 0 ? null : time / allTime,
      failuresPerSecond: mean(own.get("failures") ?? []),
      replyErrorsPerSecond: mean(own.get("reply_errors") ?? []),
      p50Ms: worst(own.get("p50") ?? []),
      p99Ms: worst(own.get("p99") ?? []),
      p999Ms: worst(own.get("p999") ?? []),
      maxMs: worst(own.get("max") ?? []),
    };
  });
}

function known(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null);
}

function mean(values: readonly (number | null)[]): number | null {
  const all = known(values);
  return all.length === 0 ? null : all.reduce((sum, value) => sum + value, 0) / all.length;
}

function worst(values: readonly (number | null)[]): number | null {
  const all = known(values);
  return all.length === 0 ? null : Math.max(...all);
}
