/**
 * Reads of moving slots once most keys have left their source: they ask the target first, on two real servers. What
 * it hasn't is fetched as always, and what changes a key is as careful as before.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { findCommandId } from "../../../src/command/table.ts";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-proxy.ts";

let source: RedisServer;
let target: RedisServer;
let worker: MovingWorker;
let client: RespConnection;

/** Longer than a shared machine stands still. */
const PATIENCE = {
  migrationHoldTimeoutMs: 25_000,
  migrationIoTimeoutMs: 60_000,
  slotHoldTimeoutMs: 25_000,
  workerAckTimeoutMs: 25_000,
};
/** Keys of the slot that were asked for and had left: after them most are taken to be at the target. */
const LEFT = Array.from({ length: 20 }, (_, i) => `{t}left:${i}`);
const PAUSE_MS = 1_000;

beforeAll(async () => {
  [source, target] = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const server of [source, target]) await ask(server.port, "FLUSHALL");
  worker = await startMovingWorker({ source: source.addr, target: target.addr }, PATIENCE);
  client = await worker.connect();
  await worker.lock("{t}");
  await worker.migrate("{t}");
  for (const name of LEFT) await ask(target.port, "SET", name, "left");
  for (const name of LEFT) expect(await call("GET", name)).toBe(bulk("left"));
  await ask(source.port, "CONFIG", "RESETSTAT");
});

afterEach(() => worker.close());

async function call(...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

async function callsAtSource(command: string): Promise<number> {
  const stats = await ask(source.port, "INFO", "commandstats");
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

test("the target alone is asked for what it has", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `{t}moved:${i}`);
  for (const name of names) await ask(target.port, "SET", name, name);
  await ask(target.port, "RPUSH", "{t}list", "a", "b");
  for (const name of names) expect(await call("GET", name)).toBe(bulk(name));
  // Known by now: all at once, as if the slot didn't move.
  const replies = await Promise.all(names.map((name) => call("GET", name)));
  expect(replies).toEqual(names.map(bulk));
  expect(await call("LRANGE", "{t}list", "0", "-1")).toBe("*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  expect(await call("HGET", "{t}list", "f")).toMatch(/^-WRONGTYPE /);
  expect(await call("MGET", "{t}moved:1", "{t}moved:2")).toBe(
    `*2\r\n${bulk("{t}moved:1")}${bulk("{t}moved:2")}`,
  );
  expect(await callsAtSource("migrate")).toBe(0);
  expect(await callsAtSource("exists")).toBe(0);
});

test("a key that is still at the source is fetched, and the read counts once", async () => {
  await ask(source.port, "SET", "{t}here", "v");
  const id = findCommandId("get");
  const gets = async (): Promise<readonly (number | undefined)[]> => {
    const { calls, redisErrors } = await worker.proxy.worker.snapshot();
    return [calls[id], redisErrors[id]];
  };
  await ask(target.port, "RPUSH", "{t}list", "a");
  const [calls = 0, errors = 0] = await gets();
  expect(await call("GET", "{t}here")).toBe(bulk("v"));
  expect(await call("GET", "{t}left:1")).toBe(bulk("left"));
  expect(await call("MGET", "{t}left:2", "{t}nowhere")).toBe(`*2\r\n${bulk("left")}$-1\r\n`);
  expect(await call("GET", "{t}list")).toMatch(/^-WRONGTYPE /);
  expect(await gets()).toEqual([calls + 3, errors + 1]);
  expect(await ask(source.port, "EXISTS", "{t}here")).toBe(":0\r\n");
  expect(await call("GET", "{t}nowhere")).toBe("$-1\r\n");
});

test("of a key on both sides the target's is read, and a change takes the other one away", async () => {
  await ask(source.port, "SET", "{t}both", "old");
  await ask(target.port, "SET", "{t}both", "new");
  expect(await call("GET", "{t}both")).toBe(bulk("new"));
  expect(await call("GET", "{t}both")).toBe(bulk("new"));
  expect(await ask(source.port, "EXISTS", "{t}both")).toBe(":1\r\n");
  expect(await call("DEL", "{t}both")).toBe(":1\r\n");
  expect(await ask(source.port, "EXISTS", "{t}both")).toBe(":0\r\n");
  expect(await call("GET", "{t}both")).toBe("$-1\r\n");
});

test("a session's reads stay behind what it changed before them", async () => {
  const rounds = Array.from({ length: 50 }, (_, i) => i);
  for (const i of rounds) await ask(source.port, "SET", `{t}n:${i}`, "1");
  const replies = await Promise.all(
    rounds.flatMap((i) => [
      call("INCR", `{t}n:${i}`),
      call("GET", `{t}n:${i}`),
      call("GET", "{t}left:3"),
    ]),
  );
  expect(replies).toEqual(rounds.flatMap(() => [":2\r\n", bulk("2"), bulk("left")]));
});

test("what the target hasn't when the slot is given back is asked of its owner, in order", async () => {
  await ask(source.port, "SET", "{t}kept", "v");
  await ask(target.port, "CLIENT", "PAUSE", `${PAUSE_MS}`, "ALL");
  const replies = [call("GET", "{t}kept"), call("APPEND", "{t}kept", "w"), call("GET", "{t}kept")];
  await worker.giveBack("{t}");
  expect(await Promise.all(replies)).toEqual([bulk("v"), ":2\r\n", bulk("vw")]);
});
