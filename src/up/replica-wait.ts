/**
 * Waits at the end of `codis up` until the replicas really have their masters' data, as the masters are stored now.
 * What isn't there in time is told and doesn't keep the cluster from being used: the dashboard goes on with it.
 */
import type { ClusterLayout } from "./layout.ts";
import { ask } from "./probe.ts";
import { findStoredGroups } from "./stored-group.ts";

/** Without progress; a copy that is under way may take as long as it needs. */
const SYNC_MS = 20_000;
const POLL_MS = 100;

/** How a replica stands. */
type Standing = "synced" | "syncing" | "unlinked";

/** Resolves when all are synced, or some can't be; `report` gets a line for each of those. */
export async function waitForReplicas(
  layout: ClusterLayout,
  report: (line: string) => void,
): Promise<void> {
  let endsAt = performance.now() + SYNC_MS;
  for (;;) {
    const standings = await lookAtReplicas(layout);
    const open = [...standings].filter(([, standing]) => standing !== "synced");
    if (open.length === 0) {
      return;
    }
    if (open.some(([, standing]) => standing === "syncing")) {
      endsAt = performance.now() + SYNC_MS;
    }
    if (performance.now() >= endsAt) {
      for (const [addr] of open) {
        report(`replica ${addr} has no copy of its master's data yet; codis group faults says why`);
      }
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Servers of this cluster that are stored as replicas. */
async function lookAtReplicas(layout: ClusterLayout): Promise<ReadonlyMap<string, Standing>> {
  const own = new Set(
    layout.groups.flatMap(({ master, replicas }) => [master, ...replicas].map(({ port }) => port)),
  );
  const standings = new Map<string, Standing>();
  for (const [master = "", ...replicas] of (await findStoredGroups(layout))?.values() ?? []) {
    for (const addr of replicas) {
      const port = portOf(addr);
      if (own.has(port)) {
        standings.set(addr, await findStanding(port, portOf(master)));
      }
    }
  }
  return standings;
}

async function findStanding(port: number, masterPort: number): Promise<Standing> {
  const info = await ask(port, "INFO replication").catch(() => "");
  if (info.includes("master_sync_in_progress:1")) {
    return "syncing";
  }
  const follows = /^master_port:(\d+)/m.exec(info)?.[1];
  return Number(follows) === masterPort && info.includes("master_link_status:up")
    ? "synced"
    : "unlinked";
}

function portOf(addr: string): number {
  return Number(addr.slice(addr.lastIndexOf(":") + 1));
}
