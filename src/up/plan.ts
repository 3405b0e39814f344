/**
 * From flags and what the folder holds to the layout of this start: a new cluster, or the one that is
 * there with what may change about it. Ports of servers are internal and replaced when another program
 * has taken them; the ports that applications use are never changed silently.
 */
import { CodisError } from "../base/error.ts";
import type { ClusterLayout, GroupLayout, ProxyLayout, ServerLayout } from "./layout.ts";
import { isPortFree, PortFinder } from "./port.ts";

/** What the command line asks for; undefined is "as it is", or the default for a new cluster. */
export interface Wishes {
  readonly groups: number | undefined;
  readonly replicas: number | undefined;
  readonly proxies: number | undefined;
  /** Of the first proxy; the others have the next ones. */
  readonly port: number | undefined;
}

const DEFAULTS = { groups: 2, replicas: 0, proxies: 1, port: 19_000 } as const;

/**
 * The layout to start. Throws `CLUSTER_DIR_INVALID` when the number of groups would change, and
 * `PORT_IN_USE` when another program has a port that a proxy needs.
 */
export async function planLayout(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  dir: string,
): Promise<ClusterLayout> {
  const groupCount = wishes.groups ?? existing?.groups.length ?? DEFAULTS.groups;
  if (existing !== undefined && existing.groups.length !== groupCount) {
    throw new CodisError(
      "CLUSTER_DIR_INVALID",
      `${dir} holds a cluster with --groups ${existing.groups.length}; moving slots to more or fewer ` +
        "groups arrives with a later release: leave --groups out, or choose another --dir",
    );
  }
  const finder = new PortFinder();
  const proxies = await planProxies(existing, wishes, finder);
  const replicaCount = wishes.replicas ?? existing?.groups[0]?.replicas.length ?? DEFAULTS.replicas;
  const groups: GroupLayout[] = [];
  for (let index = 0; index < groupCount; index += 1) {
    const old = existing?.groups[index];
    const master = await planServer(old?.master, finder);
    const replicas: ServerLayout[] = [];
    for (let replica = 0; replica < replicaCount; replica += 1) {
      replicas.push(await planServer(old?.replicas[replica], finder));
    }
    groups.push({ id: index + 1, master, replicas });
  }
  return { version: 1, groups, proxies };
}

async function planProxies(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  finder: PortFinder,
): Promise<readonly ProxyLayout[]> {
  const count = wishes.proxies ?? existing?.proxies.length ?? DEFAULTS.proxies;
  const first = wishes.port ?? existing?.proxies[0]?.port ?? DEFAULTS.port;
  if (first + count - 1 > 65_535) {
    throw new CodisError("USAGE", `--port ${first}: ${count} proxies need ports above 65535`);
  }
  const ports = Array.from({ length: count }, (_, index) => first + index);
  for (const port of ports) {
    if (!(await isPortFree(port))) {
      throw new CodisError(
        "PORT_IN_USE",
        `port ${port} of 127.0.0.1 is in use by another program; end it, or choose another: ` +
          `codis up --port ${port === first ? first + 1_000 : first - 1_000}`,
      );
    }
    finder.avoid(port);
  }
  const proxies: ProxyLayout[] = [];
  for (const [index, port] of ports.entries()) {
    const old = existing?.proxies[index]?.adminPort;
    const adminPort = old !== undefined && !ports.includes(old) ? old : 0;
    proxies.push({ port, adminPort: (await planServer({ port: adminPort }, finder)).port });
  }
  return proxies;
}

/** Keeps the port when it is free, else takes another. */
async function planServer(
  old: ServerLayout | undefined,
  finder: PortFinder,
): Promise<ServerLayout> {
  const port = old?.port ?? 0;
  if (port !== 0 && finder.take(port) && (await isPortFree(port))) {
    return { port };
  }
  return { port: await finder.find() };
}
