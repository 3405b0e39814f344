/**
 * Series of one server, of a group or of all groups, from the rings of the servers. Sums stand for the servers that
 * are known at that point; `servers` tells how many. Of keys only the master's count, which is the first of a group.
 *
 * A server whose look came too late for a second isn't known then, and a sum without it would show a fall that never
 * was: in sums of several servers its last value stands for it, for a few seconds.
 */
import type { PerformanceMetric } from "../../api/v1-live-schema.ts";
import type { FigureStore } from "./figure-store.ts";
import type { SeriesMetric } from "./series.ts";

/** What a server was seen to hold counts so long in a sum. */
const HELD_SECONDS = 5;
/** What is true until it changes; a rate of what happened isn't. */
const HELD: ReadonlySet<string> = new Set<SeriesMetric>(["memory", "keys", "clients", "ops"]);

/** Which points; see `PointRange`. */
interface Points {
  readonly step: number;
  readonly first: number;
  readonly count: number;
}

/** `groups`: addresses of their servers, the master first. NaN where nobody is known. */
export function serverSum(
  store: FigureStore,
  groups: readonly (readonly string[])[],
  metric: PerformanceMetric,
  points: Points,
): Float32Array {
  const all = groups.flat();
  switch (metric) {
    case "hit_ratio": {
      const hits = sumOf(store, all, "hits", points);
      const misses = sumOf(store, all, "misses", points);
      return hits.map((count, index) => {
        const lookups = count + (misses[index] ?? 0);
        return lookups === 0 ? Number.NaN : count / lookups;
      });
    }
    case "servers":
      return countOf(store, all, points);
    case "keys":
      return sumOf(
        store,
        groups.flatMap(([master]) => (master === undefined ? [] : [master])),
        "keys",
        points,
      );
    default:
      return sumOf(store, all, metric as SeriesMetric, points);
  }
}

function sumOf(
  store: FigureStore,
  addrs: readonly string[],
  metric: SeriesMetric,
  { step, first, count }: Points,
): Float32Array {
  const sum = new Float32Array(count).fill(Number.NaN);
  const held = addrs.length > 1 && HELD.has(metric) ? Math.floor(HELD_SECONDS / step) : 0;
  for (const addr of addrs) {
    const values = store.servers.get(addr)?.read(metric, step, first - held, count + held);
    let last = Number.NaN;
    let lastIndex = Number.NEGATIVE_INFINITY;
    for (const [index, value] of values?.entries() ?? []) {
      if (!Number.isNaN(value)) {
        last = value;
        lastIndex = index;
      }
      const at = index - held;
      if (at >= 0 && index - lastIndex <= held) {
        const before = sum[at] ?? Number.NaN;
        sum[at] = Number.isNaN(before) ? last : before + last;
      }
    }
  }
  return sum;
}

function countOf(
  store: FigureStore,
  addrs: readonly string[],
  { step, first, count }: Points,
): Float32Array {
  // Where nothing at all was counted, none is known.
  const isCounted = store.total.read("proxies", step, first, count);
  const known = isCounted.map((value) => (Number.isNaN(value) ? Number.NaN : 0));
  for (const addr of addrs) {
    const values = store.servers.get(addr)?.read("memory", step, first, count);
    for (const [index, value] of values?.entries() ?? []) {
      if (!Number.isNaN(value)) {
        known[index] = (known[index] ?? 0) + 1;
      }
    }
  }
  return known;
}
