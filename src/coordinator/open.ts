/**
 * Opens a coordinator by the name that configuration files and flags use. Each implementation is loaded
 * when it is asked for, so that nobody pays for another's modules and none needs a runtime it can't have
 * (the filesystem one knows Bun's, the others run on Node as well).
 */
import { CodisError } from "../base/error.ts";
import type { Coordinator } from "./coordinator.ts";

/** Kinds of coordinators by every name they go by. */
const COORDINATOR_KINDS = {
  zookeeper: "zookeeper",
  zk: "zookeeper",
  etcd: "etcd",
  filesystem: "filesystem",
  fs: "filesystem",
} as const satisfies Readonly<Record<string, string>>;

/** One kind of coordinator, by its main name. */
export type CoordinatorKind = (typeof COORDINATOR_KINDS)[keyof typeof COORDINATOR_KINDS];

/** What to connect to. */
export interface CoordinatorOptions {
  readonly kind: CoordinatorKind;
  /** `host:port,host:port` (etcd also as `http://host:port`), or the root folder. */
  readonly addr: string;
  /** `user:password`, or empty. */
  readonly auth: string;
  /** Bound for one operation, reconnecting included; default 10 s. */
  readonly operationTimeoutMs?: number;
  /** Session of ZooKeeper; default 20 s. Leases of a leader are shorter, see `LeadershipRequest`. */
  readonly sessionTimeoutMs?: number;
  /** Gets one line when the connection is lost or comes back. */
  readonly onState?: (line: string) => void;
}

/** Kind of a name in a file or flag; undefined for any other text. */
export function coordinatorKindOf(name: string): CoordinatorKind | undefined {
  return Object.entries(COORDINATOR_KINDS).find(([known]) => known === name)?.[1];
}

/** Opens a coordinator; doesn't wait for the connection: the first operation does, within its bound. */
export async function openCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  switch (options.kind) {
    case "filesystem":
      return (await import("./filesystem/filesystem.ts")).openFilesystem(options);
    case "zookeeper":
      return (await import("./zookeeper/zookeeper.ts")).openZookeeper(options);
    case "etcd":
      return (await import("./etcd/etcd.ts")).openEtcd(options);
    default:
      throw new CodisError("INTERNAL", `unknown coordinator ${String(options.kind)}`);
  }
}
