/**
 * Groups as the screens draw them: what is stored (`group:` of the live document) joined with the last look at each
 * server (`server:`), the master first; and what state a group and a server are in, in one word each. Pure.
 */
import type { V1ReplicationFault } from "../../../../src/api/v1-availability-schema.ts";
import type { V1Group, V1Server } from "../../../../src/api/v1-topology-schema.ts";
import type { Tone } from "../../ui/badge.tsx";

/** What is needed of a `group:` of the live document; its servers may come without figures. */
export type LiveGroup = Omit<V1Group, "servers"> & {
  readonly servers: readonly (string | (Partial<V1Server> & Pick<V1Server, "addr">))[];
};

/** One server with all that is known. */
export interface ServerView extends Partial<V1Server> {
  readonly addr: string;
  readonly role: V1Server["role"];
  readonly status: V1Server["status"];
  readonly faults: V1Server["faults"];
}

/** One group with all that is known. */
export interface GroupView extends Omit<LiveGroup, "servers"> {
  /** The master first. */
  readonly servers: readonly ServerView[];
}

/** Joins a group with the looks at its servers. */
export function viewGroup(
  group: LiveGroup,
  lookAt: (addr: string) => Partial<V1Server> | undefined,
): GroupView {
  const servers = group.servers.map((stored, index): ServerView => {
    const own = typeof stored === "string" ? { addr: stored } : stored;
    const role = index === 0 ? "master" : "replica";
    return { status: "unknown", faults: [], ...own, ...lookAt(own.addr), addr: own.addr, role };
  });
  return { ...group, faults: group.faults ?? [], servers };
}

/** One word for a group: the worst that is true of it. */
export type GroupState = "fault" | "empty" | "promoting" | "unsynced" | "ok";

/** See `GroupState`. */
export function groupState(group: GroupView): GroupState {
  if (group.servers.length === 0) {
    return "empty";
  }
  if (group.faults.length > 0 || group.servers.some((server) => isBad(server))) {
    return "fault";
  }
  if (group.promoting !== null && group.promoting !== undefined) {
    return "promoting";
  }
  return group.out_of_sync ? "unsynced" : "ok";
}

const GROUP_TONES: Readonly<Record<GroupState, Tone>> = {
  fault: "bad",
  empty: "idle",
  promoting: "busy",
  unsynced: "warn",
  ok: "ok",
};

/** Tone of a group's state. */
export function groupTone(state: GroupState): Tone {
  return GROUP_TONES[state];
}

function isBad(server: ServerView): boolean {
  return server.status === "timeout" || server.status === "error" || server.faults.length > 0;
}

/** One word for a server. */
export type ServerState =
  | "up"
  | "timeout"
  | "error"
  | "unknown"
  | "fault"
  | "syncing"
  | "sync_failed";

/** See `ServerState`. */
export function serverState(server: ServerView): ServerState {
  if (server.status !== "up") {
    return server.status;
  }
  if (server.sync?.state === "synced_failed") {
    return "sync_failed";
  }
  if (isSyncing(server)) {
    return "syncing";
  }
  return server.faults.length > 0 ? "fault" : "up";
}

/** Whether an order to become a replica is under way. */
export function isSyncing(server: ServerView): boolean {
  const state = server.sync?.state;
  return state === "pending" || state === "syncing";
}

const SERVER_TONES: Readonly<Record<ServerState, Tone>> = {
  up: "ok",
  timeout: "bad",
  error: "bad",
  unknown: "idle",
  fault: "bad",
  syncing: "busy",
  sync_failed: "bad",
};

/** Tone of a server's state. */
export function serverTone(state: ServerState): Tone {
  return SERVER_TONES[state];
}

/** Slots as a short text, `0-511,600`; at most `spansMax` ranges, then `…`. */
export function spansText(
  ranges: readonly { readonly from: number; readonly to: number }[],
  spansMax: number,
): string {
  const shown = ranges
    .slice(0, spansMax)
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  return [...shown, ...(ranges.length > spansMax ? ["…"] : [])].join(",");
}

/** Whether all words of the filter are in the group's id, addresses, data centres, state or faults. */
export function matchesGroup(group: GroupView, filter: string): boolean {
  const parts = [
    `group-${group.id}`,
    String(group.id),
    groupState(group),
    ...group.faults.map(({ code }) => code),
    ...group.servers.flatMap((server) => [server.addr, server.datacenter ?? "", server.status]),
  ];
  const text = parts.join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** How many servers may be read from while they are replicas, of all. */
export function countReads(groups: readonly GroupView[]): { on: number; total: number } {
  const servers = groups.flatMap((group) => group.servers);
  return {
    on: servers.filter((server) => server.replica_reads === true).length,
    total: servers.length,
  };
}

/** The smallest id that no group has; undefined when all are taken. */
export function freeGroupId(ids: readonly number[], max = 9999): number | undefined {
  const taken = new Set(ids);
  for (let id = 1; id <= max; id += 1) {
    if (!taken.has(id)) {
      return id;
    }
  }
  return undefined;
}

/** How many of the faults a repair mends. */
export function countMendable(faults: readonly V1ReplicationFault[]): number {
  return faults.filter(({ mendable }) => mendable).length;
}
