/**
 * One reign over a product: everything that a dashboard does while it holds the lock, behind `LeaderControl`.
 * Puts the rooms together: the topology store, the fleet of proxies, the looks at servers, the replica
 * sync actions. Made by the election with each leadership, closed before the lock is given back.
 *
 * Every change goes the same way: ask the real servers or proxies if that is needed, commit a pure change of
 * the topology, and wait for the proxies to confirm what they are told. What can't be reached in time is
 * left to the fleet, which brings it up to date as soon as it answers.
 */
import { assert } from "../base/assert.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { CodisError, messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Coordinator, Leadership } from "../coordinator/coordinator.ts";
import {
  addServer,
  createGroup,
  removeGroup,
  removeServer,
  setAllReplicaGroups,
  setReplicaGroup,
} from "../model/change/group.ts";
import { addProxy, removeProxy, updateProxy } from "../model/change/proxy.ts";
import { assignSlots } from "../model/change/slot.ts";
import {
  createSyncAction,
  finishSyncAction,
  removeSyncAction,
  startSyncAction,
} from "../model/change/sync-action.ts";
import type { ProxyModel } from "../model/proxy-model.ts";
import { FORWARD_METHOD, type ForwardMethod, offlineSlot, type SlotRecord } from "../model/slot.ts";
import type { SlotMapping } from "../model/slot-mapping.ts";
import { viewSlots } from "../model/slot-view.ts";
import { getGroup, getProxy } from "../model/topology/guard.ts";
import { findServer, type Topology } from "../model/topology/topology.ts";
import { fetchInfo } from "../redis/server-command.ts";
import { Availability } from "./availability/availability.ts";
import type { DashboardConfig } from "./config/key.ts";
import type {
  AddServerOptions,
  AvailabilityControl,
  LeaderControl,
  MigrationControl,
  ProductStorage,
  ProxyFigures,
  PushReport,
  SentinelFigures,
  SentinelGroup,
  ServerFigures,
  SlotAssignment,
} from "./control.ts";
import { slotViewsOf } from "./fleet/desired-tables.ts";
import { Fleet } from "./fleet/fleet.ts";
import { ReplicaGate } from "./fleet/replica-gate.ts";
import { checkServer } from "./group/check-server.ts";
import { copyFunctions } from "./group/function-copy.ts";
import { refuseOutdatedCheck } from "./group/outdated-check.ts";
import { SyncActionExecutor } from "./group/sync-executor.ts";
import { Moving, type MovingOptions } from "./moving.ts";
import { ServerPoller } from "./stats/server-poller.ts";
import { readSlotKeys } from "./stats/slot-keys.ts";
import { SyncMarks } from "./sync-marks.ts";
import { TopologyStore } from "./topology/store.ts";

/** Longest wait for the INFO that an operator asks for. */
const INFO_TIMEOUT_MS = 2_000;

/** What a reign is made of. */
export interface LeaderOptions extends Pick<MovingOptions, "clientLatency"> {
  readonly coordinator: Coordinator;
  readonly leadership: Leadership;
  readonly config: DashboardConfig;
  readonly log: Log;
  readonly clock?: Clock;
}

/** See the file head. */
export class Leader implements LeaderControl {
  readonly storage: ProductStorage;
  readonly #options: LeaderOptions;
  readonly #clock: Clock;
  readonly #store: TopologyStore;
  /** How keys of moving slots are reached; told with every slot. */
  readonly #forwardMethod: ForwardMethod;
  readonly #moveMethodOf = (slot: SlotMapping): ForwardMethod => this.#movingNow.methodOf(slot);
  readonly #fleet: Fleet;
  readonly #replicaGate: ReplicaGate;
  readonly #poller: ServerPoller;
  readonly #syncExecutor: SyncActionExecutor;
  /** Always there once `begin` has resolved. */
  #moving: Moving | undefined;
  #availability: Availability | undefined;
  /** Of the servers that this leader has added; two names of one process may be checked at the same time. */
  readonly #runIdByAddr = new Map<string, string>();
  readonly #marks: SyncMarks;

  /** Reads the product and begins to rule it. Throws what the store's `open` throws. */
  static async begin(options: LeaderOptions): Promise<Leader> {
    const { coordinator, leadership, config, log } = options;
    const store = await TopologyStore.open({
      coordinator,
      leadership,
      product: config.productName,
      defaultSlotCount: config.slotCount,
      log,
    });
    const leader = new Leader(options, store);
    try {
      leader.#moving = await leader.#openMoving();
      leader.#availability = await leader.#openAvailability(leader.#moving);
      leader.#start();
    } catch (thrown) {
      await leader.close();
      throw thrown;
    }
    return leader;
  }

  private constructor(options: LeaderOptions, store: TopologyStore) {
    const { coordinator, leadership, config, log } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#store = store;
    this.#forwardMethod =
      config.migrationMethod === "sync" ? FORWARD_METHOD.sync : FORWARD_METHOD.semiAsync;
    this.storage = {
      get: (path) => coordinator.get(path),
      readChildren: (path) => coordinator.readChildren(path),
      write: async (writes) => {
        await leadership.write(writes);
      },
    };
    const figures = () => this.serverFigures();
    this.#replicaGate = new ReplicaGate({ figures, store, log, clock: this.#clock });
    this.#fleet = new Fleet({
      productName: config.productName,
      productAuth: config.productAuth,
      epoch: leadership.epoch,
      isLeader: () => leadership.isHeld(),
      log,
      slotViews: slotViewsOf(
        this.#forwardMethod,
        FORWARD_METHOD.migrate,
        this.#replicaGate,
        this.#moveMethodOf,
      ),
      onModelChanged: (token, model) => this.#onModelChanged(token, model),
      onOutdated: () => this.#onOutdated(),
      beforeFill: (token, model) => this.#availabilityNow.admit(token, model),
    });
    this.#marks = new SyncMarks({
      store,
      fleet: this.#fleet,
      timeoutMs: config.proxyPushTimeoutMs,
      clock: this.#clock,
      log,
    });
    this.#poller = new ServerPoller({ password: config.productAuth, log });
    this.#syncExecutor = new SyncActionExecutor({
      port: {
        topology: () => store.snapshot(),
        confirm: () => leadership.confirm(),
        markSyncing: async (addr) => {
          await store.commit(`sync ${addr}: begins`, (now) => startSyncAction(now, addr));
        },
        markFinished: async (addr, outcome) => {
          const isSynced = outcome === "synced";
          await store.commit(`sync ${addr}: ${outcome}`, (now) =>
            finishSyncAction(now, addr, isSynced),
          );
        },
      },
      password: config.productAuth,
      log,
    });
  }

  #openMoving(): Promise<Moving> {
    return Moving.open({
      ...this.#options,
      topology: this.#store,
      storage: this.storage,
      fleet: this.#fleet,
      serverFigures: () => this.serverFigures(),
      clock: this.#clock,
    });
  }

  #openAvailability(moving: Moving): Promise<Availability> {
    const { leadership, config, log } = this.#options;
    return Availability.open({
      config,
      epoch: leadership.epoch,
      topology: this.#store,
      whenSynced: (revision, timeoutMs) => this.#fleet.whenSynced(revision, timeoutMs),
      confirm: () => leadership.confirm(),
      serverFigures: () => this.serverFigures(),
      proxyFigures: () => this.proxyFigures(),
      storage: this.storage,
      fleet: this.#fleet,
      moving,
      clock: this.#clock,
      log,
    });
  }

  #start(): void {
    this.#store.onChange((topology) => this.#follow(topology));
    this.#follow(this.#store.snapshot());
    this.#poller.start();
    this.#replicaGate.start();
    this.#syncExecutor.start();
    this.#moving?.start();
    this.#availability?.start();
    this.#marks.start();
  }

  /** Whether the lock is held, as far as this process can know without asking. */
  isHeld(): boolean {
    return this.#options.leadership.isHeld();
  }

  /** Ends everything that runs; the lock is the caller's. */
  async close(): Promise<void> {
    this.#marks.close();
    this.#replicaGate.stop();
    // First of all, as their last steps need the others.
    await this.#availability?.close();
    await this.#moving?.close();
    await Promise.all([this.#syncExecutor.stop(), this.#fleet.close(), this.#poller.stop()]);
  }

  get epoch(): number {
    return this.#store.epoch;
  }

  topology(): Topology {
    return this.#store.snapshot();
  }

  serverFigures(): ReadonlyMap<string, ServerFigures> {
    return this.#poller.figures();
  }

  proxyFigures(): ReadonlyMap<string, ProxyFigures> {
    return this.#fleet.figures();
  }

  slotTable(): readonly SlotRecord[] {
    const [forwardMethod, moveMethodOf] = [this.#forwardMethod, this.#moveMethodOf];
    const moveMethod = FORWARD_METHOD.migrate;
    const viewer = { datacenter: "", host: "", forwardMethod, moveMethod, moveMethodOf };
    return viewSlots(this.topology(), viewer).map((slot, id) => slot ?? offlineSlot(id));
  }

  onChange(listener: (topology: Topology) => void): () => void {
    return this.#store.onChange(listener);
  }

  async reload(): Promise<void> {
    await this.#store.reload();
  }

  async createProxy(addr: string): Promise<ProxyModel> {
    const model = await this.#admit(addr);
    await this.#store.commit(`create proxy ${addr}`, (now) =>
      addProxy(now, model, this.#moveMethodOf),
    );
    await this.reinitProxy(model.token);
    return model;
  }

  async onlineProxy(addr: string): Promise<ProxyModel> {
    const model = await this.#admit(addr);
    await this.#store.commit(`online proxy ${addr}`, (now) =>
      now.proxies.has(model.token)
        ? updateProxy(now, model)
        : addProxy(now, model, this.#moveMethodOf),
    );
    await this.reinitProxy(model.token);
    return model;
  }

  async reinitProxy(token: string): Promise<void> {
    getProxy(this.topology(), token);
    await this.#fleet.reinit(token, this.#options.config.proxyPushTimeoutMs);
  }

  async removeProxy(token: string, isForced: boolean): Promise<void> {
    const proxy = getProxy(this.topology(), token);
    try {
      await this.#fleet.shutdownProxy(token);
    } catch (thrown) {
      if (!isForced) {
        throw thrown;
      }
      this.#options.log.warn("proxy.left", `${proxy.adminAddr} is forgotten without a shutdown`, {
        error: thrown,
      });
    }
    await this.#store.commit(`remove proxy ${token}`, (now) => removeProxy(now, token));
  }

  async createGroup(id: number): Promise<void> {
    await this.#store.commit(`create group ${id}`, (now) => createGroup(now, id));
  }

  async removeGroup(id: number): Promise<void> {
    await this.#store.commit(`remove group ${id}`, (now) => removeGroup(now, id));
  }

  async addServer(groupId: number, addr: string, options: AddServerOptions): Promise<void> {
    const topology = this.topology();
    // What is wrong without asking the server is said first, and fast.
    addServer(topology, groupId, addr, options.datacenter);
    const isMaster = getGroup(topology, groupId).servers.length === 0;
    const password = this.#options.config.productAuth;
    const { runId } = await checkServer({
      addr,
      groupId,
      role: isMaster ? "master" : "replica",
      topology,
      password,
      figures: this.serverFigures(),
      allowForeignKeys: options.adopt,
      allowDataLoss: options.discardData,
    });
    if (isMaster) {
      const report = await copyFunctions({ addr, groupId, topology, password });
      for (const line of report.skipped) {
        this.#options.log.warn("functions.skipped", line, { group: groupId });
      }
      await this.#movingNow.forgetLeft(groupId);
    }
    await this.#store.commit(`add server ${addr} to group ${groupId}`, (now) => {
      const after = addServer(now, groupId, addr, options.datacenter);
      const checked = { addr, groupId, runId, isMaster };
      refuseOutdatedCheck(checked, topology, now, this.#runIdByAddr);
      this.#runIdByAddr.set(addr, runId);
      return options.asReplica && !isMaster ? createSyncAction(after, addr) : after;
    });
  }

  async removeServer(groupId: number, addr: string): Promise<void> {
    await this.#store.commit(`remove server ${addr} from group ${groupId}`, (now) =>
      removeServer(now, groupId, addr),
    );
    // Proxies may read from it; whoever removes it will end it next.
    await this.#marks.push();
  }

  async setReplicaGroup(groupId: number, addr: string, isEnabled: boolean): Promise<void> {
    await this.#store.commit(`replica group of ${addr}: ${isEnabled}`, (now) =>
      setReplicaGroup(now, groupId, addr, isEnabled),
    );
    await this.#marks.push();
  }

  async setAllReplicaGroups(isEnabled: boolean): Promise<void> {
    await this.#store.commit(`replica groups: ${isEnabled}`, (now) =>
      setAllReplicaGroups(now, isEnabled),
    );
    await this.#marks.push();
  }

  async resyncGroup(id: number): Promise<PushReport> {
    getGroup(this.topology(), id);
    return this.#refillAll();
  }

  resyncAllGroups(): Promise<PushReport> {
    return this.#refillAll();
  }

  async createSyncAction(addr: string): Promise<void> {
    await this.#store.commit(`create sync action of ${addr}`, (now) => createSyncAction(now, addr));
  }

  async removeSyncAction(addr: string): Promise<void> {
    await this.#store.commit(`remove sync action of ${addr}`, (now) => removeSyncAction(now, addr));
  }

  slotKeys(addr: string): Promise<ReadonlyMap<number, number> | undefined> {
    return readSlotKeys(addr, this.#options.config.productAuth);
  }

  serverInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    const place = findServer(this.topology(), addr);
    if (place === undefined) {
      throw new CodisError("NOT_FOUND", `server-[${addr}] doesn't exist`);
    }
    return fetchInfo({
      addr,
      password: this.#options.config.productAuth,
      connectTimeoutMs: INFO_TIMEOUT_MS,
      callTimeoutMs: INFO_TIMEOUT_MS,
    });
  }

  async assignSlots(assignments: readonly SlotAssignment[]): Promise<PushReport> {
    const assign = (now: Topology): Topology =>
      assignSlots(now, assignments, { repairsFaults: true });
    // What is wrong is said before slots that move are let go of.
    assign(this.topology());
    await this.#movingNow.assignSlots(assignments, () =>
      this.#store.commit(`assign ${assignments.length} slots`, assign),
    );
    return this.#marks.push();
  }

  get migration(): MigrationControl {
    return this.#movingNow.control;
  }

  get availability(): AvailabilityControl {
    return this.#availabilityNow.control;
  }

  get #availabilityNow(): Availability {
    assert(this.#availability !== undefined, "a leader has begun before anybody uses it");
    return this.#availability;
  }

  get #movingNow(): Moving {
    assert(this.#moving !== undefined, "a leader has begun before anybody uses it");
    return this.#moving;
  }

  addSentinel(addr: string): Promise<void> {
    return this.#availabilityNow.sentinels.add(addr);
  }

  removeSentinel(addr: string, isForced: boolean): Promise<void> {
    return this.#availabilityNow.sentinels.remove(addr, isForced);
  }

  resyncSentinels(): Promise<void> {
    return this.#availabilityNow.sentinels.resync();
  }

  sentinelInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    return this.#availabilityNow.sentinels.sentinelInfo(addr);
  }

  monitoredBy(addr: string): Promise<Readonly<Record<string, SentinelGroup>>> {
    return this.#availabilityNow.sentinels.monitoredBy(addr);
  }

  sentinelFigures(): ReadonlyMap<string, SentinelFigures> {
    return this.#availabilityNow.sentinels.figures();
  }

  sentinelMasters(): ReadonlyMap<number, string> {
    return this.#availabilityNow.sentinels.masters();
  }

  /** Everybody and everything else follows the new topology. */
  #follow(topology: Topology): void {
    this.#replicaGate.follow(topology);
    this.#fleet.setTopology(topology);
    const servers = [...topology.groups.values()].flatMap((group) => group.servers);
    this.#poller.setServers(servers.map((server) => server.addr));
  }

  /** The model of a proxy that may become one of the product. */
  async #admit(addr: string): Promise<ProxyModel> {
    const model = await this.#fleet.fetchModel(addr);
    await this.#fleet.checkXauth(addr, model);
    return model;
  }

  /** Pushes everything again, also to proxies that seem to have it. */
  async #refillAll(): Promise<PushReport> {
    const { proxies } = this.topology();
    const timeoutMs = this.#options.config.proxyPushTimeoutMs;
    const pushes = [...proxies.keys()].map((token) => this.#fleet.reinit(token, timeoutMs));
    // What failed is told by the report below, and tried again by the fleet.
    await Promise.allSettled(pushes);
    return this.#marks.push();
  }

  #onModelChanged(token: string, model: ProxyModel): void {
    this.#store
      .commit(`proxy ${token} has restarted`, (now) =>
        now.proxies.has(token) ? updateProxy(now, model) : now,
      )
      .catch((error: unknown) => {
        this.#options.log.warn("proxy.model_not_stored", messageOf(error), { error });
      });
  }

  /** A proxy has heard a newer leader: the lock tells whether that is true. */
  #onOutdated(): void {
    this.#options.leadership.confirm().catch((error: unknown) => {
      this.#options.log.warn("leader.outdated", messageOf(error), { error });
    });
  }
}
