/**
 * Slots that move as in Codis's sync way, between two real servers with the slot commands: a key and all of its tag
 * are moved before a command on it runs.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-proxy.ts";
import { startSlotsServer } from "../../support/slots-module.ts";

let source: RedisServer;
let target: RedisServer;
let worker: MovingWorker;
let client: RespConnection;

beforeAll(async () => {
  [source, target] = await Promise.all([startSlotsServer(), startSlotsServer()]);
}, 60_000);

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const server of [source, target]) {
    await ask(server.port, "FLUSHALL");
    await ask(server.port, "CONFIG", "SET", "maxmemory", "0");
  }
  worker = await startMovingWorker(
    { source: source.addr, target: target.addr },
    // Longer than a shared machine stands still, and what follows that.
    { migrationHoldTimeoutMs: 9_000 },
    { forwardMethod: 0 },
  );
  client = await worker.connect();
});

afterEach(() => worker.close());

async function call(...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

test("keys move with all of their tag, in the client's database, before the command runs", async () => {
  await call("SELECT", "3");
  await call("MSET", "{t}a", "1", "{t}b", "2", "plain", "3");
  await worker.migrate();
  expect(await call("APPEND", "{t}a", "0")).toBe(":2\r\n");
  expect(await ask(source.port, "INFO", "keyspace")).toContain("db3:keys=1,");
  expect(await ask(target.port, "INFO", "keyspace")).toContain("db3:keys=2,");
  expect(await call("MGET", "{t}a", "{t}b", "plain", "none")).toBe(
    "*4\r\n$2\r\n10\r\n$1\r\n2\r\n$1\r\n3\r\n$-1\r\n",
  );
  expect(await ask(source.port, "INFO", "keyspace")).not.toContain("db3");
  // What is known to have gone isn't asked for again.
  const { keysMoved, migrates } = await worker.figures();
  expect(keysMoved).toBe(3);
  await call("GET", "{t}a");
  expect((await worker.figures()).migrates).toEqual(migrates);
});

test("commands of several keys, scripts and transfers of one tag find all of their keys", async () => {
  await call("RPUSH", "{q}from", "1", "2");
  await worker.migrate();
  expect(await call("RPOPLPUSH", "{q}from", "{q}to")).toBe("$1\r\n2\r\n");
  const script = "return redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2])";
  expect(await call("EVAL", script, "2", "{q}from", "{q}to")).toBe(":2\r\n");
});

test("a target that is full: reads are answered at the source, writes get its error", async () => {
  await call("SET", "a", "x".repeat(100_000));
  await ask(target.port, "CONFIG", "SET", "maxmemory", "1");
  await worker.migrate();
  expect(await call("STRLEN", "a")).toBe(":100000\r\n");
  expect(await call("APPEND", "a", "y")).toMatch(/^-OOM /);
  await ask(target.port, "CONFIG", "SET", "maxmemory", "0");
  expect(await call("APPEND", "a", "y")).toBe(":100001\r\n");
});

test("a target that is away: TRYAGAIN within the bound, and all goes on when it is back", async () => {
  await call("SET", "a", "1");
  await worker.migrate();
  target.pause();
  try {
    expect(await call("GET", "a")).toMatch(/^-TRYAGAIN /);
    expect(await ask(source.port, "PING")).toBe("+PONG\r\n");
  } finally {
    target.resume();
  }
  await expect(eventually(() => call("GET", "a"))).resolves.toBe("$1\r\n1\r\n");
});

test("servers without the commands: TRYAGAIN at once, reads are answered at the source", async () => {
  const stock = await startRedis();
  const held = { migrationHoldTimeoutMs: 60_000 };
  const ends = [
    { source: stock.addr, target: target.addr },
    { source: source.addr, target: stock.addr },
  ];
  for (const each of ends) {
    const other = await startMovingWorker(each, held, { forwardMethod: 0 });
    const connection = await other.connect();
    await connection.call("SET", "a", "1");
    await other.migrate();
    const reply = (await connection.call("APPEND", "a", "2")).toString();
    expect(reply).toMatch(/^-TRYAGAIN .* doesn't have the slot commands of codis-server/);
    expect((await connection.call("GET", "a")).toString()).toBe("$1\r\n1\r\n");
    await other.close();
  }
  await stock.stop();
});

async function eventually(run: () => Promise<string>): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const reply = await run();
    if (!reply.startsWith("-TRYAGAIN") || tries > 10) return reply;
  }
}
