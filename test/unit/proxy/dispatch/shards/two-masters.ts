/**
 * Two real masters and a `ShardCaller` over them for component tests: slots 0-511 belong to group 1
 * and 512-1023 to group 2, and each master also holds one key of a slot of the other, a stray.
 */
import { slotOf } from "../../../../../src/command/hash.ts";
import type { ClientState } from "../../../../../src/proxy/dispatch/context.ts";
import { decodeReply, type RespValue } from "../../../../../src/resp/value.ts";
import { type RedisServer, startRedis } from "../../../../support/redis-server.ts";
import { RealShards } from "./real-shards.ts";
import { run, type TestEnv, testEnv, testSession } from "./session.ts";
import { TestSlotTable } from "./slot-table.ts";

/** Keys that count, over both groups. */
export const KEY_COUNT = 200;

/** The group of a key in this layout. */
export function groupOf(name: string): number {
  return slotOf(Buffer.from(name), 0, Buffer.byteLength(name), 1023) < 512 ? 1 : 2;
}

/** A name of the group's, with the given begin. */
export function keyOfGroup(groupId: number, prefix: string): string {
  for (let n = 0; ; n++) if (groupOf(`${prefix}${n}`) === groupId) return `${prefix}${n}`;
}

/** The strings of an array reply; the type's name for anything that is none. */
export function textsOf(value: RespValue | undefined): string[] {
  if (value?.type !== "array") throw new Error(`not an array: ${JSON.stringify(value)}`);
  return value.items.map((item) => (item.type === "bulk" ? item.bytes.toString() : item.type));
}

/** Started once for a file, brought to the same state before each test. */
export class TwoMasters {
  readonly servers: readonly RedisServer[];
  table: TestSlotTable;
  shards: RealShards;
  env: TestEnv;
  client: ClientState;
  /** The names that count. */
  readonly names = Array.from({ length: KEY_COUNT }, (_, n) => `key:${n}`);
  /** A key of a slot of group 2, held by group 1, and the other way round. */
  readonly strays = [keyOfGroup(2, "stray:"), keyOfGroup(1, "stray:")] as const;

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
    this.table = new TestSlotTable([]);
    this.shards = new RealShards(this.table);
    this.env = testEnv(this.shards);
    this.client = testSession();
  }

  static async start(): Promise<TwoMasters> {
    return new TwoMasters(await Promise.all([startRedis(), startRedis()]));
  }

  async stop(): Promise<void> {
    this.shards.close();
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Halves the slots between servers at these addresses; a new session, no data touched. */
  use(addrs: readonly string[]): void {
    this.table = new TestSlotTable(addrs);
    if (addrs.length > 0) {
      this.table.assign(0, 511, 1);
      this.table.assign(512, 1023, 2);
    }
    this.shards.close();
    this.shards = new RealShards(this.table);
    this.env = testEnv(this.shards);
    this.client = testSession();
  }

  /** The state at the begin of each test. */
  async reset(): Promise<void> {
    this.use(this.servers.map((server) => server.addr));
    for (const groupId of [1, 2]) {
      await this.shards.ask(groupId, "FLUSHALL");
      await this.shards.ask(groupId, "FUNCTION", "FLUSH");
      await this.shards.ask(groupId, "SCRIPT", "FLUSH");
      await this.shards.ask(groupId, "SLOWLOG", "RESET");
    }
    await Promise.all(this.names.map((name) => this.shards.ask(groupOf(name), "SET", name, "v")));
    await this.shards.ask(1, "SET", this.strays[0], "old");
    await this.shards.ask(2, "SET", this.strays[1], "old");
    this.shards.sent.length = 0;
  }

  /** Runs a command in the session's protocol. */
  async raw(name: string, ...args: readonly string[]): Promise<string> {
    return (await run(this.env, this.client, name, ...args)).toString("latin1");
  }

  /** Runs a command and decodes the reply. */
  async ask(name: string, ...args: readonly (string | Buffer)[]): Promise<RespValue> {
    const raw = await run(this.env, this.client, name, ...args);
    const value = decodeReply(raw);
    if (value === undefined) throw new Error(`no reply: ${raw}`);
    return value;
  }

  /** A whole SCAN with the given options; every name as often as it came. */
  async scanAll(...options: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    let cursor = "0";
    for (let calls = 0; calls < 1_000; calls++) {
      const page = await this.ask("scan", cursor, ...options);
      if (page.type !== "array") throw new Error(`not a page: ${JSON.stringify(page)}`);
      found.push(...textsOf(page.items[1]));
      cursor = page.items[0]?.type === "bulk" ? page.items[0].bytes.toString() : "?";
      if (cursor === "0") return found;
    }
    throw new Error("SCAN didn't end");
  }
}
