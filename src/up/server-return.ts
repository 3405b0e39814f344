/**
 * When a redis-server of a local cluster that died is started again. Without replicas at once: nobody else has its
 * keys. In a group with replicas a dead master stays away until another server is stored as the master, so that the
 * sentinels or the dashboard do their work, and then comes back as a replica of it; if nobody takes its place within
 * a bound, it comes back as what it was. A dead replica is started at once.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { ClusterLayout } from "./layout.ts";
import type { Member } from "./member.ts";
import { followedPort, withMaster } from "./server-member.ts";
import { findStoredGroups } from "./stored-group.ts";

/** A dead master stays away for so long when nobody takes its place. */
export const MASTER_AWAY_MS = 10_000;
const POLL_MS = 250;

/** Whether a failover can be what a dead server has to wait for. */
export function canBeReplaced(layout: ClusterLayout, member: Member): boolean {
  const group = layout.groups.find(({ id }) => id === member.groupId);
  return member.kind === "server" && group !== undefined && group.replicas.length > 0;
}

/**
 * Resolves when the server may be started; its file then says whom it follows. Once `isGivenUp` is true it resolves
 * soon. Rejects with a system error when the file can't be read or written.
 */
export async function waitForTurn(
  layout: ClusterLayout,
  member: Member,
  isGivenUp: () => boolean,
): Promise<void> {
  const own = `127.0.0.1:${member.port}`;
  const endsAt = performance.now() + MASTER_AWAY_MS;
  while (!isGivenUp()) {
    const master = (await findStoredGroups(layout))?.get(member.groupId)?.[0];
    if (master !== undefined && master !== own) {
      follow(member, master);
      return;
    }
    if (performance.now() >= endsAt) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** From its first moment on it is no second master. */
function follow(member: Member, masterAddr: string): void {
  const masterPort = Number(/^127\.0\.0\.1:(\d+)$/.exec(masterAddr)?.[1] ?? 0);
  const text = readFileSync(member.configPath, "utf8");
  // A master that isn't the cluster's own is the dashboard's to tell.
  if (masterPort !== 0 && followedPort(text) !== masterPort) {
    writeFileSync(member.configPath, withMaster(text, masterPort), { mode: 0o600 });
  }
}
