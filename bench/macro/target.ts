/**
 * What is measured: a bare redis-server, nutcracker, our proxy, or any command that listens on a given
 * port (a prototype). Each is started in front of the same two servers, on loopback, and is ready when
 * it answers for a key.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "../../test/support/deadline.ts";
import { freePort } from "../../test/support/free-port.ts";
import type { RedisServer } from "../../test/support/redis-server.ts";
import { type Child, findProgram, startChild } from "./child.ts";
import { answersKeys } from "./redis-wire.ts";

/** A running program under measurement. */
export interface Target {
  /** Label in the tables. */
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** How it was started, for the record; placeholders stand for what is temporary. */
  readonly command: string;
  /** Servers behind it, by port. */
  readonly serverPorts: readonly number[];
  readonly isAlive: boolean;
  stop(): Promise<void>;
}

/** What a target needs to start. */
export interface TargetSetting {
  readonly servers: readonly [RedisServer, RedisServer];
  /** Folder for configuration files; a target makes its own folder in it. */
  readonly dir: string;
  /** Processes of our proxy. */
  readonly workers: number;
}

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const READY_MS = 20_000;
const SLOT_COUNT = 1_024;
/** Room for the test with 10,000 clients. */
const CLIENTS_MAX = 20_000;

/** One of the two servers, without a proxy. */
export function bareRedis(setting: TargetSetting): Target {
  const [server] = setting.servers;
  return {
    name: "redis",
    port: server.port,
    pid: server.pid,
    command: `redis-server --save "" --appendonly no`,
    serverPorts: [server.port],
    isAlive: true,
    // It belongs to whoever started the servers.
    stop: () => Promise.resolve(),
  };
}

/** Twemproxy with one pool: ketama, fnv1a_64, one connection to each server. */
export async function startNutcracker(setting: TargetSetting): Promise<Target> {
  const [port, statsPort] = [await freePort(), await freePort()];
  const file = writeSetting(setting, "nutcracker", "nutcracker.yml", [
    "pool:",
    `  listen: 127.0.0.1:${port}`,
    "  hash: fnv1a_64",
    "  distribution: ketama",
    "  redis: true",
    "  servers:",
    ...setting.servers.map((server, index) => `    - ${server.addr}:1 server${index + 1}`),
  ]);
  const program = findProgram("nutcracker");
  const command = [program, "-c", file, "-a", "127.0.0.1", "-s", `${statsPort}`];
  return await launch("nutcracker", port, command, "nutcracker -c nutcracker.yml", setting);
}

/** Our proxy with a static slot table: half of the slots on each server. */
export async function startCodis(setting: TargetSetting): Promise<Target> {
  const ports = { port: await freePort(), adminPort: await freePort() };
  const { config, slots } = writeCodisSetting(setting, ports);
  const command = [join(ROOT, "bin", "codis"), "proxy", "-c", config, "--fillslots", slots];
  const shown = "bin/codis proxy -c proxy.toml --fillslots slots.json";
  return await launch("codis", ports.port, command, shown, setting);
}

/**
 * Any shell command that listens on `{port}`. Also replaced: `{server1}`, `{server2}` (host:port),
 * `{config}`, `{slots}` (files of our proxy for that port) and `{dir}`.
 */
export async function startCommand(
  name: string,
  text: string,
  setting: TargetSetting,
): Promise<Target> {
  const ports = { port: await freePort(), adminPort: await freePort() };
  const { config, slots } = writeCodisSetting(setting, ports);
  const [server1, server2] = setting.servers.map((server) => server.addr);
  const values = { port: ports.port, server1, server2, config, slots, dir: setting.dir };
  const shell = text.replace(/\{(\w+)\}/g, (whole, key: string) =>
    Object.hasOwn(values, key) ? `${values[key as keyof typeof values]}` : whole,
  );
  return await launch(name, ports.port, ["sh", "-c", `exec ${shell}`], text, setting);
}

function writeCodisSetting(
  setting: TargetSetting,
  ports: { readonly port: number; readonly adminPort: number },
): { readonly config: string; readonly slots: string } {
  const folder = `codis-${ports.port}`;
  const config = writeSetting(setting, folder, "proxy.toml", [
    `product_name = "bench"`,
    `proto_type = "tcp4"`,
    `proxy_addr = "127.0.0.1:${ports.port}"`,
    `admin_addr = "127.0.0.1:${ports.adminPort}"`,
    `proxy_max_clients = ${CLIENTS_MAX}`,
    `workers = ${setting.workers}`,
  ]);
  const table = Array.from({ length: SLOT_COUNT }, (_, id) => {
    const index = id < SLOT_COUNT / 2 ? 0 : 1;
    const server = setting.servers[index];
    return { id, backend_addr: server.addr, backend_addr_group_id: index + 1 };
  });
  const slots = writeSetting(setting, folder, "slots.json", [JSON.stringify(table)]);
  return { config, slots };
}

function writeSetting(
  setting: TargetSetting,
  folder: string,
  file: string,
  lines: readonly string[],
): string {
  mkdirSync(join(setting.dir, folder), { recursive: true });
  const path = join(setting.dir, folder, file);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function launch(
  name: string,
  port: number,
  command: readonly string[],
  shown: string,
  setting: TargetSetting,
): Promise<Target> {
  const child = startChild(command);
  try {
    const state = await waitFor(`answer of ${name} on port ${port}`, READY_MS, () =>
      probe(child, port),
    );
    if (state === "ended") {
      throw new Error("it ended at once");
    }
  } catch (thrown) {
    await child.stop();
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`${name} didn't start: ${reason}\n${child.output().slice(-2_000)}`, {
      cause: thrown,
    });
  }
  return {
    name,
    port,
    pid: child.pid,
    command: shown,
    serverPorts: setting.servers.map((server) => server.port),
    get isAlive() {
      return child.isAlive;
    },
    stop: () => child.stop(),
  };
}

/** Ready when it answers; a program that has ended will never. */
async function probe(child: Child, port: number): Promise<"ready" | "ended" | undefined> {
  if (!child.isAlive) {
    return "ended";
  }
  return (await answersKeys(port)) ? "ready" : undefined;
}
