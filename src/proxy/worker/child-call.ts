/**
 * What the supervisor and a worker in a child process ask of each other: the two ends of their `Channel`.
 *
 * A child is started without anything on its command line that matters: all it needs, passwords included,
 * comes with `start`. Everything here is plain data, because it crosses a process border.
 */
import type { LogLevel } from "../../base/log-level.ts";
import type { SlotRecord } from "../../model/slot.ts";
import type { ProxyConfig } from "../config.ts";
import type { ClientFilter, ClientInfo, ProxyFigures } from "../dispatch/context.ts";
import type { WorkerOptions, WorkerSnapshot } from "./contract.ts";

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

/** Served by the child. */
export interface ChildCalls {
  start(setup: ChildSetup): Promise<void>;
  /** Begins to serve; after `start` and the slot table. Throws `PORT_IN_USE`. */
  listen(): Promise<void>;
  fillSlots(records: readonly SlotRecord[], revision: number): Promise<void>;
  setLogin(user: string, password: string, isAnew: boolean): Promise<void>;
  setOnline(isOnline: boolean): Promise<void>;
  /** Sends a report, then answers. */
  collect(): Promise<void>;
  resetStats(): Promise<void>;
  forceGc(): Promise<void>;
  setLogLevel(level: string): Promise<void>;
  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]>;
  killClients(filter: ClientFilter): Promise<number>;
  addScript(sha1: string, body: Uint8Array): Promise<void>;
  clearScripts(): Promise<void>;
  shutdown(timeoutMs: number): Promise<void>;
}

/** Served by the supervisor, for one child. */
export interface SupervisorCalls {
  report(report: WorkerReport): void;
  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]>;
  killClients(filter: ClientFilter): Promise<number>;
  figures(): Promise<ProxyFigures>;
  isTableConfirmed(): Promise<boolean>;
  shareScript(sha1: string, body: Uint8Array): void;
  shareScriptFlush(): Promise<void>;
}
