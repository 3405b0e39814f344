/**
 * The replica sync action of a server: an order to make it replicate its group's master, kept with the
 * server until somebody removes it.
 *
 *     (none) -> pending -> syncing -> synced | synced_failed
 *
 * A new order may be given in any state but pending; a crash leaves `syncing`, which is ordered again.
 */
import { CodisError } from "../../base/error.ts";
import type { SyncActionState } from "../action.ts";
import { getServer, refusePromoting } from "../topology/guard.ts";
import type { ServerPlace, Topology } from "../topology/topology.ts";
import { withGroup } from "./group.ts";

/** Orders a sync; it waits behind all that wait already. */
export function createSyncAction(topology: Topology, addr: string): Topology {
  const place = getServer(topology, addr);
  refusePromoting(place.group);
  if (stateAt(place) === "pending") {
    throw new CodisError("ALREADY_EXISTS", `server-[${addr}] action already exist`);
  }
  return withAction(topology, place, highestIndex(topology) + 1, "pending");
}

/** Takes the order back, or forgets its outcome. What runs already goes on at the server. */
export function removeSyncAction(topology: Topology, addr: string): Topology {
  const place = getServer(topology, addr);
  refusePromoting(place.group);
  if (stateAt(place) === "") {
    throw new CodisError("NOT_FOUND", `server-[${addr}] action doesn't exist`);
  }
  return withAction(topology, place, 0, "");
}

/** Notes that the sync begins. Throws STATE_CONFLICT when it isn't pending. */
export function startSyncAction(topology: Topology, addr: string): Topology {
  const place = getServer(topology, addr);
  refusePromoting(place.group);
  if (stateAt(place) !== "pending") {
    throw new CodisError("STATE_CONFLICT", `server-[${addr}] action state is invalid`);
  }
  return withAction(topology, place, 0, "syncing");
}

/** Notes how the sync ended; nothing changes when the order was taken back or given again meanwhile. */
export function finishSyncAction(topology: Topology, addr: string, isSynced: boolean): Topology {
  const place = getServer(topology, addr);
  return place.group.promoting.state !== "" || stateAt(place) !== "syncing"
    ? topology
    : withAction(topology, place, 0, isSynced ? "synced" : "synced_failed");
}

function stateAt(place: ServerPlace): SyncActionState {
  return place.group.servers[place.index]?.action.state ?? "";
}

function withAction(
  topology: Topology,
  place: ServerPlace,
  index: number,
  state: SyncActionState,
): Topology {
  const servers = place.group.servers.map((server, at) =>
    at === place.index ? { ...server, action: { index, state } } : server,
  );
  return withGroup(topology, { ...place.group, servers });
}

function highestIndex(topology: Topology): number {
  const servers = [...topology.groups.values()].flatMap((group) => group.servers);
  return Math.max(0, ...servers.map((server) => server.action.index));
}
