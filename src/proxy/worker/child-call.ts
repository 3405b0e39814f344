/**
 * What the supervisor and a worker in a child process ask of each other: the two ends of their `Channel`.
 *
 * A child is started without anything on its command line that matters: all it needs, passwords included,
 * comes with `start`. Everything here is plain data, because it crosses a process border.
 */
import type { LogLevel } from "../../base/log-level.ts";
import type { ProxyConfig } from "../config.ts";
import type { WorkerHandle, WorkerHost, WorkerOptions, WorkerSnapshot } from "./contract.ts";

/** File descriptor in the child of the memory with the session counts of all workers. */
export const SESSION_COUNTS_FD = 4;

/** First call to a child. */
export interface ChildSetup {
  readonly options: WorkerOptions;
  readonly config: ProxyConfig;
  readonly logLevel: LogLevel;
  /** As in `LogOptions`; undefined is stdout, which the child shares with the supervisor. */
  readonly logFile: string | undefined;
}

/** The figures of a worker: its counters by command as what was added since the last report (`CountFeed`). */
export interface WorkerReport
  extends Omit<WorkerSnapshot, "calls" | "usecs" | "fails" | "redisErrors" | "buckets"> {
  readonly counts: Float64Array;
}

/** Served by the child: what is asked of any worker, but for what its reports tell. */
export interface ChildCalls extends Omit<WorkerHandle, "index" | "opsTotal" | "snapshot"> {
  start(setup: ChildSetup): Promise<void>;
  /** Begins to serve; after `start` and the slot table. Throws `PORT_IN_USE`. */
  listen(): Promise<void>;
  /** Sends a report, then answers. */
  collect(): Promise<void>;
}

/** Served by the supervisor, for one child: what any worker asks, but for the counts in the memory of all. */
export interface SupervisorCalls extends Omit<WorkerHost, "sessionsElsewhere" | "setSessions"> {
  report(report: WorkerReport): void;
}
