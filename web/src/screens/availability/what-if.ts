/**
 * What would happen if a server died now: who would notice, whether a majority is there to replace it, which replicas
 * could take over, and what they lack. Out of the last looks alone; nothing is asked or changed. Pure.
 */
import type { V1Availability } from "../../../../src/api/v1-availability-schema.ts";
import type { V1SentinelList } from "../../../../src/api/v1-topology-schema.ts";
import type { GroupView, ServerView } from "../groups/group-view.ts";
import { keeperOf } from "./story-view.ts";

/** How it would end. `replaced`: a replica takes over; `down`: the group's slots are away; `noticed`: reads only. */
export type Verdict = "replaced" | "down" | "noticed" | "unnoticed";

/** One thing that decides it. `key` names its text. */
export interface WhatIfLine {
  readonly key: string;
  readonly state: "good" | "note" | "bad";
  readonly params: Readonly<Record<string, string | number | null>>;
}

/** See the head of the file. */
export interface WhatIf {
  readonly verdict: Verdict;
  readonly lines: readonly WhatIfLine[];
}

/** What is known besides the group. */
export interface Keepers {
  readonly availability: Pick<V1Availability, "detector" | "sentinels">;
  readonly looks: V1SentinelList["looks"];
  /** All proxies, and those that answer. */
  readonly proxies: { readonly total: number; readonly online: number };
}

/** See the head of the file; `addr` is a server of the group. */
export function whatIf(group: GroupView, addr: string, keepers: Keepers): WhatIf {
  const [master] = group.servers;
  return master?.addr === addr ? masterDies(group, keepers) : replicaDies(group, addr);
}

/** Replicas that could take over, the one that lacks least first; what it lacks is unknown goes last. */
export function heirsOf(group: GroupView): readonly ServerView[] {
  const unknown = Number.POSITIVE_INFINITY;
  return group.servers
    .slice(1)
    .filter((server) => isFit(server))
    .sort((one, two) => (one.lag_bytes ?? unknown) - (two.lag_bytes ?? unknown));
}

function isFit({ status, master_link, faults }: ServerView): boolean {
  return status === "up" && master_link === "up" && faults.every((code) => code === "LAGGING");
}

function masterDies(group: GroupView, keepers: Keepers): WhatIf {
  const slots = group.slots.count;
  const keeper = keeperLine(group.id, keepers);
  const heirs = heirsOf(group);
  const [heir] = heirs;
  const replicas = group.servers.length - 1;
  const lines: WhatIfLine[] = [
    slots === 0
      ? { key: "slots.none", state: "good", params: {} }
      : { key: "slots.some", state: "note", params: { slots } },
    keeper,
    heir === undefined
      ? { key: "heirs.none", state: "bad", params: { replicas } }
      : { key: "heirs.some", state: "good", params: { heirs: heirs.length, replicas } },
  ];
  if (heir !== undefined) {
    const bytes = heir.lag_bytes ?? null;
    const key = bytes === null ? "lag.unknown" : bytes === 0 ? "lag.none" : "lag.some";
    const state = bytes === 0 ? "good" : "note";
    lines.push({ key, state, params: { addr: heir.addr, bytes } });
  }
  const isSaved = heir !== undefined && keeper.state !== "bad";
  return { verdict: slots === 0 ? "unnoticed" : isSaved ? "replaced" : "down", lines };
}

function keeperLine(groupId: number, { availability, looks, proxies }: Keepers): WhatIfLine {
  const keeper = keeperOf(availability);
  if (keeper === "nobody") {
    return { key: "keeper.nobody", state: "bad", params: {} };
  }
  if (keeper === "detector") {
    const { online, total } = proxies;
    const isEnough = online * 2 > total;
    return {
      key: "keeper.detector",
      state: isEnough ? "good" : "bad",
      params: { online, total },
    };
  }
  const total = availability.sentinels.length;
  const watching = looks.filter(
    ({ status, watched_group_ids: ids }) => status === "up" && ids?.includes(groupId) === true,
  ).length;
  return {
    key: "keeper.sentinels",
    state: watching * 2 > total ? "good" : "bad",
    params: { watching, total },
  };
}

function replicaDies(group: GroupView, addr: string): WhatIf {
  const server = group.servers.find((each) => each.addr === addr);
  const isRead = server?.replica_reads === true && group.slots.count > 0;
  const left = heirsOf(group).filter((each) => each.addr !== addr).length;
  return {
    verdict: isRead ? "noticed" : "unnoticed",
    lines: [
      isRead
        ? { key: "reads.some", state: "note", params: {} }
        : { key: "reads.none", state: "good", params: {} },
      left === 0
        ? { key: "left.none", state: "bad", params: {} }
        : { key: "left.some", state: "good", params: { left } },
    ],
  };
}
