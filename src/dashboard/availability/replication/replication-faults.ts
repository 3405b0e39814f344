/**
 * Finds where servers differ from what is stored. Pure: a picture in, faults out, the worst first. How long a fault has
 * been there is `FaultLedger`'s affair, and so is which are so young that they may be nothing.
 *
 * A group that has another master under way is left out, and so is a server that wasn't looked at yet, or has a sync
 * action pending or under way.
 */
import type {
  ReplicationFault,
  ReplicationFaultCode,
} from "../../../model/availability/replication.ts";
import type { GroupRecord } from "../../../model/group.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { Verdict } from "./follow-rules.ts";
import {
  isOrdered,
  leadVerdictOf,
  type Picture,
  type Relation,
  relationOf,
  verdictOf,
} from "./picture.ts";
import type { Sight } from "./sight.ts";

/** A fault of one look. */
export type FoundFault = Omit<ReplicationFault, "sinceMs">;

/** What the picture alone doesn't tell. */
export interface FaultContext {
  /** The group's master is being changed, or something else is. */
  readonly isBusy: (groupId: number) => boolean;
  /** Its data have changed between the last two looks. */
  readonly isWritten: (addr: string) => boolean;
  /** Bytes that a replica is behind its master, never too many; undefined: unknown. */
  readonly lagOf: (replica: Sight, master: Sight) => number | undefined;
  /** Groups with slots should have a replica: the dashboard is to replace dead masters. */
  readonly wantsReplicas: boolean;
}

/** A replica that is so many bytes behind is lagging. */
export const LAG_BYTES = 32 * 1024 * 1024;
/** So is one that has a link and heard nothing for so long: an idle master says something every 10 s. */
export const LAG_SILENT_SECONDS = 25;

/** The worst first. */
export const FAULT_ORDER: readonly ReplicationFaultCode[] = [
  "MASTER_DOWN",
  "SPLIT_BRAIN",
  "MASTER_IS_REPLICA",
  "NO_REPLICA",
  "REPLICA_IS_MASTER",
  "WRONG_MASTER",
  "LINK_BROKEN",
  "REPLICA_DOWN",
  "LAGGING",
];

/** See the file head. Of one code: by group, then in the order of its servers. */
export function findFaults(picture: Picture, context: FaultContext): readonly FoundFault[] {
  const used = new Set<number>();
  for (const { groupId, action } of picture.topology.slots) {
    used.add(groupId);
    used.add(action.targetId);
  }
  const found = [...picture.topology.groups.values()].flatMap((group) =>
    group.promoting.state !== "" || context.isBusy(group.id)
      ? []
      : faultsOfGroup(picture, context, group, used.has(group.id)),
  );
  return found.toSorted(
    (one, other) => FAULT_ORDER.indexOf(one.code) - FAULT_ORDER.indexOf(other.code),
  );
}

function faultsOfGroup(
  picture: Picture,
  context: FaultContext,
  group: GroupRecord,
  hasSlots: boolean,
): readonly FoundFault[] {
  const master = picture.sights.get(group.servers[0]?.addr ?? "");
  if (master === undefined) {
    return [];
  }
  const faults = [...faultsOfMaster(picture, group, master)];
  let usable = 0;
  let unknown = 0;
  for (const server of group.servers.slice(1)) {
    const sight = picture.sights.get(server.addr);
    if (sight === undefined || isOrdered(server)) {
      unknown += 1;
      continue;
    }
    const relation = relationOf(picture, sight, master);
    const fault = faultOfReplica({ picture, context, group, master, server: sight, relation });
    faults.push(...(fault === undefined ? [] : [fault]));
    unknown += relation === "joining" ? 1 : 0;
    usable += isUsable(relation, master) ? 1 : 0;
  }
  const isAlone = group.servers.length === 1;
  const isNeeded = !isAlone || context.wantsReplicas || master.facts === undefined;
  return hasSlots && usable === 0 && unknown === 0 && isNeeded
    ? [...faults, noReplica(group, master, isAlone)]
    : faults;
}

/** It could take over: it follows; while its master is down, it has at least the data. */
function isUsable(relation: Relation, master: Sight): boolean {
  return relation === "follows" || (relation === "broken" && master.facts === undefined);
}

function faultsOfMaster(picture: Picture, group: GroupRecord, master: Sight): FoundFault[] {
  const { addr, facts, problem } = master;
  const base = { groupId: group.id, addr, stored: say("real.master", {}) };
  if (facts === undefined) {
    const code = group.servers.length > 1 ? "fault.master" : "fault.only";
    const text = say(code, { group: group.id, why: problem });
    return [
      { ...base, code: "MASTER_DOWN", real: say("real.silent", {}), isMendable: false, text },
    ];
  }
  if (facts.role === "master" || isOrdered(group.servers[0])) {
    return [];
  }
  const verdict = leadVerdictOf(picture, group);
  const real = say("real.replica", { addr: facts.masterAddr ?? "another server" });
  const isMendable = verdict.kind === "ask";
  return [{ ...base, code: "MASTER_IS_REPLICA", real, isMendable, text: verdict.text }];
}

interface ReplicaCase {
  readonly picture: Picture;
  readonly context: FaultContext;
  readonly group: GroupRecord;
  readonly master: Sight;
  readonly server: Sight;
  readonly relation: Relation;
}

function faultOfReplica(found: ReplicaCase): FoundFault | undefined {
  const { picture, context, group, master, server, relation } = found;
  const { addr, facts } = server;
  const fault = (
    code: ReplicationFaultCode,
    real: string,
    isMendable: boolean,
    text: string,
  ): FoundFault => ({
    code,
    groupId: group.id,
    addr,
    stored: say("real.replica", { addr: master.addr }),
    real,
    isMendable,
    text,
  });
  if (facts === undefined) {
    const text = say("fault.replica", { group: group.id, why: server.problem });
    return fault("REPLICA_DOWN", say("real.silent", {}), false, text);
  }
  if (relation === "follows") {
    return faultOfLag(found, fault);
  }
  if (relation === "joining" || (relation === "broken" && master.facts?.role !== "master")) {
    return undefined;
  }
  const verdict = verdictOf(picture, group, server);
  const isMendable = verdict.kind === "order" || verdict.kind === "ask";
  const text = `${describe(found)}; ${remedy(verdict, group)}`;
  if (relation === "broken") {
    return fault("LINK_BROKEN", say("real.unlinked", {}), isMendable, text);
  }
  if (relation === "other") {
    return fault(
      "WRONG_MASTER",
      say("real.replica", { addr: facts.masterAddr ?? "?" }),
      isMendable,
      text,
    );
  }
  const isUsed = facts.replicas.length > 0 || context.isWritten(addr);
  const isSplit = isUsed && master.facts?.role === "master";
  const keys = facts.keys === 1 ? say("n.key", {}) : say("n.keys", { n: facts.keys });
  const real = say("real.holds", { keys });
  return fault(isSplit ? "SPLIT_BRAIN" : "REPLICA_IS_MASTER", real, isMendable, text);
}

function faultOfLag(
  { context, master, server }: ReplicaCase,
  fault: (code: "LAGGING", real: string, isMendable: boolean, text: string) => FoundFault,
): FoundFault | undefined {
  const bytes = context.lagOf(server, master);
  const seconds = server.facts?.silentSeconds ?? 0;
  if (bytes !== undefined && bytes >= LAG_BYTES) {
    const real = say("real.behind", { n: bytes });
    const text = say("fault.behind", { addr: server.addr, n: bytes, master: master.addr });
    return fault("LAGGING", real, false, text);
  }
  if (seconds >= LAG_SILENT_SECONDS && master.facts !== undefined) {
    const real = say("real.unheard", { n: seconds });
    const text = say("fault.unheard", { addr: server.addr, n: seconds });
    return fault("LAGGING", real, false, text);
  }
  return undefined;
}

function describe({ server, master, relation }: ReplicaCase): string {
  const { addr, facts } = server;
  if (relation === "broken") {
    return say("fault.link", { addr, master: master.addr });
  }
  return relation === "other"
    ? say("fault.other", { addr, real: facts?.masterAddr ?? "?", master: master.addr })
    : say("fault.rival", { addr, master: master.addr });
}

function remedy(verdict: Verdict, group: GroupRecord): string {
  return verdict.kind === "order" ? say("fault.mended", { group: group.id }) : verdict.text;
}

function noReplica(group: GroupRecord, master: Sight, isAlone: boolean): FoundFault {
  return {
    code: "NO_REPLICA",
    groupId: group.id,
    addr: master.addr,
    stored: isAlone ? say("real.one", {}) : say("real.replicas", { n: group.servers.length - 1 }),
    real: say("real.none", {}),
    isMendable: false,
    text: say(isAlone ? "fault.alone" : "fault.none-follows", { group: group.id }),
  };
}
