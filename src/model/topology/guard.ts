/**
 * Parts of a topology that a change needs, or the error that says why it can't have them. The texts of
 * errors are Codis's own, where it has one; a part whose node is garbage is named with its fault.
 */
import { CodisError } from "../../base/error.ts";
import { formatHostPort, parseServerAddr } from "../address.ts";
import { coordinatorPath } from "../coordinator-path.ts";
import { GROUP_ID_MAX, GROUP_ID_MIN, type GroupRecord } from "../group.ts";
import type { ProxyRecord } from "../proxy-record.ts";
import type { SlotMapping } from "../slot-mapping.ts";
import { findFault, findServer, type ServerPlace, serverKey, type Topology } from "./topology.ts";

/** Characters in the name of a data centre. */
const DATACENTER_LENGTH_MAX = 100;

const CONTROL_CHARACTER = /\p{Cc}/u;

/** Throws ARGUMENT_INVALID for a number that can't be a group's id. */
export function checkGroupId(id: number): void {
  if (!Number.isInteger(id) || id < GROUP_ID_MIN || id > GROUP_ID_MAX) {
    throw new CodisError("ARGUMENT_INVALID", `invalid group id = ${id}, out of range`);
  }
}

/** The address as it is stored; throws ARGUMENT_INVALID. `what` is `server` or `sentinel`. */
export function checkAddr(addr: string, what: "server" | "sentinel"): string {
  const parsed = parseServerAddr(addr);
  if (parsed === undefined) {
    const hint = addr === "" ? "" : ` ${JSON.stringify(addr.slice(0, 100))}`;
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid ${what} address${hint}, expected host:port like 127.0.0.1:6379`,
    );
  }
  return formatHostPort(parsed);
}

/** Throws ARGUMENT_INVALID for a text that can't be the name of a data centre. */
export function checkDatacenter(name: string): void {
  if (name.length > DATACENTER_LENGTH_MAX || CONTROL_CHARACTER.test(name) || !name.isWellFormed()) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid data center name, expected at most ${DATACENTER_LENGTH_MAX} characters in one line`,
    );
  }
}

/** Throws MODEL_INVALID when the node is garbage. `name` is for example `group-[1]`. */
export function refuseFault(topology: Topology, path: string, name: string): void {
  const fault = findFault(topology, path);
  if (fault !== undefined) {
    throw new CodisError(
      "MODEL_INVALID",
      `${name} can't be understood, repair or delete its node first: ${fault}`,
    );
  }
}

/** The group. Throws NOT_FOUND or MODEL_INVALID. */
export function getGroup(topology: Topology, id: number): GroupRecord {
  const group = topology.groups.get(id);
  if (group === undefined) {
    refuseFault(topology, coordinatorPath.group(topology.product, id), `group-[${id}]`);
    throw new CodisError("NOT_FOUND", `group-[${id}] doesn't exist`);
  }
  return group;
}

/** The group, if it has a server: slots can be given to it. Throws also STATE_CONFLICT. */
export function getGroupWithServer(topology: Topology, id: number): GroupRecord {
  const group = getGroup(topology, id);
  if (group.servers.length === 0) {
    throw new CodisError("STATE_CONFLICT", `group-[${id}] is empty`);
  }
  return group;
}

/** Throws STATE_CONFLICT while the group gets another master. */
export function refusePromoting(group: GroupRecord): void {
  if (group.promoting.state !== "") {
    throw new CodisError("STATE_CONFLICT", `group-[${group.id}] is promoting`);
  }
}

/** Where the server is. Throws NOT_FOUND. */
export function getServer(topology: Topology, addr: string): ServerPlace {
  const place = findServer(topology, addr);
  if (place === undefined) {
    throw new CodisError("NOT_FOUND", `server-[${addr}] doesn't exist`);
  }
  return place;
}

/** Position of the server in the group. Throws NOT_FOUND. */
export function getServerIndex(group: GroupRecord, addr: string): number {
  const key = serverKey(addr);
  const index = group.servers.findIndex((server) => serverKey(server.addr) === key);
  if (index < 0) {
    throw new CodisError("NOT_FOUND", `group-[${group.id}] doesn't have server-[${addr}]`);
  }
  return index;
}

/** The slot. Throws NOT_FOUND or MODEL_INVALID. */
export function getSlot(topology: Topology, id: number): SlotMapping {
  const slot = topology.slots[id];
  if (slot === undefined) {
    throw new CodisError("NOT_FOUND", `slot-[${id}] doesn't exist`);
  }
  refuseFault(topology, coordinatorPath.slot(topology.product, id), `slot-[${id}]`);
  return slot;
}

/** The proxy. Throws NOT_FOUND or MODEL_INVALID. */
export function getProxy(topology: Topology, token: string): ProxyRecord {
  const proxy = topology.proxies.get(token);
  if (proxy === undefined) {
    refuseFault(topology, coordinatorPath.proxy(topology.product, token), `proxy-[${token}]`);
    throw new CodisError("NOT_FOUND", `proxy-[${token}] doesn't exist`);
  }
  return proxy;
}
