/**
 * The processes that a layout stands for, each with its files and its command line. Pure: nothing is
 * written or started here.
 *
 * Every process can be recognised by its command line alone, because the path of its configuration file
 * is in it: redis-server by its title (`proc-title-template`), a proxy by its flags. So no list of
 * pids has to survive a crash.
 */
import { basename, join } from "node:path";
import { type ClusterLayout, SLOT_COUNT, slotRangeOf } from "./layout.ts";

/** One process of a local cluster. */
export interface Member {
  /** `group-1 master`, `group-1 replica-1`, `proxy-1`. */
  readonly name: string;
  readonly kind: "master" | "replica" | "proxy";
  /** 0 for proxies. */
  readonly groupId: number;
  readonly port: number;
  /** 0 for servers. */
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

/** All members: masters, then replicas, then proxies, which is the order of their start. */
export function listMembers(
  dir: string,
  layout: ClusterLayout,
  launcher: string,
): readonly Member[] {
  const masters = layout.groups.map((group) =>
    createServer(dir, group.id, 0, group.master.port, 0),
  );
  const replicas = layout.groups.flatMap((group) =>
    group.replicas.map((replica, index) =>
      createServer(dir, group.id, index + 1, replica.port, group.master.port),
    ),
  );
  const proxies = layout.proxies.map((_, index) => createProxy(dir, layout, index, launcher));
  return [...masters, ...replicas, ...proxies];
}

/** Path of the slot table. */
export function slotFileOf(dir: string): string {
  return join(dir, "slots.json");
}

/** The slot table in Codis's form: each group has its range. */
export function slotFileText(layout: ClusterLayout): string {
  const slots = layout.groups.flatMap((group) => {
    const range = slotRangeOf(group.id, layout.groups.length);
    return Array.from({ length: range.last - range.first + 1 }, (_, index) =>
      JSON.stringify({
        id: range.first + index,
        backend_addr: `127.0.0.1:${group.master.port}`,
        backend_addr_group_id: group.id,
      }),
    );
  });
  if (slots.length !== SLOT_COUNT) {
    throw new RangeError(`${slots.length} slots for ${SLOT_COUNT}`);
  }
  return `[\n${slots.join(",\n")}\n]\n`;
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
    "# Written by codis up at each start: changes are lost.",
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

function createProxy(dir: string, layout: ClusterLayout, index: number, launcher: string): Member {
  const name = `proxy-${index + 1}`;
  const configPath = join(dir, `${name}.toml`);
  const { port, adminPort } = layout.proxies[index] ?? { port: 0, adminPort: 0 };
  return {
    name,
    kind: "proxy",
    groupId: 0,
    port,
    adminPort,
    folder: dir,
    configPath,
    configText: [
      "# Written by codis up at each start: changes are lost.",
      'product_name = "codis-local"',
      'proto_type = "tcp4"',
      `proxy_addr = "127.0.0.1:${port}"`,
      `admin_addr = "127.0.0.1:${adminPort}"`,
      "",
    ].join("\n"),
    logPath: join(dir, `${name}.log`),
    command: [launcher, "proxy", "--config", configPath, "--fillslots", slotFileOf(dir)],
    isCommandLine: (args) => {
      const at = args.indexOf("proxy");
      return at > 0 && args[at + 1] === "--config" && args[at + 2] === configPath;
    },
  };
}

/** A value for redis.conf that may contain spaces and quotes. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
