/**
 * What the receiving side of the asynchronous migration leaves in copies: a stock replica without the module, a
 * stock server that reads the AOF, and this server again from its RDB and its AOF. In the AOF there are ordinary
 * commands only, and every key ends when it does here.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { type Bulk, dumpOf, restoreFrame, scoreBytes } from "../support/restore-frame.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const DEBUG = ["--enable-debug-command", "yes"];
/** More than is written in one slice. */
const MANY = 20_000;

let server: RedisServer;
let replica: RedisServer;
let at: RespConnection;
let copy: RespConnection;

beforeAll(async () => {
  const args = ["--appendonly", "yes", "--repl-diskless-sync-delay", "0", ...DEBUG];
  server = await startSlotsServer({ args });
  at = await RespConnection.open(server.port);
  replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${server.port}`, ...DEBUG] });
  copy = await RespConnection.open(replica.port);
  await waitFor("the replica", 40_000, async () =>
    (await ask("INFO replication", copy)).includes("master_link_status:up") ? true : undefined,
  );
  await fill();
}, 120_000);

afterAll(async () => {
  at.destroy();
  copy.destroy();
  await Promise.all([server.stop(), replica.stop()]);
});

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

/** Every form, in database 2. */
async function fill(): Promise<void> {
  const source = await RespConnection.open(server.port);
  const good = async (...args: readonly Bulk[]) =>
    expect(await restoreFrame(source, ...args)).toStartWith("0 ");
  await ask("SET payload hello");
  const payload = (await dumpOf("payload", at)) ?? "";
  await ask("DEL payload");
  await source.call("SLOTSRESTORE-ASYNC-SELECT", "2");
  await ask("SELECT 2");
  await ask("SELECT 2", copy);
  await ask("MSET deleted 1 string 1 list 1 big 1");
  for (const key of ["deleted", "string", "list", "big"]) {
    await good("delete", key);
  }
  await good("string", "string", "3600000", "12345");
  await good("string", "plain", "0", Buffer.from([0, 13, 10, 255]));
  await good("object", "object", "3600000", payload);
  await good("object", "forever", "0", payload);
  await good("list", "list", "60000", "4", "a", "", "b");
  await good("list", "list", "60000", "4", "c");
  await good("expire", "list", "0");
  await good("dict", "set", "60000", "4", "1", "2", "x");
  await good("expire", "set", "3600000");
  await good("zset", "zset", "0", "4", "a", scoreBytes(0.1), "b", scoreBytes(Infinity));
  await good("hash", "hash", "60000", "4", "f", "v");
  await good("stream", "stream", "60000", "2", "1-1", "1", "a", "b", "2-1", "1", "a", "c");
  await good("stream-id", "stream", "60000", "9-9", "5", "3-3");
  await good("stream-group", "stream", "60000", "g", "2-1", "2");
  await good("stream-pending", "stream", "60000", "g", "me", "1-1", "1700000000000", "3");
  await good("expire", "stream", "0");
  const fields = Array.from({ length: MANY }, (_, i) => [`f${i}`, `v${i}`]).flat();
  await good("hash", "big", "60000", `${MANY}`, ...fields);
  await good("expire", "big", "0");
  source.destroy();
}

const NAMES = "string plain object forever list set zset hash stream big".split(" ");

/** All keys of database 2: a digest of each value, and when it ends. */
async function contents(connection: RespConnection): Promise<readonly string[]> {
  await ask("SELECT 2", connection);
  const lines = [await ask("DBSIZE", connection)];
  for (const name of NAMES) {
    const digest = await ask(`DEBUG DIGEST-VALUE ${name}`, connection);
    lines.push(`${name} ${digest}${await ask(`PEXPIRETIME ${name}`, connection)}`);
  }
  const groups = await ask("XPENDING stream g - + 9", connection);
  lines.push(groups.replace(/:\d+\r\n(?=:3\r\n)/, ""), await ask("XLEN stream", connection));
  return lines;
}

/** The same of a server that is started for it. */
async function contentsOf(started: RedisServer): Promise<readonly string[]> {
  const connection = await RespConnection.open(started.port);
  try {
    return await contents(connection);
  } finally {
    connection.destroy();
    await started.stop();
  }
}

test("a stock replica", async () => {
  expect(await ask("WAIT 1 20000")).toBe(":1\r\n");
  await ask("CONFIG SET appendfsync always");
  await ask("SET last 1");
  expect(await ask("WAIT 1 20000")).toBe(":1\r\n");
  expect(await contents(copy)).toEqual(await contents(at));
  expect(await ask("PTTL list", copy)).toBe(":-1\r\n");
  expect(await ask("DBSIZE", copy)).toBe(await ask("DBSIZE"));
}, 90_000);

test("the AOF: ordinary commands, and the same keys for a stock server and for this one", async () => {
  const folder = temporaryFolder();
  cpSync(join(server.dir, "appendonlydir"), folder.join("appendonlydir"), { recursive: true });
  const files = readdirSync(folder.join("appendonlydir"));
  const text = files.map((file) => readFileSync(folder.join("appendonlydir", file), "latin1"));
  expect(text.join("").toUpperCase()).not.toContain("SLOTSRESTORE");
  const args = ["--appendonly", "yes", ...DEBUG];
  const stock = await contentsOf(await startRedis({ args, dir: folder.path }));
  const again = await startSlotsServer({ args, dir: folder.path });
  const connection = await RespConnection.open(again.port);
  await ask("SELECT 2", connection);
  expect(await ask("SLOTSCHECK", connection)).toBe("+OK\r\n");
  connection.destroy();
  expect(await contentsOf(again)).toEqual(stock);
  expect(stock).toHaveLength(NAMES.length + 3);
  expect(stock).toEqual(await contents(at));
  folder.remove();
}, 90_000);

test("an RDB file", async () => {
  expect(await ask("SAVE")).toBe("+OK\r\n");
  const folder = temporaryFolder();
  cpSync(join(server.dir, "dump.rdb"), folder.join("dump.rdb"));
  const again = await startSlotsServer({ args: DEBUG, dir: folder.path });
  const connection = await RespConnection.open(again.port);
  await ask("SELECT 2", connection);
  expect(await ask("SLOTSCHECK", connection)).toBe("+OK\r\n");
  expect(await ask("SLOTSINFO", connection)).toBe(await ask("SLOTSINFO"));
  connection.destroy();
  expect(await contentsOf(again)).toEqual(await contents(at));
  folder.remove();
}, 90_000);
