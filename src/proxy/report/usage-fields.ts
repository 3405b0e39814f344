/**
 * The figures that are pushed to InfluxDB and StatsD: the same few of the statistics under the names of
 * Codis 3.2, whose databases and dashboards go on with them.
 */
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";

/** One figure. */
export interface UsageField {
  readonly name: string;
  readonly value: number;
  /** A fraction; all others are whole numbers, and InfluxDB keeps the two apart for ever. */
  readonly isFraction?: true;
}

/** The figures of statistics that were made with the runtime. */
export function usageFields(stats: ProxyStatsJson): readonly UsageField[] {
  const { ops, sessions, rusage, runtime } = stats;
  return [
    { name: "ops_total", value: ops.total },
    { name: "ops_fails", value: ops.fails },
    { name: "ops_redis_errors", value: ops.redis.errors },
    { name: "ops_qps", value: ops.qps },
    { name: "sessions_total", value: sessions.total },
    { name: "sessions_alive", value: sessions.alive },
    { name: "rusage_mem", value: rusage.mem },
    { name: "rusage_cpu", value: rusage.cpu, isFraction: true },
    { name: "runtime_gc_num", value: runtime?.gc.num ?? 0 },
    { name: "runtime_gc_total_pausems", value: runtime?.gc.total_pausems ?? 0 },
    { name: "runtime_num_procs", value: runtime?.num_procs ?? 0 },
    { name: "runtime_num_goroutines", value: runtime?.num_goroutines ?? 0 },
    { name: "runtime_num_cgo_call", value: runtime?.num_cgo_call ?? 0 },
    { name: "runtime_num_mem_offheap", value: runtime?.mem_offheap ?? 0 },
  ];
}
