/**
 * Rates of one proxy from two looks at its counters. A look counts for the whole seconds that have passed since the
 * one before; after a longer silence, or when a counter fell (the proxy or one of its workers was started again,
 * or somebody reset the statistics), the time between isn't known, and counting begins anew.
 */
import { decodeLatencies, LATENCY_LAYOUT } from "../../api/latency-text.ts";
import type { CommandStatsJson } from "../../api/proxy-stats.ts";
import { BUCKET_COUNT } from "../../base/latency-histogram.ts";
import type { ProxyFigures } from "../control.ts";
import { addLatencies, noLatencies } from "./latency-figures.ts";
import type { SecondFigures } from "./series.ts";

/** Looks that are further apart aren't taken together, seconds: what happened between them isn't known. */
export const GAP_SECONDS_MAX = 3;
/** Commands of one proxy; the table of commands is shorter. */
const COMMANDS_MAX = 1_000;

/** What happened between two looks. */
export interface ProxyInterval {
  /** Whole seconds since 1970, the first of them and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Of each of the seconds: an equal part of all, so counts of latencies may be fractions. */
  readonly figures: SecondFigures;
  /** By name in small letters; as above. */
  readonly commands: ReadonlyMap<string, SecondFigures>;
}

interface Command {
  readonly json: CommandStatsJson;
  /** undefined: it doesn't tell. */
  readonly latencies: Float64Array | undefined;
}

interface Base {
  readonly second: number;
  readonly figures: ProxyFigures;
  readonly commands: ReadonlyMap<string, Command>;
}

/** See the file head. One for each proxy. */
export class ProxyCounter {
  #base: Base | undefined;

  /** Whether the last look told latencies. */
  get isTimed(): boolean {
    const { counts } = this.#base?.figures ?? {};
    return counts?.layout === LATENCY_LAYOUT;
  }

  /** The last look at the proxy, which may be one that was handed in before; undefined: nothing new is known. */
  take(figures: ProxyFigures): ProxyInterval | undefined {
    const { stats, atMs } = figures;
    const before = this.#base;
    if (stats === undefined) {
      this.#base = undefined;
      return undefined;
    }
    const second = Math.floor(atMs / 1000);
    // Looks within one second are taken together with the next one.
    if (before !== undefined && (before.figures === figures || before.second === second)) {
      return undefined;
    }
    const commands = readCommands(figures, before);
    this.#base = { second, figures, commands };
    return before === undefined ? undefined : compare(before, this.#base);
  }
}

function readCommands(
  { counts }: ProxyFigures,
  before: Base | undefined,
): ReadonlyMap<string, Command> {
  const isReadable = counts?.layout === LATENCY_LAYOUT;
  const commands = new Map<string, Command>();
  for (const json of counts?.commands.slice(0, COMMANDS_MAX) ?? []) {
    const name = json.opstr.toLowerCase();
    const known = before?.commands.get(name);
    // What hasn't been called since needn't be read again.
    const isSame = known !== undefined && known.json.latencies === json.latencies;
    const latencies =
      isReadable && json.latencies !== undefined ? decodeLatencies(json.latencies) : undefined;
    commands.set(name, { json, latencies: isSame ? known.latencies : latencies });
  }
  return commands;
}

function compare(before: Base, after: Base): ProxyInterval | undefined {
  const seconds = after.second - before.second;
  const { stats: old } = before.figures;
  const { stats } = after.figures;
  if (seconds < 1 || seconds > GAP_SECONDS_MAX || old === undefined || stats === undefined) {
    return undefined;
  }
  const ops = stats.ops.total - old.ops.total;
  const spanSeconds = (after.figures.atMs - before.figures.atMs) / 1000;
  const commands = compareCommands(before, after, spanSeconds);
  if (ops < 0 || spanSeconds <= 0 || commands === undefined) {
    return undefined;
  }
  const rate = (now: number, then: number) => Math.max(0, now - then) / spanSeconds;
  const bytes = after.figures.counts?.bytes;
  const oldBytes = before.figures.counts?.bytes;
  return {
    from: before.second + 1,
    to: after.second + 1,
    figures: {
      values: {
        ops: ops / spanSeconds,
        failures: rate(stats.ops.fails, old.ops.fails),
        reply_errors: rate(stats.ops.redis.errors, old.ops.redis.errors),
        sessions: stats.sessions.alive,
        cpu: stats.rusage.cpu,
        memory: stats.rusage.mem,
        ...(bytes === undefined || oldBytes === undefined
          ? {}
          : { bytes_in: rate(bytes.in, oldBytes.in), bytes_out: rate(bytes.out, oldBytes.out) }),
      },
      latencies: sumOf(before, after, commands),
    },
    commands,
  };
}

/** undefined: a counter fell. */
function compareCommands(
  before: Base,
  after: Base,
  spanSeconds: number,
): ReadonlyMap<string, SecondFigures> | undefined {
  const found = new Map<string, SecondFigures>();
  for (const name of before.commands.keys()) {
    if (!after.commands.has(name)) {
      return undefined;
    }
  }
  // A proxy that has begun to tell its commands just now says nothing of the time before.
  if (before.figures.counts === undefined) {
    return found;
  }
  for (const [name, { json, latencies }] of after.commands) {
    const known = before.commands.get(name);
    const old = known?.json;
    const calls = json.calls - (old?.calls ?? 0);
    if (calls < 0) {
      return undefined;
    }
    const grown =
      latencies === undefined || (known !== undefined && known.latencies === undefined)
        ? undefined
        : subtract(latencies, known?.latencies, after.second - before.second);
    if (grown === "fell") {
      return undefined;
    }
    if (calls === 0) {
      continue;
    }
    const rate = (now: number, then = 0) => Math.max(0, now - then) / spanSeconds;
    found.set(name, {
      values: {
        ops: calls / spanSeconds,
        failures: rate(json.fails, old?.fails),
        reply_errors: rate(json.redis_errtype, old?.redis_errtype),
        time: rate(json.usecs, old?.usecs) / 1e6,
      },
      latencies: grown,
    });
  }
  return found;
}

function subtract(
  now: Float64Array,
  then: Float64Array | undefined,
  seconds: number,
): Float64Array | "fell" {
  const grown = noLatencies();
  for (let index = 0; index < BUCKET_COUNT; index++) {
    const count = (now[index] as number) - (then?.[index] ?? 0);
    if (count < 0) {
      return "fell";
    }
    grown[index] = count / seconds;
  }
  return grown;
}

/** Of all commands; undefined when the proxy doesn't tell. */
function sumOf(
  before: Base,
  after: Base,
  commands: ReadonlyMap<string, SecondFigures>,
): Float64Array | undefined {
  const isTold = (base: Base) => base.figures.counts?.layout === LATENCY_LAYOUT;
  if (!isTold(before) || !isTold(after)) {
    return undefined;
  }
  const sum = noLatencies();
  for (const { latencies } of commands.values()) {
    if (latencies !== undefined) {
      addLatencies(sum, latencies);
    }
  }
  return sum;
}
