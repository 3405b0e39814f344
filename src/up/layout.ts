/**
 * What a local cluster is and what its folder holds. The folder is the only memory: `cluster.json` says
 * which processes belong to the cluster and on which ports, so that `codis up` on an existing folder
 * brings the same cluster with the same data back. Other files are written anew at each start, but for what
 * servers and sentinels have written into theirs: who is master of whom.
 *
 *     DIR/cluster.json        this layout
 *     DIR/supervisor.json     the running `codis up`: pid and phase
 *     DIR/coordinator/        the topology: files, or the data of ZooKeeper or etcd
 *     DIR/dashboard.toml .log
 *     DIR/proxy-1.toml .log   one of each for a proxy
 *     DIR/group-1/master/     redis.conf, redis.log, append-only file
 *     DIR/group-1/replica-1/  the same for a replica
 *     DIR/sentinel-1/         sentinel.conf, which the sentinel keeps its state in
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";
import { userDataFolder } from "./user-data.ts";

/** One redis-server. */
export interface ServerLayout {
  readonly port: number;
  /** The dashboard knows it by its address: the port can't change any more. */
  readonly isAdded?: boolean;
}

/** Where the topology is kept; the ports are 0 where there is no such thing. */
export interface CoordinatorLayout {
  readonly kind: LocalCoordinator;
  readonly port: number;
  /** Second port that etcd needs. */
  readonly peerPort: number;
}

/** One group: a master and its replicas, as they were made; a failover may have changed who is what. */
export interface GroupLayout {
  /** From 1. */
  readonly id: number;
  readonly master: ServerLayout;
  readonly replicas: readonly ServerLayout[];
}

/** One proxy. */
export interface ProxyLayout {
  readonly port: number;
  readonly adminPort: number;
  /** As in `ServerLayout`. */
  readonly isAdded?: boolean;
}

/** The dashboard; its port may change. */
export interface DashboardLayout {
  readonly port: number;
}

/** A replica, a proxy or a sentinel that the cluster had, and that the dashboard may still know. */
export interface FormerPart {
  readonly kind: "replica" | "proxy" | "sentinel";
  /** 0 but for a replica. */
  readonly groupId: number;
  /** Of a proxy the admin port. */
  readonly port: number;
}

/** The whole cluster; the content of `cluster.json`. */
export interface ClusterLayout {
  readonly version: 1;
  readonly coordinator: CoordinatorLayout;
  readonly dashboard: DashboardLayout;
  readonly groups: readonly GroupLayout[];
  readonly proxies: readonly ProxyLayout[];
  /** Sentinels; none when it is missing. */
  readonly sentinels?: readonly ServerLayout[];
  /** What the dashboard has to be told to forget. */
  readonly former?: readonly FormerPart[];
  /** The servers have the slot commands of codis-server. */
  readonly hasSlotCommands?: boolean;
}

/** A range of slots, both ends included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** Slots of a local cluster. */
export const SLOT_COUNT = 1024;

/** Name of the product of a local cluster. */
export const PRODUCT = "codis-local";

/** Coordinators that `codis up` can start; the folder is the default. */
export const LOCAL_COORDINATORS = ["filesystem", "zookeeper", "etcd"] as const;
/** One of `LOCAL_COORDINATORS`. */
export type LocalCoordinator = (typeof LOCAL_COORDINATORS)[number];

const LAYOUT_FILE = "cluster.json";
/** For folders that an older release has written: it had no dashboard. */
const NO_COORDINATOR: CoordinatorLayout = { kind: "filesystem", port: 0, peerPort: 0 };

/**
 * Where `codis up` keeps a cluster without `--dir`: below the user's folder for data, not below the
 * current one, so that cleaning a working copy never takes data with it.
 */
export function defaultDir(): string {
  return join(userDataFolder(), "up");
}

/** Absolute path of a cluster's folder as given on the command line. */
export function resolveDir(dir: string | undefined): string {
  return resolve(dir ?? defaultDir());
}

/** Evenly and contiguously: group 1 of 2 has slots 0 to 511. */
export function slotRangeOf(groupId: number, groupCount: number): SlotRange {
  return {
    first: Math.floor(((groupId - 1) * SLOT_COUNT) / groupCount),
    last: Math.floor((groupId * SLOT_COUNT) / groupCount) - 1,
  };
}

/**
 * Reads the layout; undefined when the folder doesn't exist or is empty. Throws `CLUSTER_DIR_INVALID`
 * when the folder holds something else, or can't be read.
 */
export function readLayout(dir: string): ClusterLayout | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, LAYOUT_FILE), "utf8");
  } catch (cause) {
    if (systemCodeOf(cause) !== "ENOENT") {
      throw unusable(dir, messageOf(cause), cause);
    }
    // These are written before the first cluster.json; a crash may leave them alone.
    const early = new Set(["supervisor.json", "up.log"].flatMap((name) => [name, `${name}.new`]));
    const names = listFolder(dir).filter(
      (name) => !early.has(name) && name !== `${LAYOUT_FILE}.new`,
    );
    if (names.length > 0) {
      throw unusable(dir, `it isn't empty and has no ${LAYOUT_FILE}; choose a new folder`);
    }
    return undefined;
  }
  try {
    return checkLayout(JSON.parse(text));
  } catch (cause) {
    throw unusable(dir, `${LAYOUT_FILE}: ${messageOf(cause)}`, cause);
  }
}

/** Creates the folder if needed and writes the layout so that a crash leaves the old or the new one. */
export function writeLayout(dir: string, layout: ClusterLayout): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    replaceFile(join(dir, LAYOUT_FILE), `${JSON.stringify(layout, undefined, 2)}\n`);
  } catch (cause) {
    throw unusable(dir, messageOf(cause), cause);
  }
}

/** Writes a file as a whole: a reader sees the old content or the new. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { flush: true });
  renameSync(`${path}.new`, path);
}

function listFolder(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") {
      return [];
    }
    throw unusable(dir, messageOf(cause), cause);
  }
}

function checkLayout(written: Partial<ClusterLayout> | null): ClusterLayout {
  const value = {
    coordinator: NO_COORDINATOR,
    dashboard: { port: 0 },
    ...written,
  } as ClusterLayout;
  const isNumber = (port: unknown): port is number =>
    typeof port === "number" && Number.isInteger(port) && port >= 0 && port < 65_536;
  const isPort = (port: unknown): boolean => isNumber(port) && port > 0;
  const isGood =
    value.version === 1 &&
    LOCAL_COORDINATORS.includes(value.coordinator?.kind) &&
    isNumber(value.coordinator.port) &&
    isNumber(value.coordinator.peerPort) &&
    isNumber(value.dashboard?.port) &&
    Array.isArray(value.groups) &&
    value.groups.length > 0 &&
    value.groups.every(
      (group, index) =>
        group?.id === index + 1 &&
        isPort(group.master?.port) &&
        Array.isArray(group.replicas) &&
        group.replicas.every((replica: ServerLayout | undefined) => isPort(replica?.port)),
    ) &&
    Array.isArray(value.proxies) &&
    value.proxies.every((proxy) => isPort(proxy?.port) && isPort(proxy.adminPort)) &&
    (value.sentinels === undefined ||
      (Array.isArray(value.sentinels) && value.sentinels.every(({ port }) => isPort(port)))) &&
    (value.hasSlotCommands === undefined || typeof value.hasSlotCommands === "boolean") &&
    (value.former === undefined ||
      (Array.isArray(value.former) && value.former.every((part) => isPort(part?.port))));
  if (!isGood) {
    throw new Error("it isn't the layout of a cluster that this version of codis up writes");
  }
  return value;
}

function unusable(dir: string, problem: string, cause?: unknown): CodisError {
  return new CodisError("CLUSTER_DIR_INVALID", `${dir} can't be used: ${problem}`, { cause });
}
