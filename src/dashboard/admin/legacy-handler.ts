/**
 * What the paths of Codis 2.0 answer that are still read: the product in the JSON of its old tree. States
 * that 2.0 knew are `online`, `offline`, `migrate` and `pre_migrate` for slots, `online` and `offline` for
 * proxies; times of the last change aren't kept any more and are `0`.
 */
import type { LegacyReadName } from "../../api/legacy-route.ts";
import { CodisError } from "../../base/error.ts";
import type { GroupRecord } from "../../model/group.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import { findServer } from "../../model/topology.ts";
import type { LeaderControl } from "../control.ts";
import { addrParam, intParam, type PathParams } from "./topom-argument.ts";

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
      .map((slot) => slot.id),
    migrate_task: null,
  }),
  migrateTasks: (leader) =>
    leader
      .topology()
      .slots.filter((slot) => slot.action.state !== "" && !isMoving(slot))
      .map((slot) => slotToJson(leader, slot)),
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
  return {
    id: group.id,
    product_name: leader.topology().product,
    servers: group.servers.map(({ addr }, index) => ({
      // The word of 2.0 for a replica, which its scripts look for.
      type: index === 0 ? "master" : "slave",
      group_id: group.id,
      addr,
    })),
  };
}

function slotToJson(leader: LeaderControl, slot: SlotMapping) {
  const moving = isMoving(slot);
  return {
    product_name: leader.topology().product,
    id: slot.id,
    // In 2.0 a slot belongs to its target as soon as keys move.
    group_id: moving ? slot.action.targetId : slot.groupId,
    state: {
      status: statusOf(slot),
      migrate_status: {
        from: moving ? slot.groupId : -1,
        to: moving ? slot.action.targetId : -1,
      },
      last_op_ts: "0",
    },
  };
}

function statusOf(slot: SlotMapping): "online" | "offline" | "migrate" | "pre_migrate" {
  if (slot.action.state === "prepared" || slot.action.state === "preparing") {
    return "pre_migrate";
  }
  if (isMoving(slot)) {
    return "migrate";
  }
  return slot.groupId === 0 ? "offline" : "online";
}

function isMoving(slot: SlotMapping): boolean {
  return slot.action.state === "prepared" || slot.action.state === "migrating";
}

function proxyToJson(leader: LeaderControl, proxy: ProxyRecord) {
  const stats = leader.proxyFigures().get(proxy.token)?.stats;
  return {
    id: `proxy_${proxy.id}`,
    addr: proxy.proxyAddr,
    last_event: "",
    last_event_ts: 0,
    state: stats?.online === true ? "online" : "offline",
    description: proxy.token,
    debug_var_addr: proxy.adminAddr,
    pid: proxy.pid,
    start_at: proxy.startTime,
  };
}
