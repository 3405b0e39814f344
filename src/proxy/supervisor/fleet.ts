/**
 * All workers of a proxy as one: what the admin port and the signals drive (`ProxyControl`), and what workers
 * ask of the whole (`WorkerHost`).
 *
 * One worker runs in this process; several run in children (`child-fleet.ts`). A new worker gets the newest
 * slot table before it listens; an order is acknowledged when every worker has carried it out. A worker that
 * died stays in the list, with the figures it had, until its successor is added.
 */

import { CodisError, messageOf } from "../../base/error.ts";
import { BUCKET_COUNT } from "../../base/latency-histogram.ts";
import type { Log } from "../../base/log.ts";
import { crc32 } from "../../command/hash.ts";
import { COMMAND_COUNT, commandName } from "../../command/table.ts";
import { offlineSlot, type SlotRecord } from "../../model/slot.ts";
import type { SentinelWord } from "../../sentinel/master-words.ts";
import type { ProxyConfig } from "../config.ts";
import type {
  CommandFigures,
  ProxyControl,
  ProxySnapshot,
  ProxyState,
  PushVersion,
} from "../control.ts";
import type { ClientFilter, ClientInfo, ProxyFigures } from "../dispatch/context.ts";
import { mergeReplicas } from "../replica/replica-figures.ts";
import { SwitchedMasters } from "../sentinel/switched-masters.ts";
import { addMoves, NO_MOVES } from "../stats/move-stats.ts";
import type { WorkerHandle, WorkerHost, WorkerSnapshot } from "../worker/contract.ts";
import { TableQuestion } from "./table-question.ts";
import { sumByReason } from "./worker-account.ts";

/** 20 bits: what the shortest SCAN cursor keeps of a revision. */
const FIRST_REVISION_MASK = 0xfffff;
/** QPS is measured over this window, as Codis. */
const QPS_WINDOW_MS = 1000;

const PRODUCT_LOGIN = { user: "", password: "" };

/** See the file head. */
export class Fleet implements ProxyControl, WorkerHost {
  readonly #config: ProxyConfig;
  readonly #log: Log;
  /** As the dashboard said. */
  readonly #pushed: SlotRecord[];
  /** As they are: with the masters that sentinels have switched since. */
  readonly #records: SlotRecord[];
  readonly #switched = new SwitchedMasters();
  /** Names the table, the same in all workers; SCAN cursors carry it. 0 before the first table. */
  #revision = 0;
  #tableVersion: PushVersion | undefined;
  #login = PRODUCT_LOGIN;
  readonly #question = new TableQuestion();
  /** The last slots came from a dashboard that knows versions; it can be asked. */
  #isRuled = false;
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #startedAtMs = Date.now();
  #state: ProxyState = "waiting";
  #qps = 0;
  #qpsTotal = 0;
  #qpsAtMs = performance.now();
  #isMeasuring = false;
  readonly #qpsTimer: NodeJS.Timeout;
  /** Orders run one after the other. */
  #lastOrder: Promise<void> = Promise.resolve();
  readonly #failed = Promise.withResolvers<unknown>();
  /** Called when the proxy was shut down through the admin port. */
  onShutdown: () => void = () => undefined;
  /** Called when the proxy has gone online: all workers serve. */
  onOnline: () => void = () => undefined;

  constructor(config: ProxyConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#records = Array.from({ length: config.slotCount }, (_, id) => offlineSlot(id));
    this.#pushed = [...this.#records];
    this.#qpsTimer = setInterval(() => {
      this.#measureQps().catch((error: unknown) => {
        log.warn("qps.failed", "can't read the counters of a worker", { error });
      });
    }, QPS_WINDOW_MS);
    this.#qpsTimer.unref();
  }

  /**
   * Adds a worker that has just been made, in the place of the one that had its index: it gets table and
   * state before the promise resolves, and every order from then on.
   */
  add(worker: WorkerHandle): Promise<void> {
    return this.#order(async () => {
      const { user, password } = this.#login;
      if (user !== "") await worker.setLogin(user, password, false);
      await worker.fillSlots(this.#records, this.#revision);
      await worker.setOnline(this.#state === "online");
      this.#workers.set(worker.index, worker);
    });
  }

  /** The proxy can't go on. */
  fail(reason: unknown): void {
    this.#failed.resolve(reason);
  }

  /** Resolves with the reason when the proxy can't go on. */
  get failed(): Promise<unknown> {
    return this.#failed.promise;
  }

  state(): ProxyState {
    return this.#state;
  }

  slots(): readonly SlotRecord[] {
    return this.#records;
  }

  tableVersion(): PushVersion | undefined {
    return this.#tableVersion;
  }

  start(): Promise<void> {
    return this.#order(async () => {
      if (this.#state !== "waiting") return;
      this.#state = "online";
      await this.#all((worker) => worker.setOnline(true));
      this.#log.info("proxy.online", "the proxy is online");
      this.onOnline();
    });
  }

  async shutdown(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.onShutdown();
  }

  /** Drains and closes all workers; resolves when that is done, within `shutdown_timeout`. */
  async close(): Promise<void> {
    this.#state = "closed";
    clearInterval(this.#qpsTimer);
    await this.#all((worker) => worker.shutdown(this.#config.shutdownTimeoutMs));
  }

  tableQuestion(): number | undefined {
    return this.#question.open;
  }

  confirmTable(question: number, table: PushVersion): void {
    const version = this.#tableVersion;
    if (version?.epoch === table.epoch && version.revision === table.revision) {
      this.#question.confirm(question);
    }
  }

  isTableConfirmed(): Promise<boolean> {
    return this.#isRuled ? this.#question.ask() : Promise.resolve(true);
  }

  setLogin(user: string, password: string): Promise<void> {
    return this.#order(async () => {
      const hasServed = this.#revision > 0;
      const hadUser = this.#login.user !== "";
      if (hasServed && !hadUser) {
        if (user === "") return;
        throw new CodisError(
          "STATE_CONFLICT",
          "this proxy has connections with the product's password; it takes a login after a restart",
        );
      }
      this.#login = { user, password };
      if (hasServed) {
        // As the workers have them from now on.
        this.#tableVersion = undefined;
        for (const table of [this.#pushed, this.#records]) {
          for (const [id, record] of table.entries()) {
            if (record.backendAddr !== "") table[id] = { ...record, locked: true };
          }
        }
      }
      await this.#all((worker) => worker.setLogin(user, password, hasServed));
      this.#log.info("login.set", "this start of the proxy logs in to servers as told", { user });
    });
  }

  fillSlots(slots: readonly SlotRecord[], version: PushVersion | undefined): Promise<void> {
    return this.#order(async () => {
      if (version === undefined) {
        this.#tableVersion = undefined;
        await this.#forgetLogin();
      }
      for (const record of slots) this.#pushed[record.id] = record;
      this.#isRuled = version !== undefined;
      this.#switched.pushed(slots);
      await this.#applyMasters(new Set(slots.map(({ id }) => id)));
      this.#tableVersion = version;
      this.#log.info("slots.filled", `${slots.length} slots were set`, { ...version });
    });
  }

  /**
   * What sentinels say of masters, by group; see `MasterWords` for when it counts. Resolves when all workers have
   * the slots that changed by it; the version of the table stays, as it names what the dashboard said. Rejects with
   * MOVE_UNSETTLED as `fillSlots` does: the switch holds all the same.
   */
  switchMasters(words: ReadonlyMap<number, SentinelWord>): Promise<void> {
    return this.#order(async () => {
      this.#switched.heard(words);
      const count = await this.#applyMasters(new Set());
      if (count === 0) return;
      this.#log.warn("slots.switched", `${count} slots follow the sentinels to another master`, {
        masters: Object.fromEntries([...words].map(([groupId, { addr }]) => [groupId, addr])),
      });
    });
  }

  /** Other sentinels, or none, are listened to from now on. */
  forgetEpochs(hasSentinels: boolean): Promise<void> {
    return this.#order(async () => this.#switched.forgetEpochs(hasSentinels));
  }

  /** The master of a group as the dashboard said; undefined when it never named the group. */
  pushedMaster(groupId: number): string | undefined {
    return this.#switched.namedAddr(groupId);
  }

  /** The master that the group's slots go to. */
  currentMaster(groupId: number): string | undefined {
    return this.#switched.switchedTo(groupId) ?? this.#switched.namedAddr(groupId);
  }

  /** Whether slots go to a master that sentinels named and the dashboard didn't. */
  isSwitched(): boolean {
    return this.#switched.isSwitched;
  }

  async resetStats(): Promise<void> {
    await this.#all((worker) => worker.resetStats());
    this.#qpsTotal = 0;
  }

  async forceGc(): Promise<void> {
    await this.#all((worker) => worker.forceGc());
  }

  async setLogLevel(level: string): Promise<void> {
    await this.#all((worker) => worker.setLogLevel(level));
  }

  async collect(): Promise<ProxySnapshot> {
    const parts = await this.#each((worker) => worker.snapshot());
    const commands = mergeCommands(parts);
    const closed = sumByReason(...parts.map((part) => part.sessionsClosed));
    const sum = (of: (part: WorkerSnapshot) => number) =>
      parts.reduce((total, part) => total + of(part), 0);
    const total = commands.reduce((count, command) => count + command.calls, 0);
    return {
      online: this.#state === "online",
      closed: this.#state === "closed",
      startedAtMs: this.#startedAtMs,
      workers: parts.map((part) => ({
        index: part.index,
        pid: part.pid,
        residentBytes: part.residentBytes,
        cpuUserSeconds: part.cpuUserSeconds,
        cpuSystemSeconds: part.cpuSystemSeconds,
        sessionsAlive: part.sessionsAlive,
      })),
      ops: {
        total,
        fails: commands.reduce((count, command) => count + command.fails, 0),
        redisErrors: commands.reduce((count, command) => count + command.redisErrors, 0),
        qps: this.#qps,
      },
      sessions: {
        total: sum((part) => part.sessionsTotal),
        alive: sum((part) => part.sessionsAlive),
        rejected: sum((part) => part.sessionsRejected),
        closed,
      },
      bytes: {
        received: sum((part) => part.bytesReceived),
        sent: sum((part) => part.bytesSent),
        buffered: sum((part) => part.bytesBuffered),
      },
      commands,
      backends: parts.flatMap((part) => part.backends),
      moves: parts.reduce((total, part) => addMoves(total, part.moves), NO_MOVES),
      replicas: mergeReplicas(parts.flatMap((part) => part.replicas)),
    };
  }

  sessionsElsewhere(): number {
    return 0;
  }

  setSessions(): void {
    // The one worker of this process counts its own sessions.
  }

  async listClients(filter: ClientFilter): Promise<readonly ClientInfo[]> {
    const lists = await this.#each((worker) => worker.listClients(filter));
    return lists.flat().sort((a, b) => a.id - b.id);
  }

  async killClients(filter: ClientFilter): Promise<number> {
    const counts = await this.#each((worker) => worker.killClients(filter));
    return counts.reduce((total, count) => total + count, 0);
  }

  async figures(): Promise<ProxyFigures> {
    const snapshot = await this.collect();
    const sum = (of: (worker: ProxySnapshot["workers"][number]) => number) =>
      snapshot.workers.reduce((total, worker) => total + of(worker), 0);
    return {
      uptimeSeconds: Math.floor((Date.now() - this.#startedAtMs) / 1000),
      workerCount: snapshot.workers.filter((worker) => worker.pid !== 0).length,
      sessionsAlive: snapshot.sessions.alive,
      sessionsTotal: snapshot.sessions.total,
      sessionsRejected: snapshot.sessions.rejected,
      opsTotal: snapshot.ops.total,
      opsFails: snapshot.ops.fails,
      opsRedisErrors: snapshot.ops.redisErrors,
      opsPerSecond: snapshot.ops.qps,
      residentBytes: sum((worker) => worker.residentBytes),
      cpuUserSeconds: sum((worker) => worker.cpuUserSeconds),
      cpuSystemSeconds: sum((worker) => worker.cpuSystemSeconds),
      slotsOffline: this.#records.filter((record) => record.backendAddr === "").length,
      slotsLocked: this.#records.filter((record) => record.locked).length,
    };
  }

  shareScript(): void {
    // Nobody else to tell: with several workers their own host does it (`child-fleet.ts`).
  }

  async shareScriptFlush(): Promise<void> {
    // As shareScript.
  }

  /** An original dashboard rules: servers that it adds won't know the user. */
  async #forgetLogin(): Promise<void> {
    if (this.#login.user === "") return;
    this.#login = PRODUCT_LOGIN;
    await this.#all((worker) => worker.setLogin("", "", false));
    this.#log.info("login.forgotten", "the proxy logs in with product_auth from now on");
  }

  /** Gives the workers these slots, and all whose masters have changed; how many. */
  async #applyMasters(pushed: ReadonlySet<number>): Promise<number> {
    const changed = this.#pushed
      .map((record) => this.#switched.apply(record))
      .filter(
        (record) => pushed.has(record.id) || hasOtherMaster(record, this.#records[record.id]),
      );
    if (changed.length === 0 && pushed.size === 0) return 0;
    for (const record of changed) this.#records[record.id] = record;
    this.#revision = this.#revision === 0 ? firstRevision(this.#records) : this.#revision + 1;
    await this.#fillAll(changed);
    return changed.length;
  }

  /**
   * Every worker has the slots when this settles, also when it rejects: the slots hold in all workers alike, and
   * only the acknowledgement is missing. The version stays the old one then, so that the push is repeated.
   */
  async #fillAll(slots: readonly SlotRecord[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      [...this.#workers.values()].map((worker) => worker.fillSlots(slots, this.#revision)),
    );
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    this.#log.warn("slots.unsettled", messageOf(failed.reason));
    throw failed.reason;
  }

  #order(run: () => Promise<void>): Promise<void> {
    const result = this.#lastOrder.then(run);
    this.#lastOrder = result.catch(() => undefined);
    return result;
  }

  async #all(run: (worker: WorkerHandle) => Promise<void>): Promise<void> {
    await this.#each(run);
  }

  #each<T>(run: (worker: WorkerHandle) => Promise<T>): Promise<T[]> {
    return Promise.all([...this.#workers.values()].map(run));
  }

  /** A worker that doesn't answer holds up the figure, but questions don't pile up. */
  async #measureQps(): Promise<void> {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      const totals = await this.#each((worker) => worker.opsTotal());
      const total = totals.reduce((sum, calls) => sum + calls, 0);
      const now = performance.now();
      const elapsedMs = now - this.#qpsAtMs;
      if (elapsedMs > 0) {
        this.#qps = Math.max(0, Math.round(((total - this.#qpsTotal) * 1000) / elapsedMs));
      }
      this.#qpsTotal = total;
      this.#qpsAtMs = now;
    } finally {
      this.#isMeasuring = false;
    }
  }
}

/**
 * The revision of the first table is made of its content: after a restart with the same table the cursors of
 * before stay good, after one with another table they are seen to be old (all but one in a million).
 */
function firstRevision(records: readonly SlotRecord[]): number {
  const text = Buffer.from(JSON.stringify(records));
  return (crc32(text, 0, text.length) & FIRST_REVISION_MASK) + 1;
}

function hasOtherMaster(record: SlotRecord, before: SlotRecord | undefined): boolean {
  return record.backendAddr !== before?.backendAddr || record.migrateFrom !== before.migrateFrom;
}

/** One entry for each command that was called, over all workers. */
function mergeCommands(parts: readonly WorkerSnapshot[]): CommandFigures[] {
  const merged: CommandFigures[] = [];
  for (let id = 0; id <= COMMAND_COUNT; id++) {
    let calls = 0;
    for (const part of parts) calls += part.calls[id] ?? 0;
    if (calls === 0) continue;
    const buckets = new Float64Array(BUCKET_COUNT);
    let usecs = 0;
    let fails = 0;
    let redisErrors = 0;
    for (const part of parts) {
      usecs += part.usecs[id] ?? 0;
      fails += part.fails[id] ?? 0;
      redisErrors += part.redisErrors[id] ?? 0;
      for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        buckets[bucket] =
          (buckets[bucket] as number) + (part.buckets[id * BUCKET_COUNT + bucket] ?? 0);
      }
    }
    const name = id === COMMAND_COUNT ? "UNKNOWN" : commandName(id);
    merged.push({ name, calls, usecs: Math.round(usecs), fails, redisErrors, buckets });
  }
  return merged;
}
