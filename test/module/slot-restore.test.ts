/**
 * SLOTSRESTORE: all or nothing, over what is there, times to live; what a stock replica and an AOF that a stock
 * server reads get of it; and payloads that are damaged at random, which must not bring the server down.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

printSeed("slot restore");

const DAMAGED = 3_000;

let server: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  const args = ["--appendonly", "yes", "--repl-diskless-sync-delay", "0"];
  server = await startSlotsServer({ args });
  at = await RespConnection.open(server.port);
}, 60_000);

afterAll(async () => {
  at.destroy();
  await server.stop();
});

beforeEach(() => at.call("FLUSHALL"));

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

/** What DUMP gives of a key that these commands make. */
async function dumpOf(key: string, line: string): Promise<Buffer> {
  await ask(line);
  const reply = await at.call("DUMP", key);
  await ask(`DEL ${key}`);
  return reply.subarray(reply.indexOf("\n") + 1, reply.length - 2);
}

async function restore(...args: readonly (string | Uint8Array)[]): Promise<string> {
  return (await at.call("SLOTSRESTORE", ...args)).toString("latin1");
}

test("one and several, over what is there", async () => {
  const [text, list] = [await dumpOf("x", "SET x new"), await dumpOf("x", "RPUSH x 1 2")];
  await ask("MSET a old b old");
  expect(await restore("a", "0", text)).toBe("+OK\r\n");
  expect(await ask("GET a")).toBe("$3\r\nnew\r\n");
  expect(await restore("a", "50000", list, "b", "0", text, "c", "1", text)).toBe("+OK\r\n");
  expect(await ask("LLEN a")).toBe(":2\r\n");
  expect(Number((await ask("PTTL a")).slice(1))).toBeGreaterThan(20_000);
  expect(await ask("GET b")).toBe("$3\r\nnew\r\n");
  expect(await ask("PTTL b")).toBe(":-1\r\n");
  await waitFor("the end of c", 20_000, async () =>
    (await ask("DBSIZE")) === ":2\r\n" ? true : undefined,
  );
  // The same key twice: the last one counts.
  expect(await restore("a", "0", text, "a", "0", list)).toBe("+OK\r\n");
  expect(await ask("TYPE a")).toBe("+list\r\n");
  expect(await ask("DBSIZE")).toBe(":2\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});

test("with one bad payload or argument no key is touched", async () => {
  const good = await dumpOf("x", "SET x new");
  const cut = good.subarray(0, good.length - 1);
  const newer = Buffer.from(good);
  newer[good.length - 9] = 0xff;
  await ask("SET a old");
  const wrong = "-ERR dump payload version or checksum are wrong\r\n";
  expect(await restore("a", "0", cut)).toBe(wrong);
  expect(await restore("a", "0", newer)).toBe(wrong);
  expect(await restore("a", "0", good, "b", "0", cut)).toBe(wrong);
  expect(await restore("a", "0", good, "b", "-1", good)).toBe(
    "-ERR invalid ttl value, must be >= 0\r\n",
  );
  expect(await restore("a", "9223372036854775807", good)).toBe(
    "-ERR invalid ttl value, must be >= 0\r\n",
  );
  expect(await restore("a", "x", good)).toContain("not an integer");
  expect(await restore("a", "0", good, "b")).toContain("wrong number of arguments");
  expect(await restore("a", "0")).toContain("wrong number of arguments");
  expect(await ask("GET a")).toBe("$3\r\nold\r\n");
  expect(await ask("DBSIZE")).toBe(":1\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});

test("a stock replica and a stock server with the AOF have the same keys", async () => {
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${server.port}`] });
  const copy = await RespConnection.open(replica.port);
  const text = await dumpOf("x", "SET x new");
  await waitFor("the replica", 40_000, async () =>
    (await ask("INFO replication", copy)).includes("master_link_status:up") ? true : undefined,
  );
  expect(await restore("a", "0", text, "b", "60000", text)).toBe("+OK\r\n");
  expect(await restore("c", "60000", text)).toBe("+OK\r\n");
  await ask("MSET d 1 {d}1 1");
  expect(await ask("SLOTSDEL 874 879 580 0 1")).toStartWith("*5\r\n");
  expect(await ask("WAIT 1 20000")).toBe(":1\r\n");
  const expected = await ask("MGET a b c d");
  expect(await ask("MGET a b c d", copy)).toBe(expected);
  expect(await ask("PEXPIRETIME b", copy)).toBe(await ask("PEXPIRETIME b"));
  await ask("CONFIG SET appendfsync always");
  await ask("SET last 1");
  const folder = temporaryFolder();
  cpSync(join(server.dir, "appendonlydir"), folder.join("appendonlydir"), { recursive: true });
  const reader = await startRedis({ args: ["--appendonly", "yes"], dir: folder.path });
  const read = await RespConnection.open(reader.port);
  expect(await ask("MGET a b c d", read)).toBe(expected);
  expect(await ask("PEXPIRETIME c", read)).toBe(await ask("PEXPIRETIME c"));
  read.destroy();
  copy.destroy();
  await Promise.all([reader.stop(), replica.stop()]);
  folder.remove();
}, 90_000);

test("damaged payloads are refused, and the server lives", async () => {
  const random = new Random(SEED);
  const payloads = await Promise.all(
    [
      "SET x hello",
      `RPUSH x ${"1 2 3 four ".repeat(30).trim()}`,
      "SADD x 1 2 3",
      "SADD x a b c",
      "ZADD x 1 a 2 b",
      `HSET x ${Array.from({ length: 600 }, (_, i) => `f${i} v`).join(" ")}`,
      "XADD x 1-1 a b",
    ].map((line) => dumpOf("x", line)),
  );
  await ask("SET a kept");
  let refused = 0;
  for (let round = 0; round < DAMAGED; round += 1) {
    const bytes = Buffer.from(random.pick(payloads));
    const body = random.chance(0.5) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    for (let n = random.below(4); n >= 0 && body.length > 0; n -= 1) {
      body[random.below(body.length)] = random.below(256);
    }
    const reply = await restore(`k${random.below(9)}`, "0", body, "a", "0", body);
    refused += reply.startsWith("-ERR") ? 1 : 0;
  }
  expect(refused).toBeGreaterThan(DAMAGED * 0.9);
  expect(await ask("PING")).toBe("+PONG\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});
