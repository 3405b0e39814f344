/**
 * A dashboard in memory for tests of its HTTP port: remembers every order, does the simple ones to its
 * topology, says which addresses it would have connected to, and fails or waits on demand.
 */
import { CodisError } from "../../src/base/error.ts";
import type {
  AddServerOptions,
  DashboardControl,
  DashboardState,
  LeaderControl,
  ProductStorage,
  ProxyFigures,
  PushReport,
  SentinelFigures,
  SentinelGroup,
  ServerFigures,
  SlotAssignment,
} from "../../src/dashboard/control.ts";
import type { DashboardModel } from "../../src/model/dashboard-model.ts";
import { emptyGroup, type GroupRecord, type GroupServer } from "../../src/model/group.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import type { SlotCount, SlotRecord } from "../../src/model/slot.ts";
import { NO_SLOT_ACTION } from "../../src/model/slot-mapping.ts";
import { viewSlots } from "../../src/model/slot-view.ts";
import { emptyTopology, findServer, type Topology } from "../../src/model/topology/topology.ts";
import { FakeAvailability } from "./fake-availability-control.ts";
import { FakeMigration } from "./fake-migration-control.ts";
import { proxyModel } from "./topology-sample.ts";

/** The storage beside the topology, in memory. */
export class FakeStorage implements ProductStorage {
  readonly nodes = new Map<string, { data: string; version: number }>();
  /** Every path that was written, one list for each write. */
  readonly writes: string[][] = [];
  /** The next reads and writes fail with this, until it is taken away. */
  failure: Error | undefined;
  /** Writes wait for this. */
  gate: Promise<void> | undefined;
  #version = 0;

  async get(path: string) {
    this.#check();
    const node = this.nodes.get(path);
    return node === undefined ? undefined : { data: node.data, version: String(node.version) };
  }

  async readChildren(path: string) {
    this.#check();
    return [...this.nodes]
      .filter(([each]) => each.startsWith(`${path}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([each, { data, version }]) => ({ path: each, data, version: String(version) }));
  }

  async write(
    writes: readonly {
      readonly path: string;
      readonly data: string | undefined;
      readonly expected: string;
    }[],
  ): Promise<void> {
    await this.gate;
    this.#check();
    for (const { path, expected } of writes) {
      const found = this.nodes.get(path);
      const fits =
        expected === "any" ||
        (expected === "absent" ? found === undefined : String(found?.version) === expected);
      if (!fits) {
        throw new CodisError("COORDINATOR_CONFLICT", `${path} has another version`);
      }
    }
    this.writes.push(writes.map(({ path }) => path));
    for (const { path, data } of writes) {
      this.#version++;
      if (data === undefined) {
        this.nodes.delete(path);
      } else {
        this.nodes.set(path, { data, version: this.#version });
      }
    }
  }

  #check(): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
  }
}

/** The model of a proxy that a fake leader knows when it is asked to add one at this address. */
export function fakeProxyModel(adminAddr: string, changes: Partial<ProxyModel> = {}): ProxyModel {
  return proxyModel(1, {
    token: Buffer.from(adminAddr).toString("hex").padEnd(32, "0").slice(0, 32),
    adminAddr,
    proxyAddr: adminAddr.replace(/:\d+$/, ":19000"),
    ...changes,
  });
}

/** `LeaderControl` for tests. */
export class FakeLeader implements LeaderControl {
  readonly epoch: number;
  readonly storage: FakeStorage;
  readonly migration: FakeMigration;
  readonly availability: FakeAvailability;
  /** Orders in the order they came, as `name arguments`. */
  readonly orders: string[] = [];
  /** Addresses that a real leader would have connected to. */
  readonly connections: string[] = [];
  readonly servers = new Map<string, ServerFigures>();
  readonly proxies = new Map<string, ProxyFigures>();
  readonly sentinels = new Map<string, SentinelFigures>();
  readonly masters = new Map<number, string>();
  /** The next change fails with this. */
  failure: Error | undefined;
  /** Changes wait for this before they do anything. */
  gate: Promise<void> | undefined;
  #topology: Topology;
  readonly #listeners = new Set<(topology: Topology) => void>();

  constructor(
    options: {
      readonly epoch?: number;
      readonly storage?: FakeStorage;
      readonly slotCount?: SlotCount;
      readonly product?: string;
    } = {},
  ) {
    this.epoch = options.epoch ?? 3;
    this.storage = options.storage ?? new FakeStorage();
    this.#topology = { ...emptyTopology(options.product ?? "demo", options.slotCount ?? 1024) };
    this.migration = new FakeMigration({
      topology: () => this.#topology,
      change: (parts) => this.change(parts),
      take: (order) => this.#take(order),
    });
    this.availability = new FakeAvailability({
      topology: () => this.#topology,
      change: (parts) => this.change(parts),
      take: (order) => this.#take(order),
    });
  }

  topology(): Topology {
    return this.#topology;
  }

  /** Makes the next topology and tells the listeners. */
  change(parts: Partial<Topology>): void {
    this.#topology = { ...this.#topology, ...parts, revision: this.#topology.revision + 1 };
    for (const listener of this.#listeners) {
      listener(this.#topology);
    }
  }

  /** Puts a group in place, without an order. */
  setGroup(id: number, addrs: readonly string[], parts: Partial<GroupRecord> = {}): void {
    const group = { ...emptyGroup(id), servers: addrs.map((addr) => serverOf(addr, "")), ...parts };
    this.#setGroup(group);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  serverFigures(): ReadonlyMap<string, ServerFigures> {
    return this.servers;
  }

  proxyFigures(): ReadonlyMap<string, ProxyFigures> {
    return this.proxies;
  }

  slotTable(): readonly SlotRecord[] {
    const viewer = { datacenter: "", host: "", forwardMethod: 1, moveMethod: 2 } as const;
    return viewSlots(this.#topology, viewer).filter((slot) => slot !== undefined);
  }

  onChange(listener: (topology: Topology) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async reload(): Promise<void> {
    await this.#take("reload");
  }

  async createProxy(addr: string): Promise<ProxyModel> {
    await this.#take(`createProxy ${addr}`);
    this.connections.push(addr);
    const model = fakeProxyModel(addr);
    if (this.#topology.proxies.has(model.token)) {
      throw new CodisError("ALREADY_EXISTS", `proxy-[${model.token}] already exists`);
    }
    return this.#setProxy(model);
  }

  async onlineProxy(addr: string): Promise<ProxyModel> {
    await this.#take(`onlineProxy ${addr}`);
    this.connections.push(addr);
    return this.#setProxy(fakeProxyModel(addr));
  }

  async reinitProxy(token: string): Promise<void> {
    await this.#take(`reinitProxy ${token}`);
    this.#getProxy(token);
  }

  async removeProxy(token: string, isForced: boolean): Promise<void> {
    await this.#take(`removeProxy ${token} ${isForced}`);
    this.#getProxy(token);
    const proxies = new Map(this.#topology.proxies);
    proxies.delete(token);
    this.change({ proxies });
  }

  async createGroup(id: number): Promise<void> {
    await this.#take(`createGroup ${id}`);
    if (id < 1 || id > 9999) {
      throw new CodisError("ARGUMENT_INVALID", `invalid group id = ${id}, out of range`);
    }
    if (this.#topology.groups.has(id)) {
      throw new CodisError("ALREADY_EXISTS", `group-[${id}] already exists`);
    }
    this.#setGroup(emptyGroup(id));
  }

  async removeGroup(id: number): Promise<void> {
    await this.#take(`removeGroup ${id}`);
    if (this.#getGroup(id).servers.length > 0) {
      throw new CodisError("STATE_CONFLICT", `group-[${id}] isn't empty`);
    }
    const groups = new Map(this.#topology.groups);
    groups.delete(id);
    this.change({ groups });
  }

  async addServer(groupId: number, addr: string, options: AddServerOptions): Promise<void> {
    await this.#take(`addServer ${groupId} ${addr} ${options.datacenter} ${options.asReplica}`);
    const group = this.#getGroup(groupId);
    this.connections.push(addr);
    if (findServer(this.#topology, addr) !== undefined) {
      throw new CodisError("ALREADY_EXISTS", `server-[${addr}] already exists`);
    }
    const servers = [...group.servers, serverOf(addr, options.datacenter)];
    this.#setGroup({ ...group, servers });
  }

  async removeServer(groupId: number, addr: string): Promise<void> {
    await this.#take(`removeServer ${groupId} ${addr}`);
    const group = this.#getGroup(groupId);
    this.#getServer(addr);
    this.#setGroup({ ...group, servers: group.servers.filter((each) => each.addr !== addr) });
  }

  async setReplicaGroup(groupId: number, addr: string, isEnabled: boolean): Promise<void> {
    await this.#take(`setReplicaGroup ${groupId} ${addr} ${isEnabled}`);
    this.#getServer(addr);
    this.#changeServers(this.#getGroup(groupId), (server) =>
      server.addr === addr ? { ...server, isReplicaGroup: isEnabled } : server,
    );
  }

  async setAllReplicaGroups(isEnabled: boolean): Promise<void> {
    await this.#take(`setAllReplicaGroups ${isEnabled}`);
    for (const group of this.#topology.groups.values()) {
      this.#changeServers(group, (server) => ({ ...server, isReplicaGroup: isEnabled }));
    }
  }

  async resyncGroup(id: number): Promise<PushReport> {
    await this.#take(`resyncGroup ${id}`);
    this.#setGroup({ ...this.#getGroup(id), isOutOfSync: false });
    return this.#report();
  }

  async resyncAllGroups(): Promise<PushReport> {
    await this.#take("resyncAllGroups");
    return this.#report();
  }

  async createSyncAction(addr: string): Promise<void> {
    await this.#take(`createSyncAction ${addr}`);
    this.#setSync(addr, { index: 1, state: "pending" });
  }

  async removeSyncAction(addr: string): Promise<void> {
    await this.#take(`removeSyncAction ${addr}`);
    this.#setSync(addr, { index: 0, state: "" });
  }

  async slotKeys(addr: string): Promise<ReadonlyMap<number, number> | undefined> {
    // Servers with IPv6 addresses don't count.
    return addr.startsWith("[")
      ? undefined
      : new Map(this.#topology.slots.map(({ id }) => [id, id]));
  }

  async serverInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    this.connections.push(addr);
    return { redis_version: "7.0.15", role: "master" };
  }

  async assignSlots(assignments: readonly SlotAssignment[]): Promise<PushReport> {
    const list = assignments.map(({ id, groupId }) => `${id}:${groupId}`);
    await this.#take(`assignSlots ${list.length > 4 ? list.length : list.join(" ")}`);
    const slots = [...this.#topology.slots];
    for (const { id, groupId } of assignments) {
      if (slots[id] === undefined) {
        throw new CodisError("NOT_FOUND", `slot-[${id}] doesn't exist`);
      }
      if (groupId !== 0 && this.#getGroup(groupId).servers.length === 0) {
        throw new CodisError("STATE_CONFLICT", `group-[${groupId}] is empty`);
      }
      slots[id] = { id, groupId, action: NO_SLOT_ACTION };
    }
    this.change({ slots });
    return this.#report();
  }

  async addSentinel(addr: string): Promise<void> {
    await this.#take(`addSentinel ${addr}`);
    this.connections.push(addr);
    const { sentinel } = this.#topology;
    this.change({
      sentinel: { ...sentinel, servers: [...sentinel.servers, addr], outOfSync: true },
    });
  }

  async removeSentinel(addr: string, isForced: boolean): Promise<void> {
    await this.#take(`removeSentinel ${addr} ${isForced}`);
    const { sentinel } = this.#topology;
    if (!sentinel.servers.includes(addr)) {
      throw new CodisError("NOT_FOUND", `sentinel-[${addr}] not found`);
    }
    const servers = sentinel.servers.filter((each) => each !== addr);
    this.change({ sentinel: { ...sentinel, servers, outOfSync: true } });
  }

  async resyncSentinels(): Promise<void> {
    await this.#take("resyncSentinels");
    this.change({ sentinel: { ...this.#topology.sentinel, outOfSync: false } });
  }

  async sentinelInfo(addr: string): Promise<Readonly<Record<string, string>>> {
    this.connections.push(addr);
    return { redis_version: "7.0.15", sentinel_masters: "1" };
  }

  async monitoredBy(addr: string): Promise<Readonly<Record<string, SentinelGroup>>> {
    this.connections.push(addr);
    return this.sentinels.get(addr)?.groups ?? {};
  }

  sentinelFigures(): ReadonlyMap<string, SentinelFigures> {
    return this.sentinels;
  }

  sentinelMasters(): ReadonlyMap<number, string> {
    return this.masters;
  }

  async #take(order: string): Promise<void> {
    await this.gate;
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) {
      throw failure;
    }
    this.orders.push(order);
  }

  #report(): PushReport {
    return { synced: [...this.#topology.proxies.keys()], failed: [] };
  }

  #getGroup(id: number): GroupRecord {
    const group = this.#topology.groups.get(id);
    if (group === undefined) {
      throw new CodisError("NOT_FOUND", `group-[${id}] doesn't exist`);
    }
    return group;
  }

  #getServer(addr: string): GroupRecord {
    const place = findServer(this.#topology, addr);
    if (place === undefined) {
      throw new CodisError("NOT_FOUND", `server-[${addr}] doesn't exist`);
    }
    return place.group;
  }

  #getProxy(token: string): void {
    if (!this.#topology.proxies.has(token)) {
      throw new CodisError("NOT_FOUND", `proxy-[${token}] doesn't exist`);
    }
  }

  #setGroup(group: GroupRecord): void {
    const groups = new Map(this.#topology.groups).set(group.id, group);
    this.change({ groups: new Map([...groups].sort(([a], [b]) => a - b)) });
  }

  #changeServers(group: GroupRecord, change: (server: GroupServer) => GroupServer): void {
    this.#setGroup({ ...group, servers: group.servers.map(change) });
  }

  #setSync(addr: string, action: GroupServer["action"]): void {
    this.#changeServers(this.#getServer(addr), (server) =>
      server.addr === addr ? { ...server, action } : server,
    );
  }

  #setProxy(model: ProxyModel): ProxyModel {
    const known = this.#topology.proxies.get(model.token);
    const id = known?.id ?? this.#topology.proxies.size + 1;
    const proxies = new Map(this.#topology.proxies).set(model.token, { id, ...model });
    this.change({ proxies });
    return model;
  }
}

function serverOf(addr: string, datacenter: string): GroupServer {
  return { addr, datacenter, action: { index: 0, state: "" }, isReplicaGroup: false };
}

/** `DashboardControl` for tests: leads from the beginning. */
export class FakeDashboardControl implements DashboardControl {
  /** undefined: a standby, or not there yet. */
  current: FakeLeader | undefined;
  leaderAddress: string | undefined;
  stateNow: DashboardState = "leader";
  shutdowns = 0;
  readonly #model: DashboardModel;

  constructor(model: DashboardModel, leader: FakeLeader | undefined = new FakeLeader()) {
    this.#model = model;
    this.current = leader;
    this.leaderAddress = leader === undefined ? undefined : model.adminAddr;
  }

  state(): DashboardState {
    return this.stateNow;
  }

  model(): DashboardModel {
    return this.#model;
  }

  leader(): FakeLeader | undefined {
    return this.stateNow === "leader" ? this.current : undefined;
  }

  leaderAddr(): string | undefined {
    return this.leaderAddress;
  }

  waitingFor(): string | undefined {
    return this.stateNow === "starting" ? "the coordinator" : undefined;
  }

  async shutdown(): Promise<void> {
    this.shutdowns++;
    this.stateNow = "closed";
  }
}
