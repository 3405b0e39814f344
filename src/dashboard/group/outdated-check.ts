/**
 * Whether the check of a server is still true when its outcome is used: it asks the server itself and takes its
 * time, and meanwhile the product may have changed. Pure.
 */
import { CodisError } from "../../base/error.ts";
import { getGroup } from "../../model/topology/guard.ts";
import type { Topology } from "../../model/topology/topology.ts";

/** A server that was checked. */
export interface AddedServer {
  readonly addr: string;
  readonly groupId: number;
  readonly runId: string;
  readonly isMaster: boolean;
}

/**
 * Refuses a server whose check took so long that its outcome may have become wrong. `before` is the topology of the
 * check, `runIdByAddr` has the servers that this leader has added. Throws SERVER_IN_OTHER_GROUP or STATE_CONFLICT.
 */
export function refuseOutdatedCheck(
  { addr, groupId, runId, isMaster }: AddedServer,
  before: Topology,
  now: Topology,
  runIdByAddr: ReadonlyMap<string, string>,
): void {
  for (const { id, servers } of now.groups.values()) {
    const twin = servers.find((server) => runIdByAddr.get(server.addr) === runId);
    if (twin !== undefined) {
      throw new CodisError(
        "SERVER_IN_OTHER_GROUP",
        `server-[${addr}] already exists in group-[${id}], as ${twin.addr}`,
      );
    }
  }
  if ((getGroup(now, groupId).servers.length === 0) !== isMaster) {
    throw new CodisError(
      "STATE_CONFLICT",
      `group ${groupId} got or lost a master meanwhile; try again`,
    );
  }
  if (isMaster && !hasSameOwners(now, before)) {
    // Its keys were looked at by the slots of before.
    throw new CodisError("STATE_CONFLICT", "slots were given to groups meanwhile; try again");
  }
}

function hasSameOwners(one: Topology, other: Topology): boolean {
  return one.slots.every((slot, id) => slot.groupId === other.slots[id]?.groupId);
}
