/**
 * A product's replication at one moment: what is stored, what looks have shown, and what is known beside. The faults,
 * the watch and `repair` judge pictures, with sights of the poller or with looks made right now. Pure.
 */
import type { GroupRecord, GroupServer } from "../../../model/group.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import { judgeFollow, type SentinelVoice, type Verdict } from "./follow-rules.ts";
import { judgeLead, type LeadVerdict } from "./lead-rules.ts";
import { findMaster, OUTSIDE, type RunIdByName } from "./master-name.ts";
import { type Sight, shareHistory } from "./sight.ts";

/** See the file head. */
export interface Picture {
  readonly topology: Topology;
  /** By address of the topology; a server that wasn't looked at yet isn't there. */
  readonly sights: ReadonlyMap<string, Sight>;
  readonly runIdByName: RunIdByName;
  readonly isMember: (groupId: number, addr: string) => boolean;
  readonly sentinelsOf: (groupId: number) => SentinelVoice;
  /** Whether what is different about the server has been so for long enough; see `FollowCase`. */
  readonly isSettled: (groupId: number, addr: string) => boolean;
}

/**
 * How a server that isn't the first of its group stands to the stored master. `follows`: as it should. `joining`: its
 * copy is on the way. `broken`: it would follow, but has no link. `other`: it follows somebody else.
 */
export type Relation = "silent" | "master" | "follows" | "joining" | "broken" | "other";

/** The relation of a server to the master, both of one group. */
export function relationOf(picture: Picture, server: Sight, master: Sight): Relation {
  const { facts } = server;
  if (facts === undefined) {
    return "silent";
  }
  if (facts.role === "master") {
    return "master";
  }
  const followed = followedBy(picture, server);
  if (followed !== undefined && followed !== master.addr) {
    return "other";
  }
  if (facts.isLinkUp) {
    // Under a name that nobody knows: the streams tell.
    const isKin =
      followed !== undefined || master.facts === undefined || shareHistory(facts, master.facts);
    return isKin ? "follows" : "other";
  }
  return facts.isSyncing || isAwaited(server, master) ? "joining" : "broken";
}

/** The server of the topology that a replica follows, `OUTSIDE`, or undefined when it can't be told. */
function followedBy(picture: Picture, { addr, facts }: Sight): string | undefined {
  if (facts?.masterAddr === undefined) {
    return undefined;
  }
  const { topology, runIdByName } = picture;
  return findMaster(addr, facts.masterAddr, {
    topology,
    runIdByName,
    addrByRunId: addrByRunIdOf(picture.sights),
  });
}

/** May the server be told to follow the group's stored master? */
export function verdictOf(picture: Picture, group: GroupRecord, server: Sight): Verdict {
  return judgeFollow({
    groupId: group.id,
    master: sightOfServer(picture, group.servers[0]?.addr ?? ""),
    server,
    isMember: picture.isMember(group.id, server.addr),
    hasOrder: isOrdered(group.servers.find(({ addr }) => addr === server.addr)),
    sentinels: picture.sentinelsOf(group.id),
    isSettled: picture.isSettled(group.id, server.addr),
  });
}

/** May the stored master, which is a replica, be made a master? */
export function leadVerdictOf(picture: Picture, group: GroupRecord): LeadVerdict {
  const [first, ...others] = group.servers;
  const master = sightOfServer(picture, first?.addr ?? "");
  const followed = followedBy(picture, master);
  return judgeLead({
    groupId: group.id,
    master,
    others: others.map(({ addr }) => sightOfServer(picture, addr)),
    follows: followed === OUTSIDE ? undefined : followed,
    sentinels: picture.sentinelsOf(group.id),
  });
}

/** Servers that are surely part of a group's replication; see `group-members.ts`. */
export function membersIn(
  picture: Picture,
): readonly { readonly groupId: number; readonly addr: string }[] {
  return [...picture.topology.groups.values()].flatMap((group) => {
    const addrs = new Set(group.servers.map(({ addr }) => addr));
    return group.servers
      .filter((server, index) => {
        const sight = picture.sights.get(server.addr);
        const followed = sight && followedBy(picture, sight);
        return (
          index === 0 ||
          server.action.state === "synced" ||
          (sight?.facts?.isLinkUp === true && followed !== undefined && addrs.has(followed))
        );
      })
      .map(({ addr }) => ({ groupId: group.id, addr }));
  });
}

/** A name that somebody gives a master; a replica, or a sentinel for the master itself. */
export interface GivenName {
  readonly replica: string;
  readonly name: string;
}

/** Names that addresses alone don't explain: those of the picture's replicas, and `named`. */
export function unknownNames(
  { topology, sights }: Picture,
  named: readonly GivenName[],
): readonly GivenName[] {
  const known = { topology, addrByRunId: new Map(), runIdByName: () => undefined };
  const followed = [...sights.values()].flatMap(({ addr, facts }) =>
    facts?.masterAddr === undefined ? [] : [{ replica: addr, name: facts.masterAddr }],
  );
  return [...followed, ...named].filter(
    ({ replica, name }) => findMaster(replica, name, known) === undefined,
  );
}

/** Servers that answer, by their run ids. Counted once for each set of sights. */
export function addrByRunIdOf(sights: Picture["sights"]): ReadonlyMap<string, string> {
  const known = runIds.get(sights);
  if (known !== undefined) {
    return known;
  }
  const addrByRunId = new Map<string, string>();
  for (const [addr, { facts }] of sights) {
    if (facts !== undefined) {
      addrByRunId.set(facts.runId, addr);
    }
  }
  runIds.set(sights, addrByRunId);
  return addrByRunId;
}

const runIds = new WeakMap<Picture["sights"], ReadonlyMap<string, string>>();

/** A server's sight; one without facts when it wasn't looked at. */
export function sightOfServer(picture: Picture, addr: string): Sight {
  const problem = `server ${addr} wasn't looked at yet`;
  return picture.sights.get(addr) ?? { addr, atMs: 0, facts: undefined, problem };
}

/** A sync action is pending or under way: the executor does what is to be done. */
export function isOrdered(server: GroupServer | undefined): boolean {
  return server?.action.state === "pending" || server?.action.state === "syncing";
}

/** Its master knows it and makes its copy. The master sees its port, and an address that may be another. */
function isAwaited(server: Sight, master: Sight): boolean {
  const port = server.addr.slice(server.addr.lastIndexOf(":"));
  return (
    master.facts?.replicas.some(({ addr, state }) => addr.endsWith(port) && state !== "online") ===
    true
  );
}
