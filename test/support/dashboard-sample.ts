/**
 * A product in every state that an answer can show, for tests of a dashboard's answers: groups with a server
 * that is up, slow, broken and unseen, proxies of each kind, slots that are offline and that move.
 */
import type { ProxyStatsJson } from "../../src/api/proxy-stats.ts";
import type { ProxyFigures, ServerFigures } from "../../src/dashboard/control.ts";
import { emptyGroup, type GroupServer } from "../../src/model/group.ts";
import type { SlotMapping } from "../../src/model/slot-mapping.ts";
import { sampleFailover } from "./fake-availability-control.ts";
import { type FakeLeader, fakeProxyModel } from "./fake-dashboard-control.ts";

/** INFO of a master with two keys. */
export const MASTER_INFO: Readonly<Record<string, string>> = {
  connected_clients: "17",
  db0: "keys=2,expires=1,avg_ttl=896344",
  instantaneous_ops_per_sec: "1",
  maxmemory: "0",
  mem_allocator: "libc",
  redis_version: "7.0.15",
  role: "master",
  uptime_in_seconds: "158",
  used_memory: "3124008",
};

/** Statistics of a proxy, as recorded from Codis. */
const PROXY_STATS: ProxyStatsJson = {
  online: true,
  closed: false,
  sentinels: {},
  ops: { total: 1021, fails: 0, redis: { errors: 2 }, qps: 0 },
  sessions: { total: 89, alive: 0 },
  rusage: {
    now: "2026-11-21 07:03:50.213912931 +0000 UTC m=+157.156849177",
    cpu: 0.019985046928082797,
    mem: 229838848,
    raw: {
      utime: 880000000,
      stime: 700000000,
      cutime: 0,
      cstime: 0,
      num_threads: 7,
      vm_size: 1722134528,
      vm_rss: 229838848,
    },
  },
  backend: { primary_only: false },
};

/** The moment of every look, in milliseconds. */
export const LOOKED_AT_MS = 1_795_244_630_000;

/** A look at a server; up unless `changes` say otherwise. */
export function serverFigures(addr: string, changes: Partial<ServerFigures> = {}): ServerFigures {
  return {
    addr,
    info: MASTER_INFO,
    error: undefined,
    isTimedOut: false,
    atMs: LOOKED_AT_MS,
    ...changes,
  };
}

/** A look at a proxy; online and synced unless `changes` say otherwise. */
export function proxyFigures(token: string, changes: Partial<ProxyFigures> = {}): ProxyFigures {
  return {
    token,
    stats: PROXY_STATS,
    error: undefined,
    isTimedOut: false,
    atMs: LOOKED_AT_MS,
    table: "synced",
    revision: 1,
    ...changes,
  };
}

/** Addresses of group 1: master, a replica that times out, one that refuses, one that follows nobody. */
export const GROUP_ADDRS = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.4:6379"];
/** Tokens of the proxies, in order of their ids. */
export const PROXY_TOKENS = ["aa", "bb", "cc", "dd"].map((each) => each.repeat(16));

/** Fills the leader with the product. */
export function fillSample(leader: FakeLeader): void {
  const [master = "", slow = "", broken = "", loose = ""] = GROUP_ADDRS;
  const actions: readonly GroupServer["action"][] = [
    { index: 0, state: "" },
    { index: 1, state: "pending" },
    { index: 0, state: "synced_failed" },
    { index: 0, state: "" },
  ];
  const servers = GROUP_ADDRS.map((addr, index) => ({
    addr,
    datacenter: index === 1 ? "dc<2>" : "",
    action: actions[index] ?? { index: 0, state: "" as const },
    isReplicaGroup: index === 1,
  }));
  const groups = [
    { ...emptyGroup(1), servers, isOutOfSync: true },
    {
      ...emptyGroup(2),
      servers: [{ ...servers[0], addr: "[::1]:6379" } as GroupServer],
      promoting: { index: 0, state: "prepared" as const },
    },
    emptyGroup(3),
  ];
  const tokens = PROXY_TOKENS;
  const proxies = tokens.map((token, index) => ({
    id: index + 1,
    ...fakeProxyModel(`10.0.1.${index + 1}:11080`, {
      token,
      jodisPath: index === 1 ? `/jodis/demo/proxy-${token}` : "",
    }),
  }));
  leader.change({
    groups: new Map(groups.map((group) => [group.id, group])),
    proxies: new Map(proxies.map((proxy) => [proxy.token, proxy])),
    slots: leader.topology().slots.map(sampleSlot),
    sentinel: { servers: ["10.0.2.1:26379"], outOfSync: true },
    faults: ["/codis3/demo/group/group-0009: it isn't JSON"],
  });
  leader.servers.set(master, serverFigures(master, { functions: { mylib: "d1" } }));
  leader.servers.set("[::1]:6379", serverFigures("[::1]:6379", { functions: {} }));
  leader.servers.set(slow, serverFigures(slow, { info: undefined, isTimedOut: true }));
  leader.servers.set(
    broken,
    serverFigures(broken, { info: undefined, error: "dial tcp: connection refused" }),
  );
  leader.servers.set(loose, serverFigures(loose, { info: { ...MASTER_INFO, role: "master" } }));
  const [synced = "", old = "", gone = ""] = tokens;
  leader.proxies.set(synced, proxyFigures(synced));
  leader.proxies.set(old, proxyFigures(old, { table: "unknown", revision: undefined }));
  leader.proxies.set(
    gone,
    proxyFigures(gone, { stats: undefined, error: "no answer", table: "unreachable" }),
  );
}

/** Adds a story, faults and proxies that are gone to the product of `fillSample`. */
export function fillAvailability(leader: FakeLeader): void {
  const [gone = "", cut = ""] = PROXY_TOKENS;
  const { availability } = leader;
  availability.tell(sampleFailover());
  availability.faults = [
    {
      code: "MASTER_DOWN",
      groupId: 1,
      addr: "10.0.0.1:6379",
      stored: "master",
      real: "doesn't answer",
      sinceMs: LOOKED_AT_MS,
      isMendable: false,
      text: "the master of group 1 doesn't answer: start it, or promote a replica",
    },
    {
      code: "REPLICA_IS_MASTER",
      groupId: 1,
      addr: "10.0.0.4:6379",
      stored: "replica of 10.0.0.1:6379",
      real: "master",
      sinceMs: LOOKED_AT_MS,
      isMendable: true,
      text: "10.0.0.4:6379 says that it is a master: codis group repair 1",
    },
  ];
  const since = { sinceMs: LOOKED_AT_MS };
  availability.setFence({
    ...{ token: gone, state: "unprovable", proof: undefined, ...since },
    text: "it doesn't answer, and nothing proves that it can't write",
  });
  availability.setFence({
    ...{ token: cut, state: "fenced", proof: "servers-cut", ...since },
    text: "its user is deleted on all servers",
  });
}

function sampleSlot(slot: SlotMapping): SlotMapping {
  if (slot.id === 600) {
    return { ...slot, groupId: 1, action: { index: 1, state: "pending", targetId: 2 } };
  }
  if (slot.id === 601) {
    return { ...slot, groupId: 1, action: { index: 2, state: "migrating", targetId: 2 } };
  }
  return { ...slot, groupId: slot.id < 700 ? 1 : slot.id < 1000 ? 2 : 0 };
}
