/**
 * What each path of Codis 3.2 does: one entry for each route of `api/topom-route.ts`. Reads give a value for
 * the answer, changes are prepared first (arguments checked) and run later (between the entries of the audit
 * log). Whether the caller may is decided before, in `port.ts`.
 */
import type { TopomRouteName } from "../../../api/topom-route.ts";
import { CodisError } from "../../../base/error.ts";
import { slotToJson } from "../../../model/slot.ts";
import { formatRanges } from "../../../model/slot-range.ts";
import { findServer, serverKey } from "../../../model/topology/topology.ts";
import type { LeaderControl, PushReport, SlotAssignment } from "../../control.ts";
import type { AdminContext } from "../gate/context.ts";
import {
  addrParam,
  assignmentsOf,
  datacenterParam,
  flagParam,
  intParam,
  type PathParams,
  tokenParam,
} from "./argument.ts";
import { describeOverview, describeStats } from "./overview.ts";
import type { Prepare, PreparedChange } from "./prepared.ts";
import { TOPOM_SLOT_CHANGES } from "./slot-action.ts";

/** Names of paths that only read, of the product. */
type ReadName =
  | "overview"
  | "overviewStats"
  | "overviewSlots"
  | "stats"
  | "slots"
  | "serverInfo"
  | "sentinelInfo"
  | "sentinelMonitored";
/** Names of paths about this process; see `port.ts`. */
type ProcessName = "overviewModel" | "model" | "xping" | "shutdown" | "logLevel";
/** Names of paths that change the product. */
type ChangeName = Exclude<TopomRouteName, ReadName | ProcessName>;

type Read = (context: AdminContext, leader: LeaderControl, params: PathParams) => unknown;

/** The value of each answer. */
export const TOPOM_READS: Readonly<Record<ReadName, Read>> = {
  overview: (context, leader) => describeOverview(leader, context.control.model(), context.config),
  overviewStats: (_context, leader) => describeStats(leader),
  overviewSlots: (_context, leader) => leader.slotTable().map(slotToJson),
  stats: (_context, leader) => describeStats(leader),
  slots: (_context, leader) => leader.slotTable().map(slotToJson),
  serverInfo: (_context, leader, params) => {
    const addr = addrParam(params, "server");
    // Only servers of the product are connected to: this path asks for no xauth.
    if (findServer(leader.topology(), addr) === undefined) {
      throw new CodisError("NOT_FOUND", `server-[${addr}] doesn't exist`);
    }
    return leader.serverInfo(addr);
  },
  sentinelInfo: (_context, leader, params) => leader.sentinelInfo(knownSentinel(leader, params)),
  sentinelMonitored: (_context, leader, params) =>
    leader.monitoredBy(knownSentinel(leader, params)),
};

/** Only sentinels of the product are connected to: these paths ask for no xauth. */
function knownSentinel(leader: LeaderControl, params: PathParams): string {
  const addr = addrParam(params, "sentinel");
  const known = leader
    .topology()
    .sentinel.servers.find((server) => serverKey(server) === serverKey(addr));
  if (known === undefined) {
    throw new CodisError("NOT_FOUND", `sentinel-[${addr}] not found`);
  }
  return known;
}

/** Checks the arguments of each change. */
export const TOPOM_CHANGES: Readonly<Record<ChangeName, Prepare>> = {
  reload: (leader) => ({ arguments: {}, run: () => leader.reload() }),
  createProxy: (leader, params) => {
    const addr = addrParam(params, "proxy");
    return { arguments: { addr }, run: () => done(leader.createProxy(addr)) };
  },
  onlineProxy: (leader, params) => {
    const addr = addrParam(params, "proxy");
    return { arguments: { addr }, run: () => done(leader.onlineProxy(addr)) };
  },
  reinitProxy: (leader, params) => {
    const token = tokenParam(params);
    return { arguments: { token }, run: () => leader.reinitProxy(token) };
  },
  removeProxy: (leader, params) => {
    const token = tokenParam(params);
    const force = flagParam(params, "force");
    return { arguments: { token, force }, run: () => leader.removeProxy(token, force) };
  },
  createGroup: (leader, params) => {
    const gid = intParam(params, "gid");
    return { arguments: { gid }, run: () => leader.createGroup(gid) };
  },
  removeGroup: (leader, params) => {
    const gid = intParam(params, "gid");
    return { arguments: { gid }, run: () => leader.removeGroup(gid) };
  },
  resyncGroup: (leader, params) => {
    const gid = intParam(params, "gid");
    return { arguments: { gid }, run: () => pushed(leader.resyncGroup(gid)) };
  },
  resyncAllGroups: (leader) => ({ arguments: {}, run: () => pushed(leader.resyncAllGroups()) }),
  addServer: prepareAddServer,
  addServerAt: prepareAddServer,
  removeServer: (leader, params) => {
    const gid = intParam(params, "gid");
    const addr = addrParam(params, "server");
    return { arguments: { gid, addr }, run: () => leader.removeServer(gid, addr) };
  },
  promoteServer: (leader, params) => {
    const gid = intParam(params, "gid");
    const addr = addrParam(params, "server");
    return { arguments: { gid, addr }, run: () => done(leader.availability.promote(gid, addr)) };
  },
  setReplicaGroup: (leader, params) => {
    const gid = intParam(params, "gid");
    const addr = addrParam(params, "server");
    const value = flagParam(params, "value");
    return {
      arguments: { gid, addr, value },
      run: () => leader.setReplicaGroup(gid, addr, value),
    };
  },
  setAllReplicaGroups: (leader, params) => {
    const value = flagParam(params, "value");
    return { arguments: { value }, run: () => leader.setAllReplicaGroups(value) };
  },
  createSyncAction: (leader, params) => {
    const addr = addrParam(params, "server");
    return { arguments: { addr }, run: () => leader.createSyncAction(addr) };
  },
  removeSyncAction: (leader, params) => {
    const addr = addrParam(params, "server");
    return { arguments: { addr }, run: () => leader.removeSyncAction(addr) };
  },
  assignSlots: (leader, _params, body) => prepareAssign(leader, assignmentsOf(body)),
  offlineSlots: (leader, _params, body) => prepareAssign(leader, assignmentsOf(body, 0)),
  ...TOPOM_SLOT_CHANGES,
  addSentinel: (leader, params) => {
    const addr = addrParam(params, "sentinel");
    return { arguments: { addr }, run: () => leader.addSentinel(addr) };
  },
  removeSentinel: (leader, params) => {
    const addr = addrParam(params, "sentinel");
    const force = flagParam(params, "force");
    return { arguments: { addr, force }, run: () => leader.removeSentinel(addr, force) };
  },
  resyncSentinels: (leader) => ({ arguments: {}, run: () => leader.resyncSentinels() }),
};

function prepareAddServer(leader: LeaderControl, params: PathParams): PreparedChange {
  const gid = intParam(params, "gid");
  const addr = addrParam(params, "server");
  const datacenter = datacenterParam(params);
  return {
    arguments: { gid, addr, datacenter },
    run: () => leader.addServer(gid, addr, { datacenter, asReplica: false }),
  };
}

function prepareAssign(
  leader: LeaderControl,
  assignments: readonly SlotAssignment[],
): PreparedChange {
  return {
    arguments: { slots: describeAssignments(assignments) },
    run: () => pushed(leader.assignSlots(assignments)),
  };
}

/** Slots by group, short: `{"1": "0-511", "2": "512-1023"}`. */
function describeAssignments(
  assignments: readonly SlotAssignment[],
): Readonly<Record<string, string>> {
  const byGroup = Map.groupBy(assignments, ({ groupId }) => groupId);
  return Object.fromEntries(
    [...byGroup].map(([groupId, list]) => [
      groupId,
      formatRanges(list.map(({ id }) => id).sort((a, b) => a - b)),
    ]),
  );
}

/** As with Codis, a proxy that doesn't have the slots fails the call, though what was ordered is stored. */
async function pushed(push: Promise<PushReport>): Promise<void> {
  const { failed } = await push;
  const [first] = failed;
  if (first !== undefined) {
    const { token, reason } = first;
    const more = failed.length === 1 ? "" : ` (and ${failed.length - 1} more)`;
    throw new CodisError(
      "PROXY_CALL_FAILED",
      `proxy-[${token}] resync slots failed${more}: ${reason.replace(`proxy-[${token}] `, "")}; the change ` +
        "is stored, and a proxy gets it as soon as it answers, or is removed by force",
    );
  }
}

/** The answer of a change is `"OK"`, whatever the leader tells. */
async function done(change: Promise<unknown>): Promise<void> {
  await change;
}
