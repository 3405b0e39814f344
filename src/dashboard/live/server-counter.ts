/**
 * Figures of one server from the INFOs of the looks at it: what it says of this moment, and the rates of the two
 * counters that a hit ratio is made of. As `proxy-counter.ts` for the time that a look counts for.
 */
import { infoKeys, infoNumber, type ServerInfo } from "../../redis/info.ts";
import type { ServerFigures } from "../control.ts";
import { GAP_SECONDS_MAX } from "./proxy-counter.ts";
import type { Gauge, SecondFigures } from "./series.ts";

/** What happened between two looks. */
export interface ServerInterval {
  /** Whole seconds since 1970, the first of them and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly figures: SecondFigures;
}

/** Gauges by the field of INFO. */
const FIELDS = [
  ["ops", "instantaneous_ops_per_sec"],
  ["memory", "used_memory"],
  ["clients", "connected_clients"],
] as const;

/** See the file head. One for each server. */
export class ServerCounter {
  #before:
    | { readonly second: number; readonly atMs: number; readonly info: ServerInfo }
    | undefined;

  /** The last look, which may be one that was handed in before; undefined: nothing new is known. */
  take({ info, atMs }: ServerFigures): ServerInterval | undefined {
    const second = Math.floor(atMs / 1000);
    const before = this.#before;
    if (info === undefined) {
      this.#before = undefined;
      return undefined;
    }
    if (before?.second === second) {
      return undefined;
    }
    this.#before = { second, atMs, info };
    const isNear =
      before !== undefined && second > before.second && second - before.second <= GAP_SECONDS_MAX;
    const values: Partial<Record<Gauge, number>> = {};
    for (const [gauge, field] of FIELDS) {
      put(values, gauge, infoNumber(info, field));
    }
    put(values, "keys", infoKeys(info));
    if (isNear) {
      const spanSeconds = (atMs - before.atMs) / 1000;
      put(values, "hits", rateOf("keyspace_hits", info, before.info, spanSeconds));
      put(values, "misses", rateOf("keyspace_misses", info, before.info, spanSeconds));
    }
    const from = isNear ? before.second + 1 : second;
    return { from, to: second + 1, figures: { values, latencies: undefined } };
  }
}

function put(values: Partial<Record<Gauge, number>>, gauge: Gauge, value: number | undefined) {
  if (value !== undefined) {
    values[gauge] = value;
  }
}

/** undefined when the counter fell: another process, or CONFIG RESETSTAT. */
function rateOf(
  field: string,
  now: ServerInfo,
  then: ServerInfo,
  spanSeconds: number,
): number | undefined {
  const grown = (infoNumber(now, field) ?? Number.NaN) - (infoNumber(then, field) ?? Number.NaN);
  return grown >= 0 && spanSeconds > 0 ? grown / spanSeconds : undefined;
}
