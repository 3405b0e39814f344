/**
 * From flags and what the folder holds to the layout of this start: a new cluster, or the one that is
 * there with what may change about it. The ports that applications use are never changed silently, nor
 * those by which the dashboard knows a server or a proxy; others are replaced when they are taken.
 */
import { existsSync, readFileSync } from "node:fs";
import { CodisError } from "../base/error.ts";
import type {
  ClusterLayout,
  CoordinatorLayout,
  FormerPart,
  GroupLayout,
  LocalCoordinator,
  ProxyLayout,
  ServerLayout,
} from "./layout.ts";
import { isPortFree, PortFinder } from "./port.ts";
import { createServer, followedPort } from "./server-member.ts";

/** What the command line asks for; undefined is "as it is", or the default for a new cluster. */
export interface Wishes {
  readonly groups: number | undefined;
  readonly replicas: number | undefined;
  readonly proxies: number | undefined;
  readonly sentinels: number | undefined;
  /** Of the first proxy; the others have the next ones. */
  readonly port: number | undefined;
  readonly coordinator: LocalCoordinator | undefined;
  /** The servers get the slot commands of codis-server; once they have them they keep them. */
  readonly codisServer?: boolean | undefined;
}

const DEFAULTS = { groups: 2, replicas: 0, proxies: 1, sentinels: 0, port: 19_000 } as const;
/** Where Codis has its dashboard, and where command lines look for it; another one when it is taken. */
export const DASHBOARD_PORT = 18_080;

/**
 * The layout to start. Throws `CLUSTER_DIR_INVALID` when a group that may have slots would be left out, and
 * `PORT_IN_USE` when another program has a port that a proxy needs.
 */
export async function planLayout(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  dir: string,
): Promise<ClusterLayout> {
  const groupCount = wishes.groups ?? existing?.groups.length ?? DEFAULTS.groups;
  refuseLostGroups(existing, groupCount, dir);
  refuseAnotherCoordinator(existing, wishes, dir);
  const finder = new PortFinder();
  const proxies = await planProxies(existing, wishes, finder);
  const replicaCount = wishes.replicas ?? existing?.groups[0]?.replicas.length ?? DEFAULTS.replicas;
  const groups: GroupLayout[] = [];
  for (let index = 0; index < groupCount; index += 1) {
    const old = existing?.groups[index];
    const master = await planServer(old?.master, finder, `group-${index + 1} master`);
    const replicas: ServerLayout[] = [];
    for (let replica = 0; replica < replicaCount; replica += 1) {
      const name = `group-${index + 1} replica-${replica + 1}`;
      replicas.push(await planServer(old?.replicas[replica], finder, name));
    }
    groups.push({ id: index + 1, master, replicas });
  }
  refuseLostMasters(existing, groups, dir);
  const sentinels = await planSentinels(existing, wishes, finder);
  const dashboardPort = existing?.dashboard.port || DASHBOARD_PORT;
  const { port } = await planServer({ port: dashboardPort }, finder, "dashboard");
  const coordinator = await planCoordinator(existing, wishes, finder);
  const former = findFormer(existing, groups, proxies, sentinels);
  const hasSlotCommands = wishes.codisServer ?? existing?.hasSlotCommands ?? false;
  return {
    ...{ version: 1, coordinator, dashboard: { port }, groups, proxies },
    ...(sentinels.length === 0 ? {} : { sentinels }),
    ...(former.length === 0 ? {} : { former }),
    ...(hasSlotCommands ? { hasSlotCommands } : {}),
  };
}

/** What the dashboard knows and the cluster no longer has. */
function findFormer(
  existing: ClusterLayout | undefined,
  groups: readonly GroupLayout[],
  proxies: readonly ProxyLayout[],
  sentinels: readonly ServerLayout[],
): readonly FormerPart[] {
  const replicas = (existing?.groups ?? []).flatMap(({ id, replicas: old }) =>
    old
      .slice(groups[id - 1]?.replicas.length ?? 0)
      .filter(({ isAdded }) => isAdded === true)
      .map(({ port }) => ({ kind: "replica", groupId: id, port }) as const),
  );
  const gone = (existing?.proxies ?? []).filter(
    ({ isAdded, port, adminPort }) =>
      isAdded === true &&
      !proxies.some((proxy) => proxy.port === port && proxy.adminPort === adminPort),
  );
  const formerProxies = gone.map(
    ({ adminPort }) => ({ kind: "proxy", groupId: 0, port: adminPort }) as const,
  );
  const formerSentinels = (existing?.sentinels ?? [])
    .slice(sentinels.length)
    .filter(({ isAdded }) => isAdded === true)
    .map(({ port }) => ({ kind: "sentinel", groupId: 0, port }) as const);
  return [...(existing?.former ?? []), ...replicas, ...formerProxies, ...formerSentinels];
}

function refuseAnotherCoordinator(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  dir: string,
): void {
  const kind = existing?.coordinator.kind;
  if (kind !== undefined && wishes.coordinator !== undefined && kind !== wishes.coordinator) {
    throw new CodisError(
      "CLUSTER_DIR_INVALID",
      `${dir} holds a cluster with --coordinator ${kind}: leave the flag out, or choose another --dir`,
    );
  }
}

/** Groups may be added, but for a cluster that no dashboard knows: its keys are where its own number puts them. */
function refuseLostGroups(
  existing: ClusterLayout | undefined,
  groupCount: number,
  dir: string,
): void {
  if (existing === undefined || existing.groups.length === groupCount) {
    return;
  }
  const [first] = existing.groups;
  const isKnown = first !== undefined && hasAddedServer(first);
  // A group that the dashboard was never told of has nothing: a start that failed has left it.
  const lost = existing.groups.slice(groupCount).find((group) => hasAddedServer(group));
  if (isKnown && lost === undefined) {
    return;
  }
  const next = isKnown
    ? `leave --groups out, or choose another --dir; codis rebalance --drain ${lost?.id} empties a group`
    : "start it without --groups first; then it can have more";
  throw new CodisError(
    "CLUSTER_DIR_INVALID",
    `${dir} holds a cluster with --groups ${existing.groups.length}: ${next}`,
  );
}

function hasAddedServer({ master, replicas }: GroupLayout): boolean {
  return [master, ...replicas].some(({ isAdded }) => isAdded === true);
}

/** A replica that has become the master of its group can't be left out: it has the group's data. */
function refuseLostMasters(
  existing: ClusterLayout | undefined,
  groups: readonly GroupLayout[],
  dir: string,
): void {
  for (const { id, replicas } of existing?.groups ?? []) {
    const kept = groups[id - 1]?.replicas.length ?? 0;
    for (const [index, replica] of replicas.entries()) {
      if (index >= kept && replica.isAdded === true && isMaster(dir, id, index + 1)) {
        throw new CodisError(
          "CLUSTER_DIR_INVALID",
          `group-${id} replica-${index + 1} (127.0.0.1:${replica.port}) is the master of its group now, so it ` +
            `can't be left out; first: codis up --dir ${dir}, then codis group promote ${id} ` +
            `127.0.0.1:${groups[id - 1]?.master.port}`,
        );
      }
    }
  }
}

/** Whether the server follows nobody, as its file says. */
function isMaster(dir: string, groupId: number, replica: number): boolean {
  const { configPath } = createServer(dir, {
    ...{ groupId, replica, server: { port: 0 }, masterPort: 0 },
  });
  return existsSync(configPath) && followedPort(readFileSync(configPath, "utf8")) === 0;
}

async function planSentinels(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  finder: PortFinder,
): Promise<readonly ServerLayout[]> {
  const count = wishes.sentinels ?? existing?.sentinels?.length ?? DEFAULTS.sentinels;
  const sentinels: ServerLayout[] = [];
  for (let index = 0; index < count; index += 1) {
    const old = existing?.sentinels?.[index];
    sentinels.push(await planServer(old, finder, `sentinel-${index + 1}`));
  }
  return sentinels;
}

async function planCoordinator(
  existing: ClusterLayout | undefined,
  wishes: Wishes,
  finder: PortFinder,
): Promise<CoordinatorLayout> {
  const old = existing?.coordinator;
  const kind = old?.kind ?? wishes.coordinator ?? "filesystem";
  const plan = async (port: number | undefined): Promise<number> =>
    (await planServer({ port: port ?? 0 }, finder, kind)).port;
  return {
    kind,
    port: kind === "filesystem" ? 0 : await plan(old?.port),
    peerPort: kind === "etcd" ? await plan(old?.peerPort) : 0,
  };
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
        `port ${port} of 127.0.0.1 is in use by another program; end it, or choose another with ` +
          `--port ${port === first ? first + 1_000 : first - 1_000}`,
      );
    }
    finder.avoid(port);
  }
  const proxies: ProxyLayout[] = [];
  for (const [index, port] of ports.entries()) {
    const old = existing?.proxies[index];
    // Its ports make the identity of a proxy: with another port for clients it is another proxy.
    const isSame = old !== undefined && old.port === port && !ports.includes(old.adminPort);
    const admin = { port: isSame ? old.adminPort : 0, isAdded: isSame && old.isAdded === true };
    const planned = await planServer(admin, finder, `proxy-${index + 1}`);
    proxies.push({ port, adminPort: planned.port, ...addedFlag(planned.isAdded) });
  }
  return proxies;
}

/** Keeps the port when it is free; else takes another, unless the dashboard knows the server by it. */
async function planServer(
  old: ServerLayout | undefined,
  finder: PortFinder,
  name: string,
): Promise<ServerLayout> {
  const port = old?.port ?? 0;
  if (port !== 0 && finder.take(port) && (await isPortFree(port))) {
    return { port, ...addedFlag(old?.isAdded) };
  }
  if (old?.isAdded === true) {
    throw new CodisError(
      "PORT_IN_USE",
      `port ${port} of 127.0.0.1, by which the dashboard knows ${name}, is in use by another program; ` +
        "end that program first",
    );
  }
  return { port: await finder.find() };
}

function addedFlag(isAdded: boolean | undefined): { isAdded?: boolean } {
  return isAdded === true ? { isAdded } : {};
}
