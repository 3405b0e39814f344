/**
 * Carries out replica sync actions, one after the other: pending -> syncing -> synced or synced_failed, each
 * stored before it is acted on.
 *
 * Works in looks, one a second. A look reads the topology anew, so an action that was removed, a group that
 * got another master, and an action that a dashboard before this one had begun are all the same case: if the
 * server follows the master it should, wait for its data; if not, tell it to. Nothing else waits for a look,
 * and a look waits for nothing longer than a few seconds.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { type ReplicationFacts, replicationOf } from "../../redis/replication.ts";
import { fetchInfo } from "../../redis/server-command.ts";
import { setRole } from "./replicate.ts";

/** What the executor needs of the leader. The two changes may reject; they are tried again with the next look. */
export interface SyncActionPort {
  topology(): Topology;
  /** Asks whether it leads; rejects with LEADERSHIP_LOST or COORDINATOR_UNREACHABLE. No server is told then. */
  confirm(): Promise<void>;
  /** Stores that the action of this server, which is pending, is being carried out. */
  markSyncing(addr: string): Promise<void>;
  /** Stores how the action of this server, which is syncing, has ended. */
  markFinished(addr: string, outcome: "synced" | "synced_failed"): Promise<void>;
}

/** What to run with. */
export interface SyncExecutorOptions {
  readonly port: SyncActionPort;
  readonly password: string;
  readonly log: Log;
  readonly clock?: Clock | undefined;
  readonly bounds?: Partial<SyncBounds> | undefined;
}

/** Milliseconds. */
export interface SyncBounds {
  /** Between two looks. */
  readonly lookMs: number;
  /** Longest time of one action in this process. */
  readonly actionMs: number;
  /** A server that can't be asked for so long fails its action. */
  readonly unreachableMs: number;
  /** A replica that neither has a link nor gets data for so long fails its action: its master is gone, or
   * doesn't let it in. Longer than a master may need to begin a dump. */
  readonly stallMs: number;
  /** One connection or command. */
  readonly callMs: number;
}

const BOUNDS: SyncBounds = {
  lookMs: 1_000,
  actionMs: 30 * 60_000,
  unreachableMs: 30_000,
  stallMs: 5 * 60_000,
  callMs: 5_000,
};

/** The action to work on now. */
export interface SyncTask {
  readonly addr: string;
  readonly groupId: number;
  /** Whom it is to follow; undefined for the group's first server, which is to be a master. */
  readonly masterAddr: string | undefined;
  readonly state: "pending" | "syncing";
}

/**
 * The next action: one that was begun goes first, then the pending one with the lowest index. Groups that
 * are getting another master wait.
 */
export function nextSyncTask(topology: Topology): SyncTask | undefined {
  let next: SyncTask | undefined;
  let nextIndex = Number.POSITIVE_INFINITY;
  for (const group of topology.groups.values()) {
    const masterAddr = group.servers[0]?.addr;
    for (const [position, { addr, action }] of group.servers.entries()) {
      const { state } = action;
      if (group.promoting.state !== "" || (state !== "pending" && state !== "syncing")) {
        continue;
      }
      const isFirst =
        next === undefined ||
        (state === next.state ? action.index < nextIndex : state === "syncing");
      if (isFirst) {
        next = {
          addr,
          groupId: group.id,
          masterAddr: position === 0 ? undefined : masterAddr,
          state,
        };
        nextIndex = action.index;
      }
    }
  }
  return next;
}

/** What is remembered of the action under way; moments on the monotonic clock. */
interface Progress {
  readonly addr: string;
  readonly startedMs: number;
  /** The server was last asked with success. */
  answeredMs: number;
  /** Its data was last seen on the way, or it was told whom to follow. */
  movedMs: number;
  readonly masterAddr: string | undefined;
}

/** See the file head. Does nothing before `start`. */
export class SyncActionExecutor {
  readonly #port: SyncActionPort;
  readonly #password: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #bounds: SyncBounds;
  readonly #closing = new AbortController();
  #timer: ClockTimer | undefined;
  #look: Promise<void> | undefined;
  #progress: Progress | undefined;
  #isRunning = false;

  constructor(options: SyncExecutorOptions) {
    this.#port = options.port;
    this.#password = options.password;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#bounds = { ...BOUNDS, ...options.bounds };
  }

  /** Begins to look for actions. */
  start(): void {
    this.#isRunning = true;
    this.#arm();
  }

  /** Ends it for good; resolves when the look under way, if any, is over. Actions stay as they are stored. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#closing.abort();
    this.#timer?.cancel();
    await this.#look;
  }

  #arm(): void {
    if (!this.#isRunning) {
      return;
    }
    this.#timer = this.#clock.after(this.#bounds.lookMs, () => {
      this.#look = this.#lookOnce().finally(() => {
        this.#look = undefined;
        this.#arm();
      });
    });
  }

  async #lookOnce(): Promise<void> {
    const task = nextSyncTask(this.#port.topology());
    if (task === undefined) {
      this.#progress = undefined;
      return;
    }
    try {
      await this.#work(task);
    } catch (thrown) {
      // The coordinator is away, or this is no leader any more. The next look tries again.
      this.#log.warn("sync.store-failed", `the sync of ${task.addr} can't go on`, {
        addr: task.addr,
        error: thrown,
      });
    }
  }

  async #work(task: SyncTask): Promise<void> {
    if (task.state === "pending") {
      await this.#port.markSyncing(task.addr);
      this.#log.info("sync.begin", `${task.addr} ${describe(task)}`, { addr: task.addr });
    }
    const progress = this.#progressOf(task);
    const failure = await this.#advance(task, progress);
    if (failure === "waiting") {
      return;
    }
    const outcome = failure === undefined ? "synced" : "synced_failed";
    await this.#port.markFinished(task.addr, outcome);
    this.#progress = undefined;
    const fields = { addr: task.addr, group: task.groupId, reason: failure };
    if (failure === undefined) {
      this.#log.info("sync.done", `${task.addr} ${describe(task)}: done`, fields);
    } else {
      this.#log.warn("sync.failed", `${task.addr} ${describe(task)}: ${failure}`, fields);
    }
  }

  /** `waiting`: look again. Any other text: why it failed. undefined: it is done. */
  async #advance(task: SyncTask, progress: Progress): Promise<string | undefined> {
    const nowMs = this.#clock.monotonicMs();
    try {
      const facts = await this.#ask(task.addr);
      progress.answeredMs = this.#clock.monotonicMs();
      // A new order is carried out even where the role is right: the password may be missing.
      if (task.state === "pending" || facts === undefined || !hasRole(facts, task.masterAddr)) {
        await this.#order(task, progress);
        return task.masterAddr === undefined ? undefined : "waiting";
      }
      if (task.masterAddr === undefined || facts.isLinkUp) {
        return undefined;
      }
      if (facts.isSyncing) {
        progress.movedMs = progress.answeredMs;
      }
    } catch (thrown) {
      if (isCodisError(thrown, "LEADERSHIP_LOST", "COORDINATOR_UNREACHABLE")) {
        throw thrown; // Nothing about the server.
      }
      if (!isCodisError(thrown, "SERVER_UNREACHABLE", "SERVER_LOADING")) {
        return messageOf(thrown);
      }
      if (nowMs - progress.answeredMs > this.#bounds.unreachableMs) {
        return messageOf(thrown);
      }
    }
    return this.#overdue(progress) ?? "waiting";
  }

  #overdue(progress: Progress): string | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - progress.startedMs > this.#bounds.actionMs) {
      return `no link to its master within ${this.#bounds.actionMs / 60_000} minutes`;
    }
    return nowMs - progress.movedMs > this.#bounds.stallMs
      ? `for ${this.#bounds.stallMs / 1000} s it got no data from its master, and has no link to it`
      : undefined;
  }

  async #order(task: SyncTask, progress: Progress): Promise<void> {
    const report = await setRole({
      addr: task.addr,
      masterAddr: task.masterAddr,
      password: this.#password,
      timeoutMs: this.#bounds.callMs,
      confirm: () => this.#port.confirm(),
      signal: this.#closing.signal,
    });
    progress.movedMs = this.#clock.monotonicMs();
    for (const warning of report.warnings) {
      this.#log.warn("sync.warning", warning, { addr: task.addr });
    }
  }

  async #ask(addr: string): Promise<ReplicationFacts | undefined> {
    const info = await fetchInfo({
      addr,
      password: this.#password,
      connectTimeoutMs: this.#bounds.callMs,
      callTimeoutMs: this.#bounds.callMs,
      signal: this.#closing.signal,
    });
    return replicationOf(info);
  }

  #progressOf(task: SyncTask): Progress {
    const known = this.#progress;
    if (known?.addr === task.addr && known.masterAddr === task.masterAddr) {
      return known;
    }
    const nowMs = this.#clock.monotonicMs();
    this.#progress = {
      addr: task.addr,
      masterAddr: task.masterAddr,
      startedMs: nowMs,
      answeredMs: nowMs,
      movedMs: nowMs,
    };
    return this.#progress;
  }
}

function hasRole(facts: ReplicationFacts, masterAddr: string | undefined): boolean {
  return masterAddr === undefined ? facts.role === "master" : facts.masterAddr === masterAddr;
}

function describe(task: SyncTask): string {
  return task.masterAddr === undefined
    ? `becomes the master of group ${task.groupId}`
    : `becomes a replica of ${task.masterAddr}`;
}
