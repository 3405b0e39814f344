/**
 * Changes of a group's master: each takes a topology and gives the next one, or throws and changes nothing.
 *
 *     planned    "" --beginPromoting--> preparing --holdForPromoting--> prepared --promote--> finished
 *                      finished --endPromoting--> ""
 *                      preparing, prepared --undoPromoting--> ""
 *     unplanned  switchMaster, from any state but finished
 *
 * `prepared` is what makes proxies hold the group's slots (`slot-view.ts`). States and JSON are Codis's, so that an
 * original dashboard finds what it knows.
 */
import { CodisError } from "../../base/error.ts";
import type { PromotingState } from "../action.ts";
import type { GroupRecord, GroupServer } from "../group.ts";
import { getGroup, getServerIndex, refusePromoting } from "../topology/guard.ts";
import type { Topology } from "../topology/topology.ts";
import { withGroup } from "./group.ts";
import { withSentinelsOutOfSync } from "./sentinel.ts";

/** Stores that the replica is to become master. */
export function beginPromoting(topology: Topology, groupId: number, addr: string): Topology {
  const group = getGroup(topology, groupId);
  const index = getServerIndex(group, addr);
  refusePromoting(group);
  if (index === 0) {
    throw new CodisError("STATE_CONFLICT", `group-[${groupId}] can't promote master`);
  }
  return withGroup(topology, { ...group, promoting: { index, state: "preparing" } });
}

/** Proxies hold the group's slots from now on. */
export function holdForPromoting(topology: Topology, groupId: number): Topology {
  const group = promotingGroup(topology, groupId, ["preparing", "prepared"]);
  return withState(topology, group, "prepared");
}

/** The promoted server is the master, the old one the last replica; proxies go on with it. */
export function promote(topology: Topology, groupId: number): Topology {
  const group = promotingGroup(topology, groupId, ["prepared"]);
  const { index } = group.promoting;
  const servers = withMasterAt(group, index);
  return withSentinelsOutOfSync(
    withGroup(topology, { ...group, servers, promoting: { index: 0, state: "finished" } }),
  );
}

/** The group is served again. Nothing changes when it is already. */
export function endPromoting(topology: Topology, groupId: number): Topology {
  const group = getGroup(topology, groupId);
  return group.promoting.state === ""
    ? topology
    : withGroup(topology, {
        ...promotingGroup(topology, groupId, ["finished"]),
        promoting: { index: 0, state: "" },
      });
}

/** The old master stays. Nothing changes when nothing was begun. */
export function undoPromoting(topology: Topology, groupId: number): Topology {
  const group = getGroup(topology, groupId);
  return group.promoting.state === ""
    ? topology
    : withGroup(topology, {
        ...promotingGroup(topology, groupId, ["preparing", "prepared"]),
        promoting: { index: 0, state: "" },
      });
}

/**
 * At once, as the old master is dead or sentinels have decided: `addr` is the master, the old one the last replica, and
 * what was promoting is forgotten. Nothing changes when it is the master already and nothing is promoting.
 */
export function switchMaster(topology: Topology, groupId: number, addr: string): Topology {
  const group = getGroup(topology, groupId);
  const index = getServerIndex(group, addr);
  if (index === 0 && group.promoting.state === "") {
    return topology;
  }
  const servers = withMasterAt(group, index);
  return withSentinelsOutOfSync(
    withGroup(topology, { ...group, servers, promoting: { index: 0, state: "" } }),
  );
}

/** The server at `index` first, the old master last, no order of a sync left. */
function withMasterAt(group: GroupRecord, index: number): readonly GroupServer[] {
  const clean = group.servers.map((server) => ({
    ...server,
    action: { index: 0, state: "" as const },
  }));
  const [old, master] = [clean[0], clean[index]];
  if (old === undefined || master === undefined) {
    throw new CodisError("STATE_CONFLICT", `group-[${group.id}] has no server ${index}`);
  }
  return index === 0
    ? clean
    : [master, ...clean.filter((server) => server !== old && server !== master), old];
}

function withState(topology: Topology, group: GroupRecord, state: PromotingState): Topology {
  return withGroup(topology, { ...group, promoting: { ...group.promoting, state } });
}

function promotingGroup(
  topology: Topology,
  groupId: number,
  states: readonly PromotingState[],
): GroupRecord {
  const group = getGroup(topology, groupId);
  if (!states.includes(group.promoting.state)) {
    const now = group.promoting.state === "" ? "isn't promoting" : `is ${group.promoting.state}`;
    throw new CodisError("STATE_CONFLICT", `group-[${groupId}] ${now}`);
  }
  return group;
}
