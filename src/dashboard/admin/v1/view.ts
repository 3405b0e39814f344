/**
 * Groups, servers, slots and proxies of the leader in the form of `/api/v1`: what is stored, and the last
 * look at it.
 */
import type {
  V1Group,
  V1Proxy,
  V1SentinelList,
  V1Server,
  V1Slot,
  V1SlotRange,
} from "../../../api/v1-topology-schema.ts";
import { CodisError } from "../../../base/error.ts";
import { type GroupRecord, type GroupServer, masterAddrOf } from "../../../model/group.ts";
import { METHOD_NAMES } from "../../../model/move-method.ts";
import type { ProxyRecord } from "../../../model/proxy-record.ts";
import { FORWARD_METHOD } from "../../../model/slot.ts";
import type { SlotMapping } from "../../../model/slot-mapping.ts";
import { type SlotSpan, spansOf } from "../../../model/slot-range.ts";
import { infoKeys, infoMaster, infoNumber, type ServerInfo } from "../../../redis/info.ts";
import { replicationOf } from "../../../redis/replication.ts";
import type { LeaderControl, ProxyFigures, ServerFigures } from "../../control.ts";
import { viewFault, viewFence } from "./availability-view.ts";

/** Epoch and revision of the leader's topology. */
export function viewVersion(leader: LeaderControl): { epoch: number; revision: number } {
  return { epoch: leader.epoch, revision: leader.topology().revision };
}

/** All groups with their slots, in order of their ids. */
export function viewGroups(leader: LeaderControl): readonly V1Group[] {
  const slots = slotsByGroup(leader);
  return [...leader.topology().groups.values()].map((group) => viewGroup(leader, group, slots));
}

/** One group. Throws NOT_FOUND. */
export function viewGroupById(leader: LeaderControl, groupId: number): V1Group {
  return viewGroup(leader, getGroup(leader, groupId), slotsByGroup(leader));
}

/** Throws NOT_FOUND. */
export function getGroup(leader: LeaderControl, groupId: number): GroupRecord {
  const group = leader.topology().groups.get(groupId);
  if (group === undefined) {
    throw new CodisError("NOT_FOUND", `group-[${groupId}] doesn't exist`);
  }
  return group;
}

/** One server of a group. Throws NOT_FOUND. */
export function viewServer(leader: LeaderControl, groupId: number, addr: string): V1Server {
  const group = getGroup(leader, groupId);
  const index = group.servers.findIndex((server) => server.addr === addr);
  const server = group.servers[index];
  if (server === undefined) {
    throw new CodisError("NOT_FOUND", `group-[${groupId}] doesn't have server-[${addr}]`);
  }
  return describeServer(leader, group, server, index);
}

/** Slot ids by the group that owns them; 0 are the offline ones. */
function slotsByGroup(leader: LeaderControl): ReadonlyMap<number, readonly number[]> {
  const byGroup = new Map<number, number[]>();
  for (const slot of leader.topology().slots) {
    const ids = byGroup.get(slot.groupId) ?? [];
    ids.push(slot.id);
    byGroup.set(slot.groupId, ids);
  }
  return byGroup;
}

function viewGroup(
  leader: LeaderControl,
  group: GroupRecord,
  slots: ReadonlyMap<number, readonly number[]>,
): V1Group {
  const ids = slots.get(group.id) ?? [];
  return {
    id: group.id,
    servers: group.servers.map((server, index) => describeServer(leader, group, server, index)),
    slots: { count: ids.length, ranges: spansOf(ids).map(copySpan) },
    promoting: group.promoting.state === "" ? null : { ...group.promoting },
    out_of_sync: group.isOutOfSync,
    faults: leader.availability
      .replicationFaults()
      .filter(({ groupId }) => groupId === group.id)
      .map(viewFault),
  };
}

function copySpan({ from, to }: SlotSpan): { from: number; to: number } {
  return { from, to };
}

function describeServer(
  leader: LeaderControl,
  group: GroupRecord,
  server: GroupServer,
  index: number,
): V1Server {
  const figures = leader.serverFigures().get(server.addr);
  const info = figures?.info;
  const { action } = server;
  return {
    addr: server.addr,
    group_id: group.id,
    role: index === 0 ? "master" : "replica",
    datacenter: server.datacenter,
    replica_reads: server.isReplicaGroup,
    sync: action.state === "" ? null : { state: action.state, index: action.index },
    status: serverStatus(figures),
    error: figures?.error ?? null,
    observed_at: timeOf(figures?.atMs),
    reported_role: info?.["role"] ?? null,
    reported_master: infoMaster(info) ?? null,
    master_link: info?.["master_link_status"] ?? null,
    lag_bytes: index === 0 ? null : (lagOf(leader, group, info) ?? null),
    lag_seconds: index === 0 ? null : (lagSecondsOf(leader, group, server.addr) ?? null),
    hit_ratio: hitRatioOf(info) ?? null,
    faults: leader.availability
      .replicationFaults()
      .filter(({ groupId, addr }) => groupId === group.id && addr === server.addr)
      .map(({ code }) => code),
    redis_version: info?.["redis_version"] ?? null,
    uptime_seconds: infoNumber(info, "uptime_in_seconds") ?? null,
    keys: infoKeys(info) ?? null,
    memory_bytes: infoNumber(info, "used_memory") ?? null,
    memory_max_bytes: infoNumber(info, "maxmemory") ?? null,
    clients: infoNumber(info, "connected_clients") ?? null,
    ops_per_second: infoNumber(info, "instantaneous_ops_per_sec") ?? null,
    functions: figures?.functions === undefined ? null : { ...figures.functions },
  };
}

/**
 * Bytes of the master's stream that the replica hadn't got; undefined when that can't be said: another stream, a
 * master that doesn't answer. The two are looked at one after the other, so a small lag may be shown as none.
 */
function lagOf(
  leader: LeaderControl,
  group: GroupRecord,
  info: ServerInfo | undefined,
): number | undefined {
  const masterInfo = leader.serverFigures().get(masterAddrOf(group))?.info;
  const replica = info && replicationOf(info);
  const master = masterInfo && replicationOf(masterInfo);
  if (
    replica?.role !== "replica" ||
    replica.offset === undefined ||
    master?.offset === undefined ||
    master.streamId !== replica.streamId
  ) {
    return undefined;
  }
  return Math.max(0, master.offset - replica.offset);
}

/**
 * Seconds since the master heard from the replica; undefined when the master doesn't name it. A replica that confirms
 * every second is one second late at most, which counts as none.
 */
function lagSecondsOf(leader: LeaderControl, group: GroupRecord, addr: string): number | undefined {
  const masterInfo = leader.serverFigures().get(masterAddrOf(group))?.info;
  const replicas = (masterInfo && replicationOf(masterInfo))?.replicas ?? [];
  // The master sees an IP, also where a name is stored; then the port has to tell which one it is.
  const port = addr.slice(addr.lastIndexOf(":"));
  const samePort = replicas.filter((replica) => replica.addr.endsWith(port));
  const own = replicas.find((replica) => replica.addr === addr);
  const seconds = (own ?? (samePort.length === 1 ? samePort[0] : undefined))?.lagSeconds;
  return seconds === undefined || seconds > 1 ? seconds : 0;
}

function hitRatioOf(info: ServerInfo | undefined): number | undefined {
  const hits = infoNumber(info, "keyspace_hits") ?? 0;
  const misses = infoNumber(info, "keyspace_misses") ?? 0;
  return hits + misses === 0 ? undefined : Math.round((1000 * hits) / (hits + misses)) / 1000;
}

/** What the last look at a server or a sentinel found. */
export function serverStatus(
  figures: Pick<ServerFigures, "info" | "error" | "isTimedOut"> | undefined,
): V1Server["status"] {
  if (figures === undefined) {
    return "unknown";
  }
  if (figures.isTimedOut) {
    return "timeout";
  }
  return figures.info === undefined || figures.error !== undefined ? "error" : "up";
}

/** What the last look at a proxy found. */
export function proxyStatus(figures: ProxyFigures | undefined): V1Proxy["status"] {
  if (figures === undefined) {
    return "unknown";
  }
  if (figures.isTimedOut) {
    return "timeout";
  }
  if (figures.error !== undefined) {
    return "error";
  }
  if (figures.stats === undefined) {
    return "unknown"; // Nobody has looked yet.
  }
  if (figures.stats.closed) {
    return "closed";
  }
  return figures.stats.online ? "online" : "waiting";
}

/** All proxies, in order of their ids. */
export function viewProxies(leader: LeaderControl): readonly V1Proxy[] {
  return [...leader.topology().proxies.values()]
    .sort((a, b) => a.id - b.id)
    .map((proxy) => describeProxy(leader, proxy));
}

/** One proxy. Throws NOT_FOUND. */
export function viewProxy(leader: LeaderControl, token: string): V1Proxy {
  const proxy = leader.topology().proxies.get(token);
  if (proxy === undefined) {
    throw new CodisError("NOT_FOUND", `proxy-[${token}] doesn't exist`);
  }
  return describeProxy(leader, proxy);
}

function describeProxy(leader: LeaderControl, proxy: ProxyRecord): V1Proxy {
  const figures = leader.proxyFigures().get(proxy.token);
  const stats = figures?.stats;
  const fence = leader.availability.fences().get(proxy.token);
  return {
    id: proxy.id,
    token: proxy.token,
    proxy_addr: proxy.proxyAddr,
    admin_addr: proxy.adminAddr,
    proto_type: proxy.protoType,
    datacenter: proxy.datacenter,
    hostname: proxy.hostname,
    pid: proxy.pid,
    start_time: proxy.startTime,
    jodis_path: proxy.jodisPath,
    status: proxyStatus(figures),
    error: figures?.error ?? null,
    observed_at: timeOf(figures?.atMs),
    table: figures?.table ?? "pending",
    confirmed_revision: figures?.revision ?? null,
    fence: fence === undefined ? null : viewFence(fence),
    sessions: stats?.sessions.alive ?? null,
    sessions_opened: stats?.sessions.total ?? null,
    ops: stats?.ops.total ?? null,
    ops_failed: stats?.ops.fails ?? null,
    redis_errors: stats?.ops.redis.errors ?? null,
    ops_per_second: stats?.ops.qps ?? null,
    memory_bytes: stats?.rusage.mem ?? null,
    cpu: stats?.rusage.cpu ?? null,
  };
}

/** The sentinels. */
export function viewSentinels(leader: LeaderControl): V1SentinelList {
  const { servers, outOfSync } = leader.topology().sentinel;
  return {
    ...viewVersion(leader),
    items: [...servers],
    out_of_sync: outOfSync,
    looks: servers.map((addr) => viewSentinel(leader, addr)),
    masters: [...leader.sentinelMasters()].map(([groupId, addr]) => ({ group_id: groupId, addr })),
  };
}

function viewSentinel(leader: LeaderControl, addr: string): V1SentinelList["looks"][number] {
  const figures = leader.sentinelFigures().get(addr);
  const prefix = `${leader.topology().product}-`;
  const names = figures?.groups === undefined ? undefined : Object.keys(figures.groups);
  return {
    addr,
    status: serverStatus(figures),
    error: figures?.error ?? null,
    observed_at: timeOf(figures?.atMs),
    redis_version: figures?.info?.["redis_version"] ?? null,
    watched_group_ids:
      names
        ?.map((name) => (name.startsWith(prefix) ? Number(name.slice(prefix.length)) : 0))
        .filter((id) => id > 0)
        .sort((a, b) => a - b) ?? null,
  };
}

/** Slots as ranges in order; a slot with an action is a range of its own. */
export function viewRanges(slots: readonly SlotMapping[]): readonly V1SlotRange[] {
  const ranges: V1SlotRange[] = [];
  for (const slot of slots) {
    const action = describeAction(slot);
    const last = ranges.at(-1);
    const isNext = last?.to === slot.id - 1 && last.group_id === slot.groupId;
    if (last !== undefined && isNext && last.action === null && action === null) {
      last.to = slot.id;
    } else {
      ranges.push({ from: slot.id, to: slot.id, group_id: slot.groupId, action });
    }
  }
  return ranges;
}

/** One slot, with its keys where servers count them. Throws NOT_FOUND. */
export async function viewSlot(leader: LeaderControl, id: number): Promise<V1Slot> {
  const slot = leader.topology().slots[id];
  if (slot === undefined) {
    throw new CodisError("NOT_FOUND", `slot-[${id}] doesn't exist`);
  }
  const told = leader.slotTable().find((record) => record.id === id);
  const [keys, keysToCome] = await Promise.all(
    [told?.backendAddr, told?.migrateFrom].map(async (addr) => {
      const counts = await countKeys(leader, addr ?? "");
      return counts === undefined ? undefined : (counts.get(id) ?? 0);
    }),
  );
  return {
    id,
    group_id: slot.groupId,
    action: describeAction(slot),
    locked: told?.locked ?? false,
    backend_addr: orNull(told?.backendAddr),
    migrate_from: orNull(told?.migrateFrom),
    forward_method: METHOD_NAMES[told?.forwardMethod ?? FORWARD_METHOD.sync],
    keys: keys ?? null,
    keys_to_come: keysToCome ?? null,
    replica_groups: (told?.replicaGroups ?? []).map((group) => [...group]),
  };
}

/**
 * Keys of slots at a server; undefined when it can't tell or doesn't answer: what is known without it is shown all
 * the same. An empty address is no server.
 */
export async function countKeys(
  leader: LeaderControl,
  addr: string,
): Promise<ReadonlyMap<number, number> | undefined> {
  try {
    return addr === "" ? undefined : await leader.slotKeys(addr);
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      return undefined;
    }
    throw thrown;
  }
}

function describeAction({ action }: SlotMapping): V1SlotRange["action"] {
  return action.state === ""
    ? null
    : { state: action.state, index: action.index, target_id: action.targetId };
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

function timeOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
