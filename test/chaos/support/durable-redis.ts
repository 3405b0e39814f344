/**
 * A redis-server that writes every command to its AOF before it answers, behind a relay by which the product
 * knows it. It can be killed and started again on its data, also on what a copy of the AOF without its tail
 * still has: as a disk that lost its last second.
 */
import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { memoryFolder, type TemporaryFolder } from "../../support/temporary-folder.ts";
import { type MigrateRelay, startMigrateRelay } from "./migrate-relay.ts";

const ARGS = [
  ["--appendonly", "yes"],
  ["--appendfsync", "always"],
  ["--auto-aof-rewrite-percentage", "0"],
  ["--aof-load-truncated", "yes"],
].flat();
/** A module for all servers, if it is set: with the slot commands they move keys by themselves. */
let modulePath = "";
const AOF_FOLDER = "appendonlydir";

/** Servers that are started from now on load this module. */
export function loadModule(path: string): void {
  modulePath = path;
}

function argsOf(): readonly string[] {
  return modulePath === "" ? ARGS : [...ARGS, "--loadmodule", modulePath];
}

/** See the file head. */
export class DurableRedis {
  readonly groupId: number;
  readonly relay: MigrateRelay;
  readonly #folder: TemporaryFolder;
  #server: RedisServer;
  #isPaused = false;

  static async start(groupId: number): Promise<DurableRedis> {
    const folder = memoryFolder();
    const server = await startRedis({ args: argsOf(), dir: folder.path });
    return new DurableRedis(groupId, folder, server, await startMigrateRelay(server.port));
  }

  private constructor(
    groupId: number,
    folder: TemporaryFolder,
    server: RedisServer,
    relay: MigrateRelay,
  ) {
    this.groupId = groupId;
    this.#folder = folder;
    this.#server = server;
    this.relay = relay;
  }

  /** The server's own. */
  get port(): number {
    return this.#server.port;
  }

  /** The relay's, by which the product knows it. */
  get addr(): string {
    return this.relay.addr;
  }

  log(): string {
    return this.#server.log();
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Starts it again on its data, at the same address; `masterAddr`: as the replica that its file says it is. */
  async restart(masterAddr?: string): Promise<void> {
    const { port } = this.#server;
    const follow = masterAddr === undefined ? [] : ["--replicaof", ...masterAddr.split(":")];
    this.#server = await startRedis({
      args: [...argsOf(), ...follow],
      dir: this.#folder.path,
      port,
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#server.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#server.resume();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes of the AOF now. */
  aofBytes(): number {
    return statSync(this.#aofPath()).size;
  }

  /** Drops what the AOF has beyond so many bytes; only while the server is dead. */
  cutAof(bytes: number): void {
    truncateSync(this.#aofPath(), bytes);
  }

  async stop(): Promise<void> {
    this.#server.resume();
    await this.#server.kill();
    await this.relay.close();
    this.#folder.remove();
  }

  #aofPath(): string {
    const folder = join(this.#folder.path, AOF_FOLDER);
    const names = readdirSync(folder).filter((name) => name.endsWith(".incr.aof"));
    const [name] = names;
    if (name === undefined || names.length > 1) {
      throw new Error(`${names.length} AOF files of redis-server ${this.port}`);
    }
    return join(folder, name);
  }
}
