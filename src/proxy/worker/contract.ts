/**
 * Between the workers of a proxy and whoever runs them.
 *
 * A proxy with one worker runs it in its own process; with more, a supervisor runs each in a child. Both
 * sides see the same two interfaces: `WorkerHandle` is what the host calls, `WorkerHost` what the worker calls.
 * All values are plain data that can cross a process border (typed arrays included).
 */
import type { SlotRecord } from "../../model/slot.ts";
import type { BackendFigures, MoveFigures, ReplicaFigures } from "../control.ts";
import type { ClientFilter, ClientInfo, ProxyFigures } from "../dispatch/context.ts";

/** Counters of one worker, as they grow; see `CommandStats` for the arrays (indexed by command id). */
export interface WorkerSnapshot {
  readonly index: number;
  readonly pid: number;
  readonly residentBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly sessionsAlive: number;
  readonly sessionsTotal: number;
  readonly sessionsRejected: number;
  readonly sessionsClosed: Readonly<Record<string, number>>;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly bytesBuffered: number;
  readonly calls: Float64Array;
  readonly usecs: Float64Array;
  readonly fails: Float64Array;
  readonly redisErrors: Float64Array;
  readonly buckets: Float64Array;
  readonly backends: readonly BackendFigures[];
  readonly moves: MoveFigures;
  readonly replicas: readonly ReplicaFigures[];
}

/** What runs workers asks of one. */
export interface WorkerHandle {
  readonly index: number;
  /**
   * Replaces the given slots; resolves when no request of an old owner is in flight any more. Rejects with
   * MOVE_UNSETTLED when the table holds, but a source may still carry out a move by the old one.
   */
  fillSlots(records: readonly SlotRecord[], revision: number): Promise<void>;
  /**
   * Logs in to servers so from the next connection on; an empty user is the product's password. `isAnew`: the old login
   * was revoked, so all connections begin anew, and no slot is served before `fillSlots` says so again.
   */
  setLogin(user: string, password: string, isAnew: boolean): Promise<void>;
  /** Clients are served (true), or told that the router is not online. */
  setOnline(isOnline: boolean): Promise<void>;
  /** Calls of all commands since the last reset; cheap: asked each second. */
  opsTotal(): Promise<number>;
  snapshot(): Promise<WorkerSnapshot>;
  resetStats(): Promise<void>;
  forceGc(): Promise<void>;
  setLogLevel(level: string): Promise<void>;
  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]>;
  killClients(filter: ClientFilter): Promise<number>;
  /** A script that a client showed to another worker. */
  addScript(sha1: string, body: Uint8Array): Promise<void>;
  clearScripts(): Promise<void>;
  /** Stops accepting, answers what is in flight, closes; resolves when done or when the bound is over. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** What a worker asks of whatever runs it. */
export interface WorkerHost {
  /** Sessions alive in all other workers, cheap: asked at each accept. */
  sessionsElsewhere(): number;
  /** The worker's own count changed. */
  setSessions(count: number): void;
  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]>;
  killClients(filter: ClientFilter): Promise<number>;
  figures(): Promise<ProxyFigures>;
  /**
   * Whether the table that the workers have is the newest one, by a dashboard's word that was given after this was
   * asked; at once where no dashboard rules. False: nobody could be asked yet, ask again. Never rejects.
   */
  isTableConfirmed(): Promise<boolean>;
  /** A script to be told to the other workers. */
  shareScript(sha1: string, body: Uint8Array): void;
  /** Resolves when all other workers have forgotten their scripts; never rejects. */
  shareScriptFlush(): Promise<void>;
}

/** What a worker is started with. */
export interface WorkerOptions {
  readonly index: number;
  /** Session ids count from here: a worker that replaces a dead one doesn't use its ids again. */
  readonly firstSessionNumber: number;
  /** Of the proxy; part of the name of backend connections. */
  readonly token: string;
  /** Several workers listen on one port. */
  readonly isPortShared: boolean;
  /** The address to listen on, `host:port` with the real port, or a path. */
  readonly listenAddr: string;
  readonly isIpv6Only: boolean;
}
