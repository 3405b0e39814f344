/**
 * One second of a product while it is being put together: figures of proxies, commands and servers come in as they
 * are looked at, and the totals are made when all looks at that second must have ended.
 */
import { addLatencies, noLatencies } from "./latency-figures.ts";
import type { ProxyInterval } from "./proxy-counter.ts";
import type { Gauge, SecondFigures } from "./series.ts";
import type { ServerInterval } from "./server-counter.ts";

/** Gauges of proxies that add up. */
const ADDED = ["ops", "failures", "reply_errors", "sessions", "bytes_in", "bytes_out"] as const;

interface Sum {
  readonly values: Partial<Record<Gauge, number>>;
  latencies: Float64Array | undefined;
}

/** See the file head. */
export class Frame {
  readonly second: number;
  readonly proxies = new Map<string, SecondFigures>();
  readonly commands = new Map<string, SecondFigures>();
  readonly servers = new Map<string, SecondFigures>();

  constructor(second: number) {
    this.second = second;
  }

  addProxy(token: string, { figures, commands }: ProxyInterval): void {
    this.proxies.set(token, figures);
    for (const [name, command] of commands) {
      addTo(this.commands, name, command);
    }
  }

  addServer(addr: string, { figures }: ServerInterval): void {
    this.servers.set(addr, figures);
  }

  /** All proxies together; without one that is known, nothing is. */
  total(): SecondFigures {
    const sum: Sum = { values: {}, latencies: undefined };
    for (const { values, latencies } of this.proxies.values()) {
      addValues(sum.values, values, ADDED);
      sum.latencies = addCounts(sum.latencies, latencies);
    }
    return { ...sum, values: { ...sum.values, proxies: this.proxies.size } };
  }

  /** The commands that are kept by name, and the others as one, if there are any. */
  keptCommands(kept: ReadonlySet<string>, otherName: string): ReadonlyMap<string, SecondFigures> {
    const found = new Map<string, SecondFigures>();
    for (const [name, figures] of this.commands) {
      addTo(found, kept.has(name) ? name : otherName, figures);
    }
    return found;
  }
}

function addTo(sums: Map<string, SecondFigures>, name: string, figures: SecondFigures): void {
  const before = sums.get(name);
  if (before === undefined) {
    sums.set(name, figures);
    return;
  }
  const values = { ...before.values };
  addValues(values, figures.values, Object.keys(figures.values) as Gauge[]);
  const latencies = addCounts(addCounts(undefined, before.latencies), figures.latencies);
  sums.set(name, { values, latencies });
}

function addValues(
  sum: Partial<Record<Gauge, number>>,
  values: SecondFigures["values"],
  gauges: readonly Gauge[],
): void {
  for (const gauge of gauges) {
    const value = values[gauge];
    if (value !== undefined) {
      sum[gauge] = (sum[gauge] ?? 0) + value;
    }
  }
}

/** A new array at first, so that no counts of others are changed. */
function addCounts(
  sum: Float64Array | undefined,
  more: Float64Array | undefined,
): Float64Array | undefined {
  if (more === undefined) {
    return sum;
  }
  const into = sum ?? noLatencies();
  addLatencies(into, more);
  return into;
}
