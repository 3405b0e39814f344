/**
 * The statistics of a proxy in Codis's JSON, field by field as its dashboard, its web page and its CLI
 * read them. Parts that depend on flags are optional.
 */
import type { ProxyModelJson } from "../model/proxy-model.ts";
import type { SlotJson } from "../model/slot.ts";

/** One command. Times are microseconds. */
export interface CommandStatsJson {
  opstr: string;
  calls: number;
  usecs: number;
  usecs_percall: number;
  fails: number;
  /** Number of error replies of Redis, in spite of its name. */
  redis_errtype: number;
  /** Counts by latency (`latency-text.ts`), if they were asked for; the original hasn't got them. */
  latencies?: string;
}

/** Use of the machine by all processes of the proxy. */
export interface UsageJson {
  now: string;
  /** Processors used in the last second or longer: 0.5 is half of one. */
  cpu: number;
  /** Resident bytes. */
  mem: number;
  raw: {
    /** Nanoseconds since the start, like the next three. */
    utime: number;
    stime: number;
    cutime: number;
    cstime: number;
    num_threads: number;
    vm_size: number;
    vm_rss: number;
  };
}

/** State of the runtime; the names are Go's, what has no counterpart is 0. */
export interface RuntimeJson {
  general: { alloc: number; sys: number; lookups: number; mallocs: number; frees: number };
  heap: { alloc: number; sys: number; idle: number; inuse: number; objects: number };
  gc: { num: number; cpu_fraction: number; total_pausems: number };
  /** Number of workers. */
  num_procs: number;
  num_goroutines: number;
  num_cgo_call: number;
  /** Bytes of requests and replies that are buffered. */
  mem_offheap: number;
}

/** What a proxy sees of one master of its slot table. */
export interface ServerSightJson {
  /** Milliseconds since its last answer, whatever it was; since it is watched when there was none. */
  silent_ms: number;
  /** What it said that it is, the last time it answered. */
  role: "master" | "replica" | "unknown";
}

/** `stats`. */
export interface ProxyStatsJson {
  online: boolean;
  closed: boolean;
  sentinels: {
    servers?: readonly string[];
    masters?: Readonly<Record<string, string>>;
    switched?: boolean;
  };
  ops: {
    total: number;
    fails: number;
    redis: { errors: number };
    qps: number;
    cmd?: readonly CommandStatsJson[];
    /** What `latencies` of commands are counted in; see `LATENCY_LAYOUT`. */
    layout?: string;
  };
  sessions: { total: number; alive: number };
  rusage: UsageJson;
  backend: { primary_only: boolean };
  /** From and to clients, since the start; with the latencies only. */
  bytes?: { in: number; out: number };
  /** Keys moved on access, since the start; with the latencies only. */
  moved_keys?: number;
  runtime?: RuntimeJson;
  /** By address; the original hasn't got it and doesn't mind it. */
  servers?: Readonly<Record<string, ServerSightJson>>;
}

/** Answer of `GET /proxy`. */
export interface ProxyOverviewJson {
  version: string;
  compile: string;
  config: Readonly<Record<string, string | number | boolean>>;
  model: ProxyModelJson;
  stats: ProxyStatsJson;
  slots: readonly SlotJson[];
}
