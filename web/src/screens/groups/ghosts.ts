/**
 * Servers that others speak of, though the product doesn't have them: masters that the sentinels or a replica name, and
 * replicas that a master feeds. Pure.
 */
import type { V1SentinelList } from "../../../../src/api/v1-topology-schema.ts";
import type { GroupView } from "./group-view.ts";

/** One of them; `by`: the server that names it, undefined: a majority of the sentinels. */
export interface Ghost {
  readonly addr: string;
  readonly groupId: number;
  readonly kind: "sentinels" | "master" | "replica";
  readonly by: string | undefined;
}

/** Masters that are named and not stored; each address once. `groups`: all of the product. */
export function ghostMasters(
  groups: readonly GroupView[],
  agreed: V1SentinelList["masters"],
): readonly Ghost[] {
  const stored = new Set(groups.flatMap(({ servers }) => servers.map(({ addr }) => addr)));
  const bySentinels = agreed.map(
    ({ group_id, addr }): Ghost => ({ addr, groupId: group_id, kind: "sentinels", by: undefined }),
  );
  const byServers = groups.flatMap(({ id, servers }) =>
    servers.flatMap(({ addr, status, reported_master: named }): Ghost[] =>
      status === "up" && named !== null && named !== undefined && named !== ""
        ? [{ addr: named, groupId: id, kind: "master", by: addr }]
        : [],
    ),
  );
  const ghosts = new Map<string, Ghost>();
  for (const ghost of [...bySentinels, ...byServers]) {
    if (!(stored.has(ghost.addr) || ghosts.has(ghost.addr))) {
      ghosts.set(ghost.addr, ghost);
    }
  }
  return [...ghosts.values()];
}

/**
 * Replicas that the INFO of a group's master has and the product hasn't. None when a stored replica that follows isn't
 * among them: then servers have other addresses for one another than those that are stored, and nothing can be told.
 */
export function ghostReplicas(
  group: GroupView,
  info: Readonly<Record<string, string>>,
  groups: readonly GroupView[],
): readonly Ghost[] {
  const [master, ...replicas] = group.servers;
  const fed = Object.entries(info).flatMap(([name, value]) => {
    const [, host = "", port = ""] = /^ip=([^,]+),port=(\d+),/.exec(value) ?? [];
    return /^slave\d+$/.test(name) && host !== ""
      ? [host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`]
      : [];
  });
  const following = replicas.filter(({ master_link }) => master_link === "up");
  if (!following.every(({ addr }) => fed.includes(addr))) {
    return [];
  }
  const stored = new Set(groups.flatMap(({ servers }) => servers.map(({ addr }) => addr)));
  return fed
    .filter((addr) => !stored.has(addr))
    .map((addr) => ({ addr, groupId: group.id, kind: "replica", by: master?.addr }));
}
