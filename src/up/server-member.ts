/**
 * The redis-servers and sentinels of a local cluster as processes, and their configuration files.
 *
 * A server is called master or replica by what it was made as. What it is later, after a failover, is written by
 * Redis itself into its file (CONFIG REWRITE), and a start keeps that line: with the first roles a master that was
 * replaced would take its old data for the truth, and its replicas would throw the newer ones away.
 */
import { basename, join } from "node:path";
import type { ServerLayout } from "./layout.ts";
import type { Member } from "./member.ts";

/** What a server is made of. */
export interface ServerSpec {
  readonly groupId: number;
  /** 0 for the master, else the number of the replica. */
  readonly replica: number;
  readonly server: ServerLayout;
  /** Port of the master that a new server follows; 0: it follows nobody. */
  readonly masterPort: number;
  /** A module to load; empty: none. */
  readonly modulePath?: string;
}

const NOTE =
  "# Written by codis up at each start: changes are lost, but for whom the server follows.";
const SENTINEL_NOTE = "# Made by codis up; the sentinel keeps in here what it knows.";
/** As Redis writes it, and as older ones did. */
const FOLLOWS = /^(?:replicaof|slaveof)[ \t]+(\S+)[ \t]+(\d+)[ \t]*$/im;
/** Process titles have the configuration file in them, by which processes are found again. */
const TITLE = 'proc-title-template "{title} {listen-addr} {config-file}"';

/** One redis-server. */
export function createServer(dir: string, spec: ServerSpec): Member {
  const { groupId, replica, server, masterPort, modulePath = "" } = spec;
  const role = replica === 0 ? "master" : `replica-${replica}`;
  const folder = join(dir, `group-${groupId}`, role);
  const configPath = join(folder, "redis.conf");
  const lines = [
    NOTE,
    "bind 127.0.0.1",
    `port ${server.port}`,
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
    TITLE,
  ];
  if (modulePath !== "") {
    lines.push(`loadmodule ${quote(modulePath)}`, "sanitize-dump-payload clients");
  }
  if (masterPort !== 0) {
    lines.push(`replicaof 127.0.0.1 ${masterPort}`);
  }
  return {
    name: `group-${groupId} ${role}`,
    kind: "server",
    groupId,
    port: server.port,
    adminPort: 0,
    folder,
    configPath,
    configText: `${lines.join("\n")}\n`,
    isKnown: server.isAdded === true,
    logPath: join(folder, "redis.log"),
    command: ["redis-server", configPath],
    isCommandLine: (args) => isRedis(args, configPath),
  };
}

/** One sentinel; `index` from 0. */
export function createSentinel(dir: string, index: number, sentinel: ServerLayout): Member {
  const name = `sentinel-${index + 1}`;
  const folder = join(dir, name);
  const configPath = join(folder, "sentinel.conf");
  const lines = [
    SENTINEL_NOTE,
    "bind 127.0.0.1",
    `port ${sentinel.port}`,
    "protected-mode yes",
    "daemonize no",
    `dir ${quote(folder)}`,
    'logfile ""',
    TITLE,
  ];
  return {
    name,
    kind: "sentinel",
    groupId: 0,
    port: sentinel.port,
    adminPort: 0,
    folder,
    configPath,
    configText: `${lines.join("\n")}\n`,
    isKnown: sentinel.isAdded === true,
    logPath: join(folder, "sentinel.log"),
    command: ["redis-server", configPath, "--sentinel"],
    isCommandLine: (args) => isRedis(args, configPath),
  };
}

/** Before and after the process has set its title: arguments, or one text with spaces. */
function isRedis(args: readonly string[], configPath: string): boolean {
  const line = args
    .join(" ")
    .trimEnd()
    .replace(/ --sentinel$/, "");
  return basename(line.split(" ")[0] ?? "").startsWith("redis-") && line.endsWith(` ${configPath}`);
}

/**
 * The text to write at a start, when the file says `existing`: of a server that the dashboard knows the line about
 * its master stays, of such a sentinel everything.
 */
export function nextConfigText(member: Member, existing: string | undefined): string {
  if (existing === undefined || !member.isKnown) {
    return member.configText;
  }
  return member.kind === "server"
    ? withMaster(member.configText, followedPort(existing))
    : existing;
}

/** Port of the master that a server with this file follows; 0: nobody. */
export function followedPort(configText: string): number {
  return Number(FOLLOWS.exec(configText)?.[2] ?? 0);
}

/** The file of a server that follows another one; `masterPort` 0: nobody. */
export function withMaster(configText: string, masterPort: number): string {
  const others = configText.split("\n").filter((line) => line !== "" && !FOLLOWS.test(line));
  const own = masterPort === 0 ? [] : [`replicaof 127.0.0.1 ${masterPort}`];
  return `${[...others, ...own].join("\n")}\n`;
}

/** A value for a configuration file that may contain spaces and quotes. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
