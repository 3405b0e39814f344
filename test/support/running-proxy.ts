/**
 * A real proxy process on a static slot table, for system tests: the slots are spread evenly over the
 * given servers, group 1 first. Configuration, table and log live in a temporary folder of their own.
 *
 * Ports are free ones of loopback; the proxy is ended when the test process exits at the latest.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type CodisExit, type CodisProgram, startCodis } from "./codis-program.ts";
import { freePort } from "./free-port.ts";
import { RespConnection } from "./resp-connection.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const SLOT_COUNT = 1024;
/** Log lines, one JSON object each. */
type LogLine = Readonly<Record<string, unknown>>;

/** What a proxy is started with. */
export interface RunningProxyOptions {
  /** Address of the master of group 1, 2, …; an empty text leaves the slots of that group offline. */
  readonly servers: readonly string[];
  /** Keys of proxy.toml besides the addresses. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** More flags. */
  readonly args?: readonly string[];
  /** Default is a free one. */
  readonly port?: number;
}

/** A proxy that runs, and everything a test does to it. */
export interface RunningProxy {
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly program: CodisProgram;
  readonly configFile: string;
  readonly slotsFile: string;
  readonly folder: TemporaryFolder;
  /** Log lines so far, parsed. */
  log(): readonly LogLine[];
  connect(): Promise<RespConnection>;
  /** SIGTERM, and how it ended. */
  stop(ms?: number): Promise<CodisExit>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resident memory of the process now, bytes. */
  residentBytes(): number;
}

/** Starts a proxy and waits until it serves. */
export async function startProxy(options: RunningProxyOptions): Promise<RunningProxy> {
  const folder = memoryFolder();
  const port = options.port ?? (await freePort());
  const adminPort = await freePort();
  const configFile = folder.join("proxy.toml");
  const slotsFile = folder.join("slots.json");
  const config = {
    proxy_addr: `127.0.0.1:${port}`,
    admin_addr: `127.0.0.1:${adminPort}`,
    ...options.config,
  };
  writeFileSync(configFile, tomlOf(config));
  writeFileSync(slotsFile, slotTableOf(options.servers));
  const args = ["proxy", "-c", configFile, "--fillslots", slotsFile, ...(options.args ?? [])];
  const program = startCodis(args);
  await program.sees(/"event":"proxy.online"/);
  return {
    port,
    adminPort,
    pid: program.pid,
    program,
    configFile,
    slotsFile,
    folder,
    log: () => parseLog(program.stdout()),
    connect: () => RespConnection.open(port),
    async stop(ms) {
      program.signal("SIGTERM");
      const exit = await program.ended(ms);
      folder.remove();
      return exit;
    },
    async kill() {
      program.signal("SIGKILL");
      await program.ended();
    },
    residentBytes: () => residentBytesOf(program.pid),
  };
}

/** A configuration file with these keys. */
export function tomlOf(config: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(config).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `${lines.join("\n")}\n`;
}

/** A whole slot table that spreads the slots evenly over the servers. */
export function slotTableOf(servers: readonly string[]): string {
  const slots = Array.from({ length: SLOT_COUNT }, (_, id) => {
    const index = indexOfSlot(id, servers.length);
    const addr = servers[index] ?? "";
    return addr === "" ? { id } : { id, backend_addr: addr, backend_addr_group_id: index + 1 };
  });
  return JSON.stringify(slots);
}

/** The nth of all names `PREFIX:NUMBER` whose slot is group `groupId`'s, of so many groups. */
export function keyOfGroup(groupId: number, groupCount: number, nth = 0, prefix = "key"): string {
  let left = nth;
  for (let number = 0; ; number += 1) {
    const name = `${prefix}:${number}`;
    if (indexOfSlot(crc32(name) % SLOT_COUNT, groupCount) !== groupId - 1) {
      continue;
    }
    if (left === 0) {
      return name;
    }
    left -= 1;
  }
}

/** Sends one command on a connection of its own and gives the raw reply as text. */
export async function ask(port: number, ...argv: readonly string[]): Promise<string> {
  const connection = await RespConnection.open(port);
  try {
    return (await connection.call(...argv)).toString();
  } finally {
    connection.destroy();
  }
}

/** Resident memory of a process, bytes. */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function indexOfSlot(id: number, groupCount: number): number {
  return Math.floor((id * groupCount) / SLOT_COUNT);
}

function parseLog(text: string): readonly LogLine[] {
  const lines = text.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
  return lines.map((line) => JSON.parse(line) as LogLine);
}
