/**
 * What sentinels say about the master of a group, against what is stored. A product that has sentinels is given some
 * time at the start of a leader: until they were heard, nobody knows whether they watch the group. Pure.
 */
import type { Topology } from "../../../model/topology/topology.ts";
import type { SentinelWatch } from "../contract.ts";
import type { SentinelVoice } from "./follow-rules.ts";
import { findMaster, type RunIdByName } from "./master-name.ts";
import { addrByRunIdOf } from "./picture.ts";
import type { Sight } from "./sight.ts";

/** What is known. */
export interface SentinelsHeard {
  readonly topology: Topology;
  readonly groupId: number;
  readonly sights: ReadonlyMap<string, Sight>;
  readonly sentinels: Pick<SentinelWatch, "isWatched" | "masterOf">;
  readonly runIdByName: RunIdByName;
  /** The leader has begun a moment ago. */
  readonly isNew: boolean;
}

/** See the file head. */
export function sentinelVoice(heard: SentinelsHeard): SentinelVoice {
  const { topology, groupId, sights, sentinels, runIdByName, isNew } = heard;
  if (!sentinels.isWatched(groupId)) {
    return isNew && topology.sentinel.servers.length > 0 ? "unknown" : "none";
  }
  const master = topology.groups.get(groupId)?.servers[0]?.addr ?? "";
  const named = sentinels.masterOf(groupId);
  if (named === undefined) {
    return "unknown";
  }
  // Their name is seen from here as it would be from the master.
  const found = findMaster(master, named, {
    topology,
    addrByRunId: addrByRunIdOf(sights),
    runIdByName,
  });
  return found === undefined ? "unknown" : found === master ? "agree" : "differ";
}
