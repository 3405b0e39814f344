/**
 * Reads of moving slots, on two real servers: they are answered by whichever has the keys and move nothing. At first
 * both are asked at once, the source after the target when most keys have left; what changes a key is as careful as
 * ever.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { findCommandId } from "../../../src/command/table.ts";
import { waitFor } from "../../support/deadline.ts";
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
const WAIT_MS = 40_000;

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
  // Until the mover has made sure of what was before, a second, reads wait for their keys as changes do.
  expect(await call("GETEX", "{t}nowhere")).toBe("$-1\r\n");
  for (const server of [source, target]) await ask(server.port, "CONFIG", "RESETSTAT");
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

/** From here on reads take most keys to be at the target. */
async function letMostLeave(): Promise<void> {
  for (const name of LEFT) await ask(target.port, "SET", name, "left");
  for (const name of LEFT) expect(await call("GET", name)).toBe(bulk("left"));
  for (const server of [source, target]) await ask(server.port, "CONFIG", "RESETSTAT");
}

/** What a read finds must not depend on which server is asked first. */
const PHASES = [
  ["at first", async () => undefined],
  ["when most have left", letMostLeave],
] as const;

test("once most have left the target alone is asked for what it has", async () => {
  await letMostLeave();
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

for (const [phase, begin] of PHASES) {
  test(`${phase}: keys of the source are read there and stay, and each read counts once`, async () => {
    await begin();
    await ask(source.port, "SET", "{t}here", "v");
    await ask(source.port, "MSET", "{t}one", "1", "{t}two", "2");
    await ask(target.port, "MSET", "{t}three", "3", "{t}four", "4");
    await ask(target.port, "RPUSH", "{t}list", "a");
    const id = findCommandId("get");
    const gets = async (): Promise<readonly (number | undefined)[]> => {
      const { calls, redisErrors } = await worker.proxy.worker.snapshot();
      return [calls[id], redisErrors[id]];
    };
    const [calls = 0, errors = 0] = await gets();
    expect(await call("GET", "{t}here")).toBe(bulk("v"));
    expect(await call("GET", "{t}nowhere")).toBe("$-1\r\n");
    expect(await call("GET", "{t}list")).toMatch(/^-WRONGTYPE /);
    expect(await call("STRLEN", "{t}here")).toBe(":1\r\n");
    expect(await gets()).toEqual([calls + 3, errors + 1]);
    expect(await call("MGET", "{t}one", "{t}two")).toBe(`*2\r\n${bulk("1")}${bulk("2")}`);
    expect(await call("MGET", "{t}three", "{t}four")).toBe(`*2\r\n${bulk("3")}${bulk("4")}`);
    expect(await callsAtSource("migrate")).toBe(0);
    // Not all of them where some are: they are brought together.
    expect(await call("MGET", "{t}three", "{t}nowhere")).toBe(`*2\r\n${bulk("3")}$-1\r\n`);
    expect(await call("MGET", "{t}one", "{t}three")).toBe(`*2\r\n${bulk("1")}${bulk("3")}`);
    expect(await ask(source.port, "EXISTS", "{t}one", "{t}two", "{t}here")).toBe(":2\r\n");
    expect(await call("APPEND", "{t}here", "w")).toBe(":2\r\n");
    expect(await call("GET", "{t}here")).toBe(bulk("vw"));
    expect(await ask(source.port, "EXISTS", "{t}here")).toBe(":0\r\n");
  });

  test(`${phase}: of a key on both sides the target's is read, and a change takes the other away`, async () => {
    await begin();
    await ask(source.port, "SET", "{t}both", "old");
    await ask(target.port, "SET", "{t}both", "new");
    expect(await call("GET", "{t}both")).toBe(bulk("new"));
    expect(await call("GET", "{t}both")).toBe(bulk("new"));
    expect(await ask(source.port, "EXISTS", "{t}both")).toBe(":1\r\n");
    expect(await call("DEL", "{t}both")).toBe(":1\r\n");
    expect(await ask(source.port, "EXISTS", "{t}both")).toBe(":0\r\n");
    expect(await call("GET", "{t}both")).toBe("$-1\r\n");
  });

  test(`${phase}: whichever server answers late, the answer is right`, async () => {
    await begin();
    await ask(source.port, "MSET", "{t}here", "v", "{t}both", "old");
    await ask(target.port, "MSET", "{t}there", "w", "{t}both", "new");
    for (const late of [target, source]) {
      await ask(late.port, "CLIENT", "PAUSE", `${PAUSE_MS}`, "ALL");
      const names = ["{t}here", "{t}there", "{t}both", "{t}nowhere"];
      const clients = await Promise.all(names.map(() => worker.connect()));
      const replies = await Promise.all(
        names.map((name, i) => (clients[i] as RespConnection).call("GET", name)),
      );
      expect(replies.map((reply) => `${reply}`)).toEqual([
        bulk("v"),
        bulk("w"),
        bulk("new"),
        "$-1\r\n",
      ]);
    }
  });
}

test("a session's reads stay behind what it changed before them", async () => {
  await letMostLeave();
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

test("a read that waits while the slot is given back is answered in order, by its owner", async () => {
  await ask(source.port, "SET", "{t}kept", "v");
  await ask(target.port, "CLIENT", "PAUSE", `${PAUSE_MS}`, "ALL");
  const replies = [call("GET", "{t}kept"), call("APPEND", "{t}kept", "w"), call("GET", "{t}kept")];
  await worker.giveBack("{t}");
  expect(await Promise.all(replies)).toEqual([bulk("v"), ":2\r\n", bulk("vw")]);
});

test("a read waits for a frozen source no longer than it may, and is answered when that goes on", async () => {
  const short = await startMovingWorker(
    { source: source.addr, target: target.addr },
    { ...PATIENCE, migrationHoldTimeoutMs: 2_500 },
  );
  try {
    const reader = await short.connect();
    await ask(source.port, "SET", "{t}here", "v");
    await short.lock("{t}");
    await short.migrate("{t}");
    // Until the mover has made sure of what was before.
    await waitFor("an answer", WAIT_MS, async () =>
      `${await reader.call("GET", "{t}here")}` === bulk("v") ? true : undefined,
    );
    source.pause();
    try {
      expect(`${await reader.call("GET", "{t}here")}`).toMatch(/^-TRYAGAIN /);
    } finally {
      source.resume();
    }
    await waitFor("an answer", WAIT_MS, async () =>
      `${await reader.call("GET", "{t}here")}` === bulk("v") ? true : undefined,
    );
  } finally {
    await short.close();
  }
});
