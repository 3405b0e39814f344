/**
 * Changes of groups and their servers: each takes a topology and gives the next one, or throws a
 * `CodisError` with Codis's own text and changes nothing. What has to be asked of real servers first
 * (reachable? empty?) is asked by the caller, `dashboard/group`.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../coordinator-path.ts";
import { emptyGroup, type GroupRecord, type GroupServer, SERVERS_PER_GROUP_MAX } from "../group.ts";
import {
  checkAddr,
  checkDatacenter,
  checkGroupId,
  getGroup,
  getServerIndex,
  refuseFault,
  refusePromoting,
} from "../topology/guard.ts";
import { findServer, slotsOfGroup, type Topology } from "../topology/topology.ts";
import { withSentinelsOutOfSync } from "./sentinel.ts";

/** Adds an empty group. */
export function createGroup(topology: Topology, id: number): Topology {
  checkGroupId(id);
  if (topology.groups.has(id)) {
    throw new CodisError("ALREADY_EXISTS", `group-[${id}] already exists`);
  }
  refuseFault(topology, coordinatorPath.group(topology.product, id), `group-[${id}]`);
  return withGroup(topology, emptyGroup(id));
}

/** Removes a group that has no server and no slot, and that no slot moves to. */
export function removeGroup(topology: Topology, id: number): Topology {
  const group = getGroup(topology, id);
  if (group.servers.length > 0) {
    throw new CodisError("STATE_CONFLICT", `group-[${id}] isn't empty`);
  }
  // Differs from Codis 3.2, which checks for servers only: slots of nobody would be left.
  const [slot] = slotsOfGroup(topology, id);
  if (slot !== undefined) {
    throw new CodisError("STATE_CONFLICT", `group-[${id}] is still in use by slot-[${slot.id}]`);
  }
  const groups = new Map(topology.groups);
  groups.delete(id);
  return { ...topology, groups };
}

/** Adds a server at the end of the group; the first one is its master. */
export function addServer(
  topology: Topology,
  groupId: number,
  addr: string,
  datacenter = "",
): Topology {
  const stored = checkAddr(addr, "server");
  checkDatacenter(datacenter);
  if (findServer(topology, stored) !== undefined) {
    throw new CodisError("ALREADY_EXISTS", `server-[${addr}] already exists`);
  }
  const group = getGroup(topology, groupId);
  refusePromoting(group);
  if (group.servers.length >= SERVERS_PER_GROUP_MAX) {
    throw new CodisError(
      "STATE_CONFLICT",
      `group-[${groupId}] is full, it can have ${SERVERS_PER_GROUP_MAX} servers`,
    );
  }
  const server: GroupServer = {
    addr: stored,
    datacenter,
    action: { index: 0, state: "" },
    isReplicaGroup: false,
  };
  const servers = [...group.servers, server];
  return withSentinelsOutOfSync(withGroup(topology, { ...group, servers }));
}

/** Removes a server; the master only when it is alone and no slot is or goes there. */
export function removeServer(topology: Topology, groupId: number, addr: string): Topology {
  const group = getGroup(topology, groupId);
  const index = getServerIndex(group, addr);
  refusePromoting(group);
  const isMaster = index === 0;
  if (isMaster && (group.servers.length > 1 || isGroupInUse(topology, groupId))) {
    const first = group.servers.length > 1 ? "its replicas" : "the slots of the group";
    throw new CodisError(
      "STATE_CONFLICT",
      `group-[${groupId}] can't remove master, still in use: take away ${first} first`,
    );
  }
  const wasRead = !isMaster && group.servers[index]?.isReplicaGroup === true;
  const next: GroupRecord = {
    ...group,
    servers: group.servers.filter((_, at) => at !== index),
    isOutOfSync: group.isOutOfSync || wasRead,
  };
  return withSentinelsOutOfSync(withGroup(topology, next));
}

/** Lets proxies read from a server, or no longer. The group is out of sync until it is pushed. */
export function setReplicaGroup(
  topology: Topology,
  groupId: number,
  addr: string,
  isEnabled: boolean,
): Topology {
  const group = getGroup(topology, groupId);
  const index = getServerIndex(group, addr);
  refusePromoting(group);
  return withGroup(topology, withReplicaGroups(topology, group, isEnabled, [index]));
}

/** The same for all servers of all groups. Groups without a difference stay as they are. */
export function setAllReplicaGroups(topology: Topology, isEnabled: boolean): Topology {
  const groups = new Map(topology.groups);
  for (const [id, group] of topology.groups) {
    refusePromoting(group);
    if (group.servers.some((server) => server.isReplicaGroup !== isEnabled)) {
      groups.set(id, withReplicaGroups(topology, group, isEnabled));
    }
  }
  return { ...topology, groups };
}

/** Notes that all proxies have what is stored of these groups. Groups that are gone meanwhile are left out. */
export function markGroupsSynced(topology: Topology, ids: Iterable<number>): Topology {
  return markGroups(topology, ids, false);
}

/** Notes that proxies may not have what is stored of these groups. */
export function markGroupsOutOfSync(topology: Topology, ids: Iterable<number>): Topology {
  return markGroups(topology, ids, true);
}

/** The topology with this group, in its place; a group with the same id is replaced. */
export function withGroup(topology: Topology, group: GroupRecord): Topology {
  const isNew = !topology.groups.has(group.id);
  const groups = new Map(topology.groups).set(group.id, group);
  return {
    ...topology,
    groups: isNew ? new Map([...groups].sort(([one], [other]) => one - other)) : groups,
  };
}

/** Whether a slot belongs to the group or moves to it. */
function isGroupInUse(topology: Topology, groupId: number): boolean {
  return topology.slots.some(
    (slot) => slot.groupId === groupId || slot.action.targetId === groupId,
  );
}

function markGroups(topology: Topology, ids: Iterable<number>, isOutOfSync: boolean): Topology {
  const groups = new Map(topology.groups);
  let isChanged = false;
  for (const id of ids) {
    const group = groups.get(id);
    if (group !== undefined && group.isOutOfSync !== isOutOfSync) {
      groups.set(id, { ...group, isOutOfSync });
      isChanged = true;
    }
  }
  return isChanged ? { ...topology, groups } : topology;
}

/** `indexes`: positions of the servers, undefined for all. */
function withReplicaGroups(
  topology: Topology,
  group: GroupRecord,
  isEnabled: boolean,
  indexes?: readonly number[],
): GroupRecord {
  // Proxies read from replicas only where there are some, and only for slots.
  const isSeen = group.servers.length !== 1 && isGroupInUse(topology, group.id);
  return {
    ...group,
    servers: group.servers.map((server, index) =>
      indexes?.includes(index) === false ? server : { ...server, isReplicaGroup: isEnabled },
    ),
    isOutOfSync: group.isOutOfSync || isSeen,
  };
}
