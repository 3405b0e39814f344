/**
 * What the paths of Codis 2.0 answer that are still read: the product in the JSON of its old tree. States
 * that 2.0 knew are `online`, `offline`, `migrate` and `pre_migrate` for slots, `online` and `offline` for
 * proxies; times of the last change aren't kept any more and are `0`.
 */
import { isMoving, legacyGroupJson, legacySlotJson } from "../../../api/legacy-json.ts";
import type { LegacyReadName } from "../../../api/legacy-route.ts";
import { CodisError } from "../../../base/error.ts";
import type { GroupRecord } from "../../../model/group.ts";
import { legacyProxyJson, legacyProxyName } from "../../../model/legacy-proxy-record.ts";
import type { ProxyRecord } from "../../../model/proxy-record.ts";
import type { SlotMapping } from "../../../model/slot-mapping.ts";
import { findServer } from "../../../model/topology/topology.ts";
import type { LeaderControl } from "../../control.ts";
import { addrParam, intParam, type PathParams } from "../topom/argument.ts";
import { listTasks } from "./migrate-task.ts";

type Read = (leader: LeaderControl, params: PathParams) => unknown;

/** The value of each answer. */
export const LEGACY_HANDLERS: Readonly<Record<LegacyReadName, Read>> = {
  overview: describeOverview,
  serverGroups: (leader) =>
    [...leader.topology().groups.values()].map((group) => groupToJson(leader, group)),
  serverGroup: (leader, params) => {
    const id = intParam(params, "id");
    const group = leader.topology().groups.get(id);
    if (group === undefined) {
      throw new CodisError("NOT_FOUND", `group-[${id}] doesn't exist`);
    }
    return groupToJson(leader, group);
  },
  slots: (leader) => leader.topology().slots.map((slot) => slotToJson(leader, slot)),
  slotList: (leader) => leader.topology().slots.map((slot) => slotToJson(leader, slot)),
  slot: (leader, params) => {
    const id = intParam(params, "id");
    const slot = leader.topology().slots[id];
    if (slot === undefined) {
      throw new CodisError("NOT_FOUND", `slot-[${id}] doesn't exist`);
    }
    return slotToJson(leader, slot);
  },
  proxyList: (leader) =>
    [...leader.topology().proxies.values()].map((proxy) => proxyToJson(leader, proxy)),
  migrateStatus: (leader) => ({
    migrate_slots: leader
      .topology()
      .slots.filter(isMoving)
      .map((slot) => slotToJson(leader, slot)),
    migrate_task: listTasks(leader, "migrating")[0] ?? null,
  }),
  migrateTasks: (leader) => listTasks(leader, "pending"),
  redisStat: (leader, params) => {
    const addr = addrParam(params, "server");
    // Only servers of the product are connected to.
    if (findServer(leader.topology(), addr) === undefined) {
      throw new CodisError("NOT_FOUND", `server-[${addr}] doesn't exist`);
    }
    return leader.serverInfo(addr);
  },
};

function describeOverview(leader: LeaderControl) {
  const { product, groups } = leader.topology();
  const figures = leader.serverFigures();
  const masters = [...groups.values()].flatMap((group) => group.servers.slice(0, 1));
  let ops = 0;
  for (const { stats } of leader.proxyFigures().values()) {
    ops += stats?.ops.qps ?? 0;
  }
  return {
    ops,
    product,
    redis_infos: masters.flatMap(({ addr }) => {
      const info = figures.get(addr)?.info;
      return info === undefined ? [] : [info];
    }),
  };
}

function groupToJson(leader: LeaderControl, group: GroupRecord) {
  const addrs = group.servers.map(({ addr }) => addr);
  return legacyGroupJson(leader.topology().product, group.id, addrs);
}

function slotToJson(leader: LeaderControl, slot: SlotMapping) {
  return legacySlotJson(leader.topology().product, slot);
}

function proxyToJson(leader: LeaderControl, proxy: ProxyRecord) {
  const stats = leader.proxyFigures().get(proxy.token)?.stats;
  const name = legacyProxyName(proxy) ?? `proxy_${proxy.id}`;
  return legacyProxyJson(name, stats?.online === true ? "online" : "offline", proxy);
}
