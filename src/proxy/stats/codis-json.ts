/**
 * Statistics in Codis's JSON, from a snapshot of the data plane. Field names and their order are those
 * of the original's answers.
 */

import { encodeLatencies, LATENCY_LAYOUT } from "../../api/latency-text.ts";
import { STATS_FLAG } from "../../api/proxy-route.ts";
import type {
  CommandStatsJson,
  ProxyStatsJson,
  RuntimeJson,
  ServerSightJson,
} from "../../api/proxy-stats.ts";
import type { SentinelRecord } from "../../model/sentinel.ts";
import type { CommandFigures, ProxySnapshot, SentinelPort } from "../control.ts";
import type { UsageMeter } from "./usage.ts";

/** What the statistics show besides the snapshot. */
export interface StatsSources {
  readonly usage: UsageMeter;
  readonly sentinels: SentinelRecord;
  /** What they say, and what was made of it; undefined: nobody listens to them. */
  readonly sentinelPort?: Pick<SentinelPort, "masters" | "isSwitched"> | undefined;
  readonly primaryOnly: boolean;
  /** Bits of `STATS_FLAG`. */
  readonly flags: number;
  /** What is seen of masters, by address; undefined: they aren't watched. */
  readonly servers?: Readonly<Record<string, ServerSightJson>> | undefined;
}

/** `stats` of a snapshot. */
export function statsToJson(snapshot: ProxySnapshot, sources: StatsSources): ProxyStatsJson {
  const withCommands = (sources.flags & STATS_FLAG.commands) !== 0;
  const withLatencies = (sources.flags & STATS_FLAG.latencies) !== 0;
  const withRuntime = (sources.flags & STATS_FLAG.runtime) !== 0;
  return {
    online: snapshot.online,
    closed: snapshot.closed,
    sentinels: sentinelsToJson(sources),
    ops: {
      total: snapshot.ops.total,
      fails: snapshot.ops.fails,
      redis: { errors: snapshot.ops.redisErrors },
      qps: Math.round(snapshot.ops.qps),
      ...(withCommands ? { cmd: commandsToJson(snapshot.commands, withLatencies) } : {}),
      ...(withLatencies ? { layout: LATENCY_LAYOUT } : {}),
    },
    sessions: { total: snapshot.sessions.total, alive: snapshot.sessions.alive },
    rusage: sources.usage.measure(snapshot),
    backend: { primary_only: sources.primaryOnly },
    ...(withLatencies ? ownFigures(snapshot) : {}),
    ...(withRuntime ? { runtime: runtimeToJson(snapshot) } : {}),
    ...(sources.servers === undefined ? {} : { servers: sources.servers }),
  };
}

/** What goes with the latencies to a dashboard of ours. */
function ownFigures({ bytes, moves }: ProxySnapshot): Pick<ProxyStatsJson, "bytes" | "moved_keys"> {
  return { bytes: { in: bytes.received, out: bytes.sent }, moved_keys: moves.keysMoved };
}

/** Without sentinels, and for what there isn't, no field at all: as the original answers. */
function sentinelsToJson({ sentinels, sentinelPort }: StatsSources): ProxyStatsJson["sentinels"] {
  const { servers } = sentinels;
  const masters = Object.fromEntries(sentinelPort?.masters() ?? []);
  return {
    ...(servers.length === 0 ? {} : { servers }),
    ...(Object.keys(masters).length === 0 ? {} : { masters }),
    ...(sentinelPort?.isSwitched() === true ? { switched: true } : {}),
  };
}

function commandsToJson(
  commands: readonly CommandFigures[],
  withLatencies: boolean,
): CommandStatsJson[] {
  return commands
    .filter((command) => command.calls > 0)
    .map((command) => ({
      opstr: command.name,
      calls: command.calls,
      usecs: Math.round(command.usecs),
      usecs_percall: Math.floor(command.usecs / command.calls),
      fails: command.fails,
      redis_errtype: command.redisErrors,
      ...(withLatencies ? { latencies: encodeLatencies(command.buckets) } : {}),
    }))
    .sort((a, b) => (a.opstr < b.opstr ? -1 : 1));
}

function runtimeToJson(snapshot: ProxySnapshot): RuntimeJson {
  // This process only: the heaps of other workers aren't asked for; their memory is in rusage.
  const memory = process.memoryUsage();
  return {
    general: { alloc: memory.heapUsed, sys: memory.rss, lookups: 0, mallocs: 0, frees: 0 },
    heap: {
      alloc: memory.heapUsed,
      sys: memory.heapTotal,
      idle: Math.max(0, memory.heapTotal - memory.heapUsed),
      inuse: memory.heapUsed,
      objects: 0,
    },
    gc: { num: 0, cpu_fraction: 0, total_pausems: 0 },
    num_procs: snapshot.workers.filter(({ pid }) => pid !== 0).length,
    num_goroutines: 0,
    num_cgo_call: 0,
    mem_offheap: snapshot.bytes.buffered,
  };
}
