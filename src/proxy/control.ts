/**
 * What the admin port needs of the data plane of a proxy: the contract between `proxy/admin` and whatever
 * runs the workers (one in this process, or a supervisor with N children).
 */
import type { SlotRecord } from "../model/slot.ts";

/** Life of a proxy, as Codis: waiting for slots, online, closed for good. */
export type ProxyState = "waiting" | "online" | "closed";

/** Statistics of one command, merged over workers. */
export interface CommandFigures {
  /** Upper-case name. */
  readonly name: string;
  readonly calls: number;
  readonly usecs: number;
  /** Failures of the proxy or of a backend connection. */
  readonly fails: number;
  /** Error replies of Redis. */
  readonly redisErrors: number;
  /** Log-linear latency histogram: counts by bucket, see `base/latency-histogram.ts`. */
  readonly buckets: ArrayLike<number>;
}

/** One backend connection, for metrics. */
export interface BackendFigures {
  readonly addr: string;
  readonly db: number;
  readonly proto: number;
  readonly worker: number;
  readonly state: "connecting" | "connected" | "stale" | "down";
  readonly inFlight: number;
  readonly queuedBytes: number;
  readonly connects: number;
  readonly failures: number;
}

/** Keys moved on access, of one worker or summed over several. All but the last two only grow. */
export interface MoveFigures {
  /** Keys that left their source, counted there; each once, whoever else moves them too. */
  readonly keysMoved: number;
  /** Keys in a MIGRATE that weren't at the source any more. */
  readonly keysAbsent: number;
  /** MIGRATEs by outcome; outcomes that never came are absent. */
  readonly migrates: Readonly<Record<string, number>>;
  /** Times that the target had to be cleaned of what a broken transfer left on its way. */
  readonly doubts: number;
  /** Requests that had to wait for keys. */
  readonly waits: number;
  /** Of them, those that got -TRYAGAIN. */
  readonly tryAgains: number;
  /** Reads that were answered by the source, which had their keys. */
  readonly sourceReads: number;
  /** Requests that wait now. */
  readonly waiting: number;
  /** Longest wait since the start, milliseconds. */
  readonly longestWaitMs: number;
}

/** One replica that reads may go to, of one worker or merged over several. */
export interface ReplicaFigures {
  readonly addr: string;
  /** Reads go there now, where the table and the session say so. */
  readonly isUsable: boolean;
  /** Time since it was last known to have everything that its master had; Infinity while that isn't known. */
  readonly lagMs: number;
  /** Requests sent there, parts of split ones included; only grows. */
  readonly reads: number;
  /** Of them, those that it didn't answer and that the master did; only grows. */
  readonly repeats: number;
}

/** A whole snapshot of the data plane, merged over workers. */
export interface ProxySnapshot {
  readonly online: boolean;
  readonly closed: boolean;
  readonly startedAtMs: number;
  readonly workers: readonly {
    readonly index: number;
    readonly pid: number;
    readonly residentBytes: number;
    readonly cpuUserSeconds: number;
    readonly cpuSystemSeconds: number;
    readonly sessionsAlive: number;
  }[];
  readonly ops: {
    readonly total: number;
    readonly fails: number;
    readonly redisErrors: number;
    readonly qps: number;
  };
  readonly sessions: {
    readonly total: number;
    readonly alive: number;
    readonly rejected: number;
    /** Sessions closed by the proxy, by reason (`protocol_error`, `output_limit`, `idle`, …). */
    readonly closed: Readonly<Record<string, number>>;
  };
  readonly bytes: { readonly received: number; readonly sent: number; readonly buffered: number };
  readonly commands: readonly CommandFigures[];
  readonly backends: readonly BackendFigures[];
  /** Keys moved on access. */
  readonly moves: MoveFigures;
  /** Replicas that reads may go to. */
  readonly replicas: readonly ReplicaFigures[];
}

/** Version of a push by a dashboard (design section 7); absent from an original dashboard. */
export interface PushVersion {
  readonly epoch: number;
  readonly revision: number;
}

/** What follows the sentinels of the product, as the admin port drives it. */
export interface SentinelPort {
  /** The sentinels of the product from now on, `host:port` each; the same ones again change nothing. */
  setServers(servers: readonly string[]): void;
  /** Follows the same ones anew. */
  rewatch(): void;
  /** What a majority of them says, group -> address; empty while that isn't known. */
  masters(): ReadonlyMap<number, string>;
  /** Whether a group's slots go to another master than the dashboard said, because sentinels did. */
  isSwitched(): boolean;
}

/** The data plane as the admin port drives it. Methods that change something resolve when all workers did. */
export interface ProxyControl {
  state(): ProxyState;
  slots(): readonly SlotRecord[];
  /**
   * Version of the last push of slots that every worker has taken; undefined before the first one, and as
   * soon as a push without a version begins.
   */
  tableVersion(): PushVersion | undefined;
  /**
   * Logs in to servers as this user from now on; an empty one is the product's password. Before the first slots, or
   * instead of another user, which was revoked: then no slot is served before slots come again. Rejects with
   * STATE_CONFLICT when it has served with the product's password.
   */
  setLogin(user: string, password: string): Promise<void>;
  /**
   * Number of the question whether the table is the newest one; undefined: nobody asks. See `TABLE_QUESTION_HEADER`.
   */
  tableQuestion(): number | undefined;
  /** A dashboard says that this table was the newest one after it had heard the question. */
  confirmTable(question: number, table: PushVersion): void;
  /** waiting -> online. */
  start(): Promise<void>;
  /** Ends the proxy: stops accepting, drains within the bound, exits. Resolves when draining began. */
  shutdown(): Promise<void>;
  /**
   * Replaces the given slots (others stay). Throws CodisError on an older version or a bad slot, and
   * MOVE_UNSETTLED when all workers have the slots but can't acknowledge them yet: the same push, or a later one,
   * has to come again.
   */
  fillSlots(slots: readonly SlotRecord[], version: PushVersion | undefined): Promise<void>;
  resetStats(): Promise<void>;
  forceGc(): Promise<void>;
  setLogLevel(level: string): Promise<void>;
  collect(): Promise<ProxySnapshot>;
}
