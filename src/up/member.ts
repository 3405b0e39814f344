/**
 * The processes that a layout stands for, each with its files and its command line. Pure: nothing is
 * written or started here.
 *
 * Every process can be recognised by its command line alone, because the path of its configuration file
 * or folder is in it: redis-server by its title (`proc-title-template`), ours by their flags. So no list
 * of pids has to survive a crash.
 */
import { join } from "node:path";
import { createCoordinator } from "./coordinator-member.ts";
import { type ClusterLayout, PRODUCT } from "./layout.ts";
import { createSentinel, createServer } from "./server-member.ts";
import { SLOTS_MODULE } from "./slots-module.ts";

/** Kinds of processes, in the order of their start. */
export const MEMBER_KINDS = ["coordinator", "server", "sentinel", "dashboard", "proxy"] as const;
/** One of `MEMBER_KINDS`. */
export type MemberKind = (typeof MEMBER_KINDS)[number];

/** One process of a local cluster. */
export interface Member {
  /** `group-1 master`, `group-1 replica-1` (what they were made as), `sentinel-1`, `dashboard`, `proxy-1`, `etcd`. */
  readonly name: string;
  readonly kind: MemberKind;
  /** 0 for all but servers. */
  readonly groupId: number;
  readonly port: number;
  /** 0 for all but proxies. */
  readonly adminPort: number;
  /** Folder that the process runs in. */
  readonly folder: string;
  readonly configPath: string;
  /** Of a new one; see `nextConfigText`. */
  readonly configText: string;
  /** Of servers and sentinels: the dashboard has it, and its file has a state that must be kept. */
  readonly isKnown?: boolean;
  readonly logPath: string;
  readonly command: readonly string[];
  /** Whether a command line, split into arguments, is this member's. */
  readonly isCommandLine: (args: readonly string[]) => boolean;
}

/** A master that is silent for so long is dead. */
const DOWN_AFTER = "3s";
/** Sentinels try a group again after twice this. */
const SENTINEL_FAILOVER_TIMEOUT = "10s";
const NOTE = "# Written by codis up at each start: changes are lost.";

/** All members, in the order of their start. */
export function listMembers(
  dir: string,
  layout: ClusterLayout,
  launcher: string,
): readonly Member[] {
  const coordinator = createCoordinator(dir, layout.coordinator);
  const modulePath = layout.hasSlotCommands === true ? SLOTS_MODULE : "";
  const servers = layout.groups.flatMap(({ id: groupId, master, replicas }) => [
    createServer(dir, { groupId, replica: 0, server: master, masterPort: 0, modulePath }),
    ...replicas.map((server, index) => {
      // One that joins a group later is told by the dashboard whom to follow: who is master may have changed.
      const isLater = master.isAdded === true && server.isAdded !== true;
      const masterPort = isLater ? 0 : master.port;
      return createServer(dir, { groupId, replica: index + 1, server, masterPort, modulePath });
    }),
  ]);
  const sentinels = (layout.sentinels ?? []).map((sentinel, index) =>
    createSentinel(dir, index, sentinel),
  );
  return [
    ...(coordinator === undefined ? [] : [coordinator]),
    ...servers,
    ...sentinels,
    createDashboard(dir, layout, launcher),
    ...layout.proxies.map((_, index) => createProxy(dir, layout, index, launcher)),
  ];
}

function createDashboard(dir: string, layout: ClusterLayout, launcher: string): Member {
  const configPath = join(dir, "dashboard.toml");
  const { kind, port } = layout.coordinator;
  const addr = kind === "filesystem" ? join(dir, "coordinator") : `127.0.0.1:${port}`;
  return createDaemon(launcher, "dashboard", {
    name: "dashboard",
    port: layout.dashboard.port,
    adminPort: 0,
    folder: dir,
    configPath,
    configText: [
      NOTE,
      `product_name = "${PRODUCT}"`,
      `coordinator_name = "${kind}"`,
      `coordinator_addr = ${JSON.stringify(addr)}`,
      `admin_addr = "127.0.0.1:${layout.dashboard.port}"`,
      ...availabilityKeys(layout),
      "",
    ].join("\n"),
  });
}

/** Dead masters are replaced within seconds: by the sentinels, or without them by the dashboard. */
function availabilityKeys(layout: ClusterLayout): readonly string[] {
  const sentinels = layout.sentinels?.length ?? 0;
  if (sentinels > 0) {
    return [
      `sentinel_quorum = ${Math.floor(sentinels / 2) + 1}`,
      `sentinel_down_after = "${DOWN_AFTER}"`,
      `sentinel_failover_timeout = "${SENTINEL_FAILOVER_TIMEOUT}"`,
    ];
  }
  return layout.groups.some(({ replicas }) => replicas.length > 0)
    ? ["ha_enabled = true", `ha_down_after = "${DOWN_AFTER}"`]
    : [];
}

function createProxy(dir: string, layout: ClusterLayout, index: number, launcher: string): Member {
  const name = `proxy-${index + 1}`;
  const { port, adminPort } = layout.proxies[index] ?? { port: 0, adminPort: 0 };
  return createDaemon(launcher, "proxy", {
    name,
    port,
    adminPort,
    folder: dir,
    configPath: join(dir, `${name}.toml`),
    configText: [
      NOTE,
      `product_name = "${PRODUCT}"`,
      'proto_type = "tcp4"',
      `proxy_addr = "127.0.0.1:${port}"`,
      `admin_addr = "127.0.0.1:${adminPort}"`,
      "",
    ].join("\n"),
  });
}

/** One of our own programs. */
function createDaemon(
  launcher: string,
  kind: "dashboard" | "proxy",
  facts: Pick<Member, "name" | "port" | "adminPort" | "folder" | "configPath" | "configText">,
): Member {
  const { configPath } = facts;
  return {
    ...facts,
    kind,
    groupId: 0,
    logPath: join(facts.folder, `${facts.name}.log`),
    command: [launcher, kind, "--config", configPath],
    isCommandLine: (args) => {
      const at = args.indexOf(kind);
      return at > 0 && args[at + 1] === "--config" && args[at + 2] === configPath;
    },
  };
}
