/**
 * What must hold between the parts of a topology, beyond the form of each: groups that slots refer to
 * exist, a server is in one group only, ids are unique. Every change of ours keeps it; a tree that was
 * edited by hand, or left by a crash of another program, may break it, and is still served as far as it
 * makes sense.
 */
import { coordinatorPath } from "../coordinator-path.ts";
import { findFault, serverKey, type Topology } from "./topology.ts";

/** One line for each thing that is wrong, in a stable order; empty when all is well. */
export function checkTopology(topology: Topology): readonly string[] {
  return [
    ...checkSlots(topology),
    ...checkServers(topology),
    ...checkKeys(topology),
    ...checkProxies(topology),
    ...findRepeated(topology.sentinel.servers.map(serverKey)).map(
      (addr) => `sentinel-[${addr}] is there twice`,
    ),
  ];
}

function checkSlots(topology: Topology): readonly string[] {
  const lines: string[] = [];
  if (topology.slots.length !== topology.slotCount) {
    lines.push(`there are ${topology.slots.length} slots instead of ${topology.slotCount}`);
  }
  const indexes: number[] = [];
  for (const [index, slot] of topology.slots.entries()) {
    const name = `slot ${slot.id}`;
    const { action } = slot;
    if (slot.id !== index) {
      lines.push(`${name} is in the place of slot ${index}`);
    }
    if (isDangling(topology, slot.groupId)) {
      lines.push(`${name} belongs to group ${slot.groupId}, which doesn't exist or is empty`);
    }
    if (isDangling(topology, action.targetId)) {
      lines.push(`${name} moves to group ${action.targetId}, which doesn't exist or is empty`);
    }
    if (action.state !== "" && action.targetId === slot.groupId) {
      lines.push(`${name} moves to group ${slot.groupId}, which owns it already`);
    }
    if (action.state === "pending") {
      indexes.push(action.index);
    }
  }
  const repeated = findRepeated(indexes).map((index) => `two slots wait with index ${index}`);
  return [...lines, ...repeated];
}

/** Whether slots refer to a group that can't serve them. One whose node is garbage is told elsewhere. */
function isDangling(topology: Topology, groupId: number): boolean {
  if (groupId === 0 || (topology.groups.get(groupId)?.servers.length ?? 0) > 0) {
    return false;
  }
  return findFault(topology, coordinatorPath.group(topology.product, groupId)) === undefined;
}

function checkServers(topology: Topology): readonly string[] {
  const groupIds = new Map<string, number>();
  const lines: string[] = [];
  for (const group of topology.groups.values()) {
    if (group.promoting.state !== "" && group.promoting.index >= group.servers.length) {
      lines.push(`group ${group.id} promotes a server that it doesn't have`);
    }
    for (const server of group.servers) {
      const key = serverKey(server.addr);
      const other = groupIds.get(key);
      if (other !== undefined) {
        lines.push(`server ${key} is in group ${other} and in group ${group.id}`);
      }
      groupIds.set(key, group.id);
    }
  }
  return lines;
}

/** Maps are in the order of ids, under the right keys. */
function checkKeys(topology: Topology): readonly string[] {
  const lines: string[] = [];
  let last = 0;
  for (const [id, group] of topology.groups) {
    if (id !== group.id || id <= last) {
      lines.push(`group ${group.id} is in the place of group ${id}`);
    }
    last = id;
  }
  last = 0;
  for (const [token, proxy] of topology.proxies) {
    if (token !== proxy.token || proxy.id < last) {
      lines.push(`proxy ${proxy.token} is in a wrong place`);
    }
    last = proxy.id;
  }
  return lines;
}

function checkProxies(topology: Topology): readonly string[] {
  const ids = [...topology.proxies.values()].map((proxy) => proxy.id);
  return findRepeated(ids).map((id) => `two proxies have the id ${id}`);
}

function findRepeated<T>(list: readonly T[]): readonly T[] {
  const seen = new Set<T>();
  const repeated = new Set<T>();
  for (const entry of list) {
    (seen.has(entry) ? repeated : seen).add(entry);
  }
  return [...repeated];
}
