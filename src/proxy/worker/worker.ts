/**
 * One worker: the data plane in one event loop. Puts the stages together (listener, sessions, dispatcher,
 * router, backends) and answers what runs it (`WorkerHandle`).
 *
 * Nothing here is on the way of a request, except `#accept` for each connection.
 */
import type { Log } from "../../base/log.ts";
import { VERSION } from "../../base/version.ts";
import { MOVER_NAME_PREFIX } from "../../migrate/doubt.ts";
import { parseListenAddr } from "../../model/address.ts";
import type { SlotCount, SlotRecord } from "../../model/slot.ts";
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { Connection } from "../../net/connection.ts";
import { look } from "../../net/freeze.ts";
import { collectGarbage } from "../../net/garbage.ts";
import { type Listener, listen } from "../../net/socket.ts";
import type { Backend, BackendEvents } from "../backend/backend.ts";
import { ServerLogin } from "../backend/server-login.ts";
import type { ProxyConfig } from "../config.ts";
import type { BackendFigures } from "../control.ts";
import type { ClientFilter, ClientInfo, HandlerEnv } from "../dispatch/context.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { KeyedDispatcher } from "../dispatch/keyed.ts";
import { matchesClient } from "../dispatch/local/client-filter.ts";
import { describeClient } from "../dispatch/local/client-line.ts";
import { localHandlers } from "../dispatch/local/local-handlers.ts";
import { REPLY_MAX_CLIENTS, REPLY_NOT_ONLINE } from "../dispatch/reply-text.ts";
import { ScriptCache } from "../dispatch/script-cache.ts";
import { RouterShardCaller } from "../dispatch/shard-caller.ts";
import { shardHandlers } from "../dispatch/shards/handler.ts";
import { createUnknownCommandHandler } from "../dispatch/unknown-command.ts";
import type { SlotMover } from "../mover/slot-mover.ts";
import type { MoveEvents, MoveOptions } from "../router/moving-slots.ts";
import { Router } from "../router/router.ts";
import { Session } from "../session/session.ts";
import { SESSION_ID_STEP, type SessionEnv } from "../session/session-env.ts";
import { CommandStats } from "../stats/command-stats.ts";
import { backendDefaults, replicaOptions } from "./backend-options.ts";
import type { WorkerHandle, WorkerHost, WorkerOptions, WorkerSnapshot } from "./contract.ts";
import { FreezeGuard } from "./freeze-guard.ts";

const TICK_MS = 100;
const TICKS_PER_SECOND = 10;
/** Requests wait meanwhile, for `migration_hold_timeout`. */
const MOVER_DIAL_TIMEOUT_MS = 2000;
/** Clients that are turned away while so many others read why are cut without a word. */
const REJECTED_MAX = 1000;
/** Of `worker_ack_timeout`: how long a backend may take to answer what it has before it is cut. */
const DRAIN_SHARE = 0.8;
/** Of `proxy_max_memory`: where reading from clients stops, and where it goes on. */
const MEMORY_HIGH_SHARE = 0.9;
const MEMORY_LOW_SHARE = 0.7;
/** Near the ceiling, sessions that hold no more than this are still read from. */
const MEMORY_INNOCENT_BYTES = 64 * 1024;

/** See the file head. */
export class Worker implements WorkerHandle, BackendEvents, MoveEvents {
  readonly #options: WorkerOptions;
  readonly #config: ProxyConfig;
  readonly #host: WorkerHost;
  readonly #log: Log;
  readonly #stats = new CommandStats();
  readonly #login: ServerLogin;
  readonly #router: Router;
  readonly #scripts: ScriptCache;
  readonly #shards: RouterShardCaller;
  readonly #sessionEnv: SessionEnv;
  readonly #sessions = new Set<Session>();
  /** Of them, those that were turned away and are about to close. */
  readonly #rejected = new Set<Session>();
  readonly #closedByReason: Record<string, number> = {};
  #listener: Listener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #freezeGuard: FreezeGuard | undefined;
  #tickCount = 0;
  #nextId: number;
  #isOnline = false;
  #isDraining = false;
  #isMemoryHigh = false;
  #sessionsTotal = 0;
  #sessionsRejected = 0;
  /** Of sessions that are gone. */
  #bytesReceived = 0;
  #bytesSent = 0;
  /** No master of the product lacks HELLO, as far as known. */
  #hasResp3 = true;
  #onEmpty: (() => void) | undefined;

  constructor(options: WorkerOptions, config: ProxyConfig, host: WorkerHost, log: Log) {
    this.#options = options;
    this.#config = config;
    this.#host = host;
    this.#log = log;
    this.#nextId = options.index + options.firstSessionNumber * SESSION_ID_STEP;
    this.#login = new ServerLogin(config.productAuth);
    const name = `codis-proxy-${options.token}-${options.index}`;
    const backend = backendDefaults(config, name, this.#login);
    this.#router = new Router(
      {
        slotCount: config.slotCount as SlotCount,
        laneCount: config.backendPrimaryParallel,
        slotHoldTimeoutMs: config.slotHoldTimeoutMs,
        drainTimeoutMs: config.workerAckTimeoutMs * DRAIN_SHARE,
        backend,
        moves: this.#moveOptions(),
        replicas: replicaOptions(config, backend, this, log),
      },
      this.#stats,
      this,
    );
    this.#shards = new RouterShardCaller(this.#router);
    this.#scripts = new ScriptCache(config.scriptCacheBytes);
    this.#scripts.onNew = (sha1, body) => host.shareScript(sha1, body);
    const keyed = new KeyedDispatcher(this.#router, this.#stats, this.#scripts, {
      isCrossSlotInGroupAllowed: config.crossSlotSameGroup,
      slotHoldTimeoutMs: config.slotHoldTimeoutMs,
    });
    const dispatcher = new Dispatcher(keyed, this.#stats, this.#createHandlerEnv(), {
      local: localHandlers,
      shards: shardHandlers,
      unknown: createUnknownCommandHandler((slot, db, keys) =>
        this.#shards.shardForKeys(slot, db, keys),
      ),
    });
    this.#sessionEnv = {
      router: this.#router,
      dispatcher,
      limits: {
        maxPipeline: config.sessionMaxPipeline,
        maxRequestBytes: config.sessionMaxRequestBytes,
        maxOutputBytes: config.sessionMaxOutputBytes,
        softOutputBytes: config.sessionSoftOutputBytes,
        recvTimeoutMs: config.sessionRecvTimeoutMs,
        sendTimeoutMs: config.sessionSendTimeoutMs,
        isBreakOnFailure: config.sessionBreakOnFailure,
      },
      readsFromReplicas: config.replicaReads === "all",
      onSessionClosed: (session, reason, detail) => this.#onSessionClosed(session, reason, detail),
    };
    this.#router.onChange(() => {
      for (const session of this.#sessions) session.onTableChanged();
    });
  }

  /** Listens and starts the clock. Throws `PORT_IN_USE`. Returns the port. */
  async listen(): Promise<number> {
    const { listenAddr, isIpv6Only, isPortShared } = this.#options;
    const keepAliveMs = this.#config.sessionKeepalivePeriodMs;
    const addr = listenAddr.startsWith("/")
      ? { path: listenAddr }
      : { ...(parseListenAddr(listenAddr) as { host: string; port: number }), isIpv6Only };
    this.#listener = await listen(addr, { keepAliveMs, isPortShared }, (connection) =>
      this.#accept(connection),
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#freezeGuard = new FreezeGuard({
      router: this.#router,
      host: this.#host,
      isRevocable: () => this.#login.user !== "",
      log: this.#log,
    });
    return this.#listener.port;
  }

  get index(): number {
    return this.#options.index;
  }

  /** The slot table now. */
  get records(): readonly SlotRecord[] {
    return this.#router.records;
  }

  async fillSlots(records: readonly SlotRecord[], revision?: number): Promise<void> {
    await this.#router.fill(records, revision);
  }

  async setLogin(user: string, password: string, isAnew: boolean): Promise<void> {
    this.#login.set(user, password);
    if (isAnew) this.#router.beginAnew("the proxy logs in anew");
  }

  async setOnline(isOnline: boolean): Promise<void> {
    this.#isOnline = isOnline;
  }

  async opsTotal(): Promise<number> {
    let total = 0;
    for (const calls of this.#stats.calls) total += calls;
    return total;
  }

  async snapshot(): Promise<WorkerSnapshot> {
    const cpu = process.cpuUsage();
    let received = this.#bytesReceived;
    let sent = this.#bytesSent;
    for (const session of this.#sessions) {
      received += session.output.connection.bytesIn;
      sent += session.output.connection.bytesOut;
    }
    return {
      index: this.#options.index,
      pid: process.pid,
      residentBytes: process.memoryUsage.rss(),
      cpuUserSeconds: cpu.user / 1e6,
      cpuSystemSeconds: cpu.system / 1e6,
      sessionsAlive: this.#sessions.size,
      sessionsTotal: this.#sessionsTotal,
      sessionsRejected: this.#sessionsRejected,
      sessionsClosed: { ...this.#closedByReason },
      bytesReceived: received,
      bytesSent: sent,
      bytesBuffered: memoryGauge.usedBytes,
      calls: this.#stats.calls,
      usecs: this.#stats.usecs,
      fails: this.#stats.fails,
      redisErrors: this.#stats.redisErrors,
      buckets: this.#stats.buckets,
      backends: [...this.#router.backends, ...(this.#router.replicas?.backends ?? [])].map(
        (backend) => this.#figuresOf(backend),
      ),
      moves: this.#router.moving.figures(),
      replicas: this.#router.replicas?.figures() ?? [],
    };
  }

  async resetStats(): Promise<void> {
    this.#stats.reset();
  }

  async forceGc(): Promise<void> {
    collectGarbage();
  }

  async setLogLevel(level: string): Promise<void> {
    this.#log.setLevel(level as Parameters<Log["setLevel"]>[0]);
  }

  async listClients(filter: ClientFilter): Promise<readonly ClientInfo[]> {
    const nowMs = performance.now();
    const found: ClientInfo[] = [];
    for (const session of this.#sessions) {
      const info = describeClient(session, nowMs);
      if (matchesClient(info, filter)) found.push(info);
    }
    return found;
  }

  async killClients(filter: ClientFilter): Promise<number> {
    const nowMs = performance.now();
    let count = 0;
    for (const session of [...this.#sessions]) {
      if (!matchesClient(describeClient(session, nowMs), filter)) continue;
      session.closeNow("killed");
      count++;
    }
    return count;
  }

  async addScript(sha1: string, body: Uint8Array): Promise<void> {
    this.#scripts.addShared(sha1, Buffer.from(body));
  }

  async clearScripts(): Promise<void> {
    this.#scripts.clear();
    for (const backend of this.#router.backends) backend.loadedScripts.clear();
  }

  async shutdown(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    this.#listener?.close();
    for (const session of [...this.#sessions]) session.drain();
    if (this.#sessions.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onEmpty = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    }
    for (const session of [...this.#sessions]) session.closeNow("shutdown");
    clearInterval(this.#timer);
    this.#freezeGuard?.close();
    this.#router.close();
  }

  onConnected(backend: Backend): void {
    const { addr, db, proto } = backend.settings;
    this.#log.debug("backend.connected", `connected to ${addr}`, { addr, db, proto });
  }

  onFailed(backend: Backend, cause: string): void {
    const { addr, db, proto } = backend.settings;
    const fields = { addr, db, proto, failures: backend.failureCount, down: backend.isDown };
    if (backend.isFirstFailure) {
      this.#log.warn("backend.failed", `backend ${addr}: ${cause}`, fields);
    } else {
      this.#log.debug("backend.failed", `backend ${addr}: ${cause}`, fields);
    }
  }

  onNoResp3(backend: Backend): void {
    if (!this.#hasResp3) return;
    this.#hasResp3 = false;
    const { addr } = backend.settings;
    this.#log.warn("backend.no_resp3", `${addr} doesn't know HELLO 3: clients get RESP2 only`, {
      addr,
    });
  }

  onDoubt({ source, target }: SlotMover): void {
    this.#log.warn(
      "move.doubt",
      `a broken transfer from ${source} may still arrive at ${target}: it is cleaned first`,
      { source, target },
    );
  }

  onTrouble({ source, target }: SlotMover, trouble: string | undefined): void {
    if (trouble === undefined) {
      this.#log.info("move.goes_on", `keys move from ${source} to ${target} again`, {
        source,
        target,
      });
    } else {
      this.#log.warn("move.trouble", `keys can't move from ${source} to ${target}: ${trouble}`, {
        source,
        target,
      });
    }
  }

  #moveOptions(): MoveOptions {
    const config = this.#config;
    const { token, index } = this.#options;
    return {
      holdTimeoutMs: config.migrationHoldTimeoutMs,
      mover: {
        name: `${MOVER_NAME_PREFIX}proxy-${token}-${index}`,
        user: "",
        password: config.productAuth,
        login: this.#login,
        dialTimeoutMs: MOVER_DIAL_TIMEOUT_MS,
        ioTimeoutMs: config.migrationIoTimeoutMs,
      },
      events: this,
    };
  }

  #createHandlerEnv(): HandlerEnv {
    const config = this.#config;
    return {
      shards: this.#shards,
      clients: {
        list: (filter) => this.#host.listClients(filter),
        kill: (filter) => this.#host.killClients(filter),
      },
      figures: () => this.#host.figures(),
      settings: {
        productName: config.productName,
        sessionAuth: config.sessionAuth,
        databaseCount: config.backendNumberDatabases,
        version: VERSION,
        proxyAddr: this.#options.listenAddr,
        proxyMaxClients: config.proxyMaxClients,
        sessionRecvTimeoutMs: config.sessionRecvTimeoutMs,
        crossSlotSameGroup: config.crossSlotSameGroup,
        readsFromReplicas: config.replicaReads === "all",
      },
      isResp3Available: () => this.#hasResp3,
      rememberScript: (sha1, body) => this.#scripts.remember(sha1, body),
      forgetScripts: async () => {
        await this.clearScripts();
        await this.#host.shareScriptFlush();
      },
    };
  }

  #accept(connection: Connection): void {
    const id = this.#nextId;
    this.#nextId += SESSION_ID_STEP;
    this.#sessionsTotal++;
    const isLoggedIn = this.#config.sessionAuth === "";
    const session = new Session(id, connection, isLoggedIn, this.#sessionEnv);
    this.#sessions.add(session);
    if (!this.#isOnline || this.#isDraining) {
      this.#reject(session, REPLY_NOT_ONLINE, "not_online");
      return;
    }
    const max = this.#config.proxyMaxClients;
    if (this.#admittedCount() + this.#host.sessionsElsewhere() > max) {
      this.#reject(session, REPLY_MAX_CLIENTS, "max_clients");
      return;
    }
    this.#host.setSessions(this.#admittedCount());
  }

  /** Sessions that count: those turned away linger only until they have read why. */
  #admittedCount(): number {
    return this.#sessions.size - this.#rejected.size;
  }

  #reject(session: Session, reply: Buffer, reason: string): void {
    this.#sessionsRejected++;
    this.#rejected.add(session);
    session.rejectWith(reply, reason);
    if (this.#rejected.size > REJECTED_MAX) session.closeNow(reason);
  }

  #onSessionClosed(session: Session, reason: string, detail: string): void {
    this.#sessions.delete(session);
    this.#rejected.delete(session);
    this.#host.setSessions(this.#admittedCount());
    this.#bytesReceived += session.output.connection.bytesIn;
    this.#bytesSent += session.output.connection.bytesOut;
    this.#closedByReason[reason] = (this.#closedByReason[reason] ?? 0) + 1;
    if (detail !== "") {
      const { id, addr } = session;
      this.#log.warn("session.closed", `session ${id} closed: ${detail}`, { id, addr, reason });
    }
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  #tick(): void {
    look();
    const nowMs = performance.now();
    this.#tickCount++;
    const isSecond = this.#tickCount % TICKS_PER_SECOND === 0;
    this.#router.tick(nowMs, isSecond);
    this.#checkMemory();
    if (!isSecond) return;
    for (const session of this.#sessions) session.tick(nowMs);
  }

  /** Near the ceiling sessions that hold much aren't read from; above it those that hold most are closed. */
  #checkMemory(): void {
    const max = this.#config.proxyMaxMemoryBytes / this.#config.workers;
    if (this.#config.proxyMaxMemoryBytes === 0) return;
    const used = memoryGauge.usedBytes;
    if (!this.#isMemoryHigh && used > max * MEMORY_HIGH_SHARE) {
      this.#isMemoryHigh = true;
      this.#log.warn(
        "memory.high",
        "buffers near proxy_max_memory: clients that hold much are not read from",
        {
          used,
          max,
        },
      );
    } else if (this.#isMemoryHigh && used < max * MEMORY_LOW_SHARE) {
      this.#isMemoryHigh = false;
      this.#log.info("memory.normal", "reading from clients goes on", { used, max });
      for (const session of this.#sessions) session.setMemoryPressure(false);
    }
    if (!this.#isMemoryHigh) return;
    // Who holds next to nothing isn't the cause, and goes on.
    for (const session of this.#sessions) {
      if (session.heldBytes > MEMORY_INNOCENT_BYTES) session.setMemoryPressure(true);
    }
    if (used > max) this.#closeLargest(used - max);
  }

  /** Closes the sessions that hold most, until so many bytes are given up. */
  #closeLargest(bytes: number): void {
    const held = [...this.#sessions].map((session) => ({ session, bytes: session.heldBytes }));
    held.sort((a, b) => b.bytes - a.bytes);
    let closedBytes = 0;
    for (const { session, bytes: own } of held) {
      if (closedBytes >= bytes || own === 0) return;
      closedBytes += own;
      session.closeNow(
        "memory_limit",
        `proxy_max_memory is reached and this session holds ${own} bytes`,
      );
    }
  }

  #figuresOf(backend: Backend): BackendFigures {
    const { addr, db, proto } = backend.settings;
    return {
      addr,
      db,
      proto,
      worker: this.#options.index,
      state: backend.isDown
        ? "down"
        : backend.state !== "ready"
          ? "connecting"
          : backend.isStale
            ? "stale"
            : "connected",
      inFlight: backend.inFlight.count,
      queuedBytes: backend.queuedBytes,
      connects: backend.connectCount,
      failures: backend.failureCount,
    };
  }
}
