/** Looks at servers, and pictures of a product's replication, for tests of the rules that judge them. */
import type { FollowCase } from "../../src/dashboard/availability/replication/follow-rules.ts";
import type { Picture } from "../../src/dashboard/availability/replication/picture.ts";
import type { FaultContext } from "../../src/dashboard/availability/replication/replication-faults.ts";
import type { ServerFacts, Sight } from "../../src/dashboard/availability/replication/sight.ts";
import type { Topology } from "../../src/model/topology/topology.ts";

/** Wall clock of the looks. */
export const AT_MS = 1_700_000_000_000;

/** A server that answers: a master with ten keys, of a stream of its own. */
export function answering(addr: string, changes: Partial<ServerFacts> = {}): Sight {
  const facts: ServerFacts = {
    role: "master",
    masterAddr: undefined,
    isLinkUp: false,
    isSyncing: false,
    offset: 1_000,
    streamId: `stream-of-${addr}`,
    formerStreamId: undefined,
    replicas: [],
    runId: `run-of-${addr}`,
    keys: 10,
    silentSeconds: undefined,
    changes: 0,
    ...changes,
  };
  return { addr, atMs: AT_MS, facts, problem: "" };
}

/** A replica of `masterAddr` that is well: it has the stream of a master that `answering` made. */
export function following(
  addr: string,
  masterAddr: string,
  changes: Partial<ServerFacts> = {},
): Sight {
  const isLinkUp = true;
  const streamId = `stream-of-${masterAddr}`;
  return answering(addr, { role: "replica", masterAddr, isLinkUp, streamId, ...changes });
}

/** A server that doesn't answer. */
export function silent(addr: string): Sight {
  return { addr, atMs: AT_MS, facts: undefined, problem: `server ${addr} doesn't answer` };
}

/** A case in which no rule has anything against the order. */
export function followCase(changes: Partial<FollowCase> = {}): FollowCase {
  return {
    groupId: 1,
    master: answering("m:1"),
    server: answering("s:1"),
    isMember: true,
    hasOrder: false,
    sentinels: "none",
    isSettled: true,
    ...changes,
  };
}

/** A picture; all servers are members, and no sentinels watch. */
export function pictureOf(
  topology: Topology,
  sights: readonly Sight[],
  changes: Partial<Picture> = {},
): Picture {
  return {
    topology,
    sights: new Map(sights.map((sight) => [sight.addr, sight])),
    runIdByName: () => undefined,
    isMember: () => true,
    sentinelsOf: () => "none",
    isSettled: () => true,
    ...changes,
  };
}

/** Nothing is busy, written or behind. */
export const CALM: FaultContext = {
  isBusy: () => false,
  isWritten: () => false,
  lagOf: () => undefined,
  wantsReplicas: false,
};
