/**
 * The processes that a layout stands for, each with its files and its command line. Pure: nothing is
 * written or started here.
 *
 * Every process can be recognised by its command line alone, because the path of its configuration file
 * or folder is in it: redis-server by its title (`proc-title-template`), ours by their flags. So no list
 * of pids has to survive a crash.
 */
import { basename, join } from "node:path";
import { createCoordinator } from "./coordinator-member.ts";
import { type ClusterLayout, PRODUCT } from "./layout.ts";

/** Kinds of processes, in the order of their start. */
export const MEMBER_KINDS = ["coordinator", "master", "replica", "dashboard", "proxy"] as const;
/** One of `MEMBER_KINDS`. */
export type MemberKind = (typeof MEMBER_KINDS)[number];

/** One process of a local cluster. */
export interface Member {
  /** `group-1 master`, `group-1 replica-1`, `dashboard`, `proxy-1`, `etcd`. */
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
  readonly configText: string;
  readonly logPath: string;
  readonly command: readonly string[];
  /** Whether a command line, split into arguments, is this member's. */
  readonly isCommandLine: (args: readonly string[]) => boolean;
}

const NOTE = "# Written by codis up at each start: changes are lost.";

/** All members, in the order of their start. */
export function listMembers(
  dir: string,
  layout: ClusterLayout,
  launcher: string,
): readonly Member[] {
  const coordinator = createCoordinator(dir, layout.coordinator);
  const masters = layout.groups.map((group) =>
    createServer(dir, group.id, 0, group.master.port, 0),
  );
  const replicas = layout.groups.flatMap((group) =>
    group.replicas.map((replica, index) =>
      createServer(dir, group.id, index + 1, replica.port, group.master.port),
    ),
  );
  return [
    ...(coordinator === undefined ? [] : [coordinator]),
    ...masters,
    ...replicas,
    createDashboard(dir, layout, launcher),
    ...layout.proxies.map((_, index) => createProxy(dir, layout, index, launcher)),
  ];
}

/** `masterPort` is 0 for a master, and `replica` too. */
function createServer(
  dir: string,
  groupId: number,
  replica: number,
  port: number,
  masterPort: number,
): Member {
  const role = replica === 0 ? "master" : `replica-${replica}`;
  const folder = join(dir, `group-${groupId}`, role);
  const configPath = join(folder, "redis.conf");
  const logPath = join(folder, "redis.log");
  const lines = [
    NOTE,
    "bind 127.0.0.1",
    `port ${port}`,
    "protected-mode yes",
    "daemonize no",
    `dir ${quote(folder)}`,
    // stdout goes to the log file, together with what the server says before it reads this file.
    'logfile ""',
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    // All replicas of a local cluster start together: nothing is gained by waiting for more.
    "repl-diskless-sync-delay 0",
    'proc-title-template "{title} {listen-addr} {config-file}"',
  ];
  if (masterPort !== 0) {
    lines.push(`replicaof 127.0.0.1 ${masterPort}`);
  }
  return {
    name: `group-${groupId} ${role}`,
    kind: replica === 0 ? "master" : "replica",
    groupId,
    port,
    adminPort: 0,
    folder,
    configPath,
    configText: `${lines.join("\n")}\n`,
    logPath,
    command: ["redis-server", configPath],
    isCommandLine: (args) => {
      // Before and after the server has set its title: arguments, or one text with spaces.
      const line = args.join(" ").trimEnd();
      const program = basename(line.split(" ")[0] ?? "");
      return program.startsWith("redis-server") && line.endsWith(` ${configPath}`);
    },
  };
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
      "",
    ].join("\n"),
  });
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

/** A value for redis.conf that may contain spaces and quotes. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
