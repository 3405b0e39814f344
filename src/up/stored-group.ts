/**
 * Who is the master of each group of a local cluster now, as its dashboard has it stored: a failover may have made
 * another server the master than the one that was made as it.
 */
import { callHttp } from "../api/http-call.ts";
import type { TopomStatsJson } from "../api/topom-json.ts";
import type { ClusterLayout } from "./layout.ts";

/** Addresses of each group's servers by group id, the master first. */
export type StoredGroups = ReadonlyMap<number, readonly string[]>;

const CALL_MS = 2_000;

/** undefined when the dashboard doesn't answer, or has no leader now. */
export async function findStoredGroups(layout: ClusterLayout): Promise<StoredGroups | undefined> {
  const path = "/topom/stats";
  const addr = `127.0.0.1:${layout.dashboard.port}`;
  try {
    const text = await callHttp({ addr, method: "GET", path, shownPath: path, timeoutMs: CALL_MS });
    const stats: Partial<Pick<TopomStatsJson, "group">> = JSON.parse(text);
    const models = stats.group?.models ?? [];
    return new Map(models.map(({ id, servers }) => [id, servers.map(({ server }) => server)]));
  } catch {
    // Refused, silent, or no product: shown as unknown, asked again by whoever waits.
    return undefined;
  }
}
