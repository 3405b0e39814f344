/**
 * Figures for the card of a product in a list of many: those of now are the same that its overview shows, and the last
 * hour is there in minutes, as a line.
 */
import { infoNumber } from "../../redis/info.ts";
import type { LeaderControl } from "../control.ts";
import type { Sampler } from "./sampler.ts";

/** Points of the line. */
const MINUTES = 60;
const MINUTE_SECONDS = 60;
/** Microseconds are enough for a latency. */
const PER_MS = 1_000;

/** See the file head. */
export interface CardFigures {
  /** Of the last seconds, rounded; null while nobody is counted. */
  readonly opsPerSecond: number | null;
  /** Milliseconds, of the last seconds; null without requests. */
  readonly p99Ms: number | null;
  /** Requests a second in each minute, the oldest first; null: not known. */
  readonly opsLastHour: (number | null)[];
  /** What all servers together may use; null when one of them has no limit, or none that is known. */
  readonly memoryMaxBytes: number | null;
}

/** See the file head. */
export function cardFigures(
  leader: Pick<LeaderControl, "topology" | "serverFigures">,
  sampler: Sampler,
): CardFigures {
  const { values, latencies } = sampler.recent.total();
  return {
    opsPerSecond: values.ops === undefined ? null : Math.round(values.ops),
    p99Ms: latencies === undefined ? null : Math.round(latencies.p99 * PER_MS) / PER_MS,
    opsLastHour: lastHour(sampler),
    memoryMaxBytes: memoryMax(leader),
  };
}

function lastHour({ store }: Sampler): (number | null)[] {
  const newest = Math.floor((store.span?.last ?? 0) / MINUTE_SECONDS);
  const first = newest - MINUTES + 1;
  return Array.from(store.total.read("ops", MINUTE_SECONDS, first, MINUTES), (value) =>
    Number.isNaN(value) ? null : Math.round(value),
  );
}

function memoryMax(leader: Pick<LeaderControl, "topology" | "serverFigures">): number | null {
  const figures = leader.serverFigures();
  let sum = 0;
  for (const { servers } of leader.topology().groups.values()) {
    for (const { addr } of servers) {
      const max = infoNumber(figures.get(addr)?.info, "maxmemory") ?? 0;
      if (max === 0) {
        return null;
      }
      sum += max;
    }
  }
  return sum === 0 ? null : sum;
}
