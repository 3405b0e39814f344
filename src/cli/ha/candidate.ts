/**
 * Which replica becomes the master when a group's master is dead: of those that answer and have lost it, the one that
 * has most of its data. Pure.
 */
import { serverKey } from "../../model/topology/topology.ts";
import { infoNumber, type ServerInfo } from "../../redis/info.ts";
import { replicationOf } from "../../redis/replication.ts";

/** A replica and its INFO, asked now; undefined: it didn't answer. */
export interface ReplicaLook {
  readonly addr: string;
  readonly info: ServerInfo | undefined;
}

/** What came out. `alive`: a replica still has its link, so the master lives. */
export type Choice =
  | { readonly kind: "chosen"; readonly addr: string; readonly offset: number }
  | { readonly kind: "alive"; readonly by: string }
  /** Nobody can be chosen; a line for each replica says why. */
  | { readonly kind: "none"; readonly reasons: readonly string[] };

/** See the file head. Of equal ones the first wins, as they stand in the group. */
export function chooseReplica(masterAddr: string, replicas: readonly ReplicaLook[]): Choice {
  const reasons: string[] = [];
  let best: { readonly addr: string; readonly offset: number } | undefined;
  for (const { addr, info } of replicas) {
    const facts = info === undefined ? undefined : replicationOf(info);
    const isFollower =
      facts?.role === "replica" &&
      facts.masterAddr !== undefined &&
      serverKey(facts.masterAddr) === serverKey(masterAddr);
    if (isFollower && facts.isLinkUp) {
      return { kind: "alive", by: addr };
    }
    const offset = facts?.offset;
    if (facts === undefined) {
      reasons.push(`${addr} doesn't answer with INFO`);
    } else if (!isFollower) {
      reasons.push(`${addr} doesn't follow ${masterAddr}`);
    } else if (offset === undefined) {
      reasons.push(`${addr} doesn't say how much data it has`);
    } else if (facts.isSyncing || isLoading(info)) {
      reasons.push(`${addr} hasn't its master's data yet`);
    } else if (best === undefined || offset > best.offset) {
      best = { addr, offset };
    }
  }
  return best === undefined ? { kind: "none", reasons } : { kind: "chosen", ...best };
}

function isLoading(info: ServerInfo | undefined): boolean {
  return infoNumber(info, "loading") === 1;
}
