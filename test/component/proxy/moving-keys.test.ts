/**
 * Slots whose keys come from another server, on two real servers: whatever a client asks, it is answered as if all
 * keys were in one place, and keys are where they belong afterwards.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { waitFor } from "../../support/deadline.ts";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-proxy.ts";

let source: RedisServer;
let target: RedisServer;
let worker: MovingWorker;
let client: RespConnection;

/** Longer than a shared machine stands still; and no transfer may end in a doubt: its keys aren't counted. */
const PATIENCE = {
  migrationHoldTimeoutMs: 25_000,
  migrationIoTimeoutMs: 60_000,
  slotHoldTimeoutMs: 25_000,
  workerAckTimeoutMs: 25_000,
};

beforeAll(async () => {
  [source, target] = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const server of [source, target]) await ask(server.port, "FLUSHALL");
  // The servers have just been started, so what may be on its way has to be made sure of first: a second.
  worker = await startMovingWorker({ source: source.addr, target: target.addr }, PATIENCE);
  client = await worker.connect();
});

afterEach(() => worker.close());

async function call(...argv: readonly string[]): Promise<string> {
  return (await client.call(...argv)).toString();
}

/** The raw replies to a pipeline. */
async function pipeline(
  requests: readonly (readonly string[])[],
  on: RespConnection = client,
): Promise<readonly string[]> {
  const replies = requests.map((argv) => on.call(...argv));
  return (await Promise.all(replies)).map((reply) => reply.toString());
}

async function keysOf(server: RedisServer, db = "0"): Promise<readonly string[]> {
  const [, reply] = await askAll(server, ["SELECT", db], ["KEYS", "*"]);
  return [...(reply ?? "").matchAll(/\$\d+\r\n(.*?)\r\n/g)].map((found) => found[1] ?? "").sort();
}

async function askAll(
  server: RedisServer,
  ...commands: readonly (readonly string[])[]
): Promise<readonly string[]> {
  const { RespConnection: Connection } = await import("../../support/resp-connection.ts");
  const connection = await Connection.open(server.port);
  try {
    return await pipeline(commands, connection);
  } finally {
    connection.destroy();
  }
}

describe("keys move before a command runs", () => {
  test("with their values, of every type, and their times to live", async () => {
    await pipeline([
      ["SET", "string", "v"],
      ["RPUSH", "list", "a", "b"],
      ["HSET", "hash", "f", "1"],
      ["SADD", "set", "m"],
      ["ZADD", "zset", "2", "m"],
      ["XADD", "stream", "1-1", "f", "v"],
      ["SET", "brief", "v", "PX", "50000"],
    ]);
    await worker.lock();
    await worker.migrate();
    // Changes that change nothing.
    await pipeline([
      ["GETEX", "string"],
      ["LREM", "list", "0", "none"],
      ["HDEL", "hash", "none"],
      ["SREM", "set", "none"],
      ["ZREM", "zset", "none"],
      ["XDEL", "stream", "9-9"],
      ["GETEX", "brief"],
    ]);
    expect(
      await pipeline([
        ["GET", "string"],
        ["LRANGE", "list", "0", "-1"],
        ["HGET", "hash", "f"],
        ["SISMEMBER", "set", "m"],
        ["ZSCORE", "zset", "m"],
        ["XLEN", "stream"],
        ["INCR", "absent"],
      ]),
    ).toEqual([
      "$1\r\nv\r\n",
      "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
      "$1\r\n1\r\n",
      ":1\r\n",
      "$1\r\n2\r\n",
      ":1\r\n",
      ":1\r\n",
    ]);
    const left = Number((await call("PTTL", "brief")).slice(1));
    expect(left).toBeGreaterThan(40_000);
    expect(left).toBeLessThanOrEqual(50_000);
    expect(await keysOf(source)).toEqual([]);
    expect((await keysOf(target)).length).toBe(8);
    const { keysMoved, migrates, tryAgains, waiting } = await worker.figures();
    expect(keysMoved + ((await worker.figures()).keysAbsent ?? 0)).toBe(8);
    expect(Object.keys(migrates).sort()).toEqual(expect.arrayContaining(["moved"]));
    expect([tryAgains, waiting]).toEqual([0, 0]);
  });

  test("in every database, for both protocols", async () => {
    const other = await worker.connect();
    await other.call("HELLO", "3");
    await pipeline([
      ["SELECT", "5"],
      ["HSET", "h", "f", "five"],
      ["SELECT", "0"],
      ["HSET", "h", "f", "none"],
    ]);
    await worker.lock();
    await worker.migrate();
    await other.call("HDEL", "h", "none");
    expect(`${await other.call("HGETALL", "h")}`).toBe("%1\r\n$1\r\nf\r\n$4\r\nnone\r\n");
    expect(
      await pipeline([
        ["SELECT", "5"],
        ["HDEL", "h", "none"],
        ["HGET", "h", "f"],
        ["SELECT", "9"],
        ["GETEX", "h"],
      ]),
    ).toEqual(["+OK\r\n", ":0\r\n", "$4\r\nfive\r\n", "+OK\r\n", "$-1\r\n"]);
    expect([await keysOf(source), await keysOf(source, "5")]).toEqual([[], []]);
    expect([await keysOf(target), await keysOf(target, "5")]).toEqual([["h"], ["h"]]);
  });

  test("in one MIGRATE for all that are wanted in one turn", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    await pipeline(names.map((name) => ["SET", name, name]));
    await worker.lock();
    await worker.migrate();
    await call("GETEX", "warm-up");
    const before = await worker.figures();
    const got = await pipeline(names.map((name) => ["GETEX", name]));
    expect(got).toEqual(names.map((name) => `$${name.length}\r\n${name}\r\n`));
    const after = await worker.figures();
    expect(after.keysMoved - before.keysMoved).toBe(100);
    expect((after.migrates["moved"] ?? 0) - (before.migrates["moved"] ?? 0)).toBeLessThanOrEqual(4);
    // They are known to have moved now.
    await pipeline(names.map((name) => ["GET", name]));
    expect((await worker.figures()).migrates).toEqual(after.migrates);
  });

  test("and are counted once, whoever else asks for them or has moved them", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `key:${i}`);
    await pipeline(names.map((name) => ["SET", name, name]));
    const ends = { source: source.addr, target: target.addr };
    const workers = await Promise.all([1, 2].map(() => startMovingWorker(ends, PATIENCE)));
    try {
      for (const each of workers) {
        await each.lock();
        await each.migrate();
      }
      const byMover = ["127.0.0.1", `${target.port}`, "", "0", "60000", "KEYS"];
      await ask(source.port, "MIGRATE", ...byMover, ...names.slice(0, 10));
      const clients = await Promise.all(workers.map((each) => each.connect()));
      const reads = names.map((name) => ["GETEX", name]);
      await Promise.all(clients.map((each) => pipeline(reads, each)));
      const figures = await Promise.all(workers.map((each) => each.figures()));
      expect(figures.reduce((sum, { keysMoved }) => sum + keysMoved, 0)).toBe(30);
    } finally {
      await Promise.all(workers.map((each) => each.close()));
    }
  });

  test("all of them, when a command has several in one slot", async () => {
    await pipeline([
      ["SADD", "{t}a", "1", "2"],
      ["SADD", "{t}b", "2", "3"],
      ["SET", "{t}c", "left"],
    ]);
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await call("SINTERSTORE", "{t}d", "{t}a", "{t}b")).toBe(":1\r\n");
    expect(await call("MGET", "{t}c", "{t}none")).toBe("*2\r\n$4\r\nleft\r\n$-1\r\n");
    expect(await call("RENAME", "{t}c", "{t}e")).toBe("+OK\r\n");
    expect(await keysOf(target)).toEqual(["{t}a", "{t}b", "{t}d", "{t}e"]);
    expect(await keysOf(source)).toEqual([]);
  });

  test("for commands that are split over moving slots and others", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `key:${i}`);
    await pipeline(names.map((name) => ["SET", name, name]));
    const moving = names.slice(0, 150);
    await worker.lock(...moving);
    await worker.migrate(...moving);
    const all = await call("MGET", ...names, "none");
    expect(all).toBe(
      `*301\r\n${names.map((name) => `$${name.length}\r\n${name}\r\n`).join("")}$-1\r\n`,
    );
    expect(await call("MSET", "key:0", "x", "key:299", "y", "new", "z")).toBe("+OK\r\n");
    expect(await call("DEL", ...names)).toBe(":300\r\n");
    expect(await call("EXISTS", "new", "key:0", "new")).toBe(":2\r\n");
    expect(await keysOf(source)).toEqual(["new"]);
    expect(await keysOf(target)).toEqual([]);
  });

  test("for a split command of which another slot begins to move while it waits", async () => {
    for (const round of ["1", "2"]) {
      const [first = "", second = ""] = [`early:${round}`, `late:${round}`];
      await pipeline([first, second].map((name) => ["SET", name, name]));
      await worker.migrate(first);
      source.pause();
      const values = call("MGET", first, second);
      // It waits for its first key when the second one's slot follows.
      await waitFor("wait", 20_000, async () => (await worker.figures()).waiting > 0 || undefined);
      const filled = worker.migrate(second);
      source.resume();
      await filled;
      const reply = [first, second].map((name) => `$${name.length}\r\n${name}\r\n`).join("");
      expect(await values).toBe(`*2\r\n${reply}`);
    }
  });

  test("for scripts and functions", async () => {
    const script = "return redis.call('incr', KEYS[1])";
    const sha1 = createHash("sha1").update(script).digest("hex");
    await pipeline([
      ["SET", "{t}n", "41"],
      ["SCRIPT", "LOAD", script],
    ]);
    await call(
      "FUNCTION",
      "LOAD",
      "REPLACE",
      "#!lua name=l\nredis.register_function('f', function(k) return redis.call('get', k[1]) end)",
    );
    for (const server of [target]) {
      await ask(
        server.port,
        "FUNCTION",
        "LOAD",
        "REPLACE",
        "#!lua name=l\nredis.register_function('f', function(k) return redis.call('get', k[1]) end)",
      );
    }
    await worker.lock("{t}");
    await worker.migrate("{t}");
    // The target has never seen the script.
    expect(
      await pipeline([
        ["EVALSHA", sha1, "1", "{t}n"],
        ["EVALSHA", sha1, "1", "{t}n"],
      ]),
    ).toEqual([":42\r\n", ":43\r\n"]);
    expect(await call("EVAL", script, "1", "{t}n")).toBe(":44\r\n");
    expect(await call("FCALL", "f", "1", "{t}n")).toBe("$2\r\n44\r\n");
    expect(await call("EVAL", "return 7", "0")).toBe(":7\r\n");
    await worker.migrate();
    expect(await call("EVAL", "return 7", "0")).toBe(":7\r\n");
    expect(await keysOf(source)).toEqual([]);
  });

  test("a command that uses keys that it doesn't name gets TRYAGAIN", async () => {
    await pipeline([
      ["RPUSH", "{t}l", "2", "1"],
      ["MSET", "{t}w1", "9", "{t}w2", "3"],
    ]);
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await call("SORT", "{t}l", "BY", "{t}w*")).toMatch(/^-TRYAGAIN .*doesn't name/);
    expect(await call("SORT", "{t}l")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    await worker.lock("{t}");
    const waiting = client.call("SORT", "{t}l", "BY", "{t}w*");
    await worker.migrate("{t}");
    expect(`${await waiting}`).toMatch(/^-TRYAGAIN .*doesn't name/);
    await pipeline([
      ["GETEX", "{t}w1"],
      ["GETEX", "{t}w2"],
    ]);
    await worker.finish("{t}");
    expect(await call("SORT", "{t}l", "BY", "{t}w*")).toBe("*2\r\n$1\r\n2\r\n$1\r\n1\r\n");
  });
});

describe("a key on both sides", () => {
  test("is the target's, and the source's goes before anything runs", async () => {
    for (const [server, value] of [
      [source, "old"],
      [target, "new"],
    ] as const) {
      await askAll(server, ["SET", "{t}both", value], ["SELECT", "2"], ["SET", "{t}both", value]);
    }
    await ask(source.port, "MSET", "{t}a", "1", "{t}b", "2");
    await worker.lock("{t}");
    await worker.migrate("{t}");
    expect(await call("MGET", "{t}a", "{t}both", "{t}b", "{t}none")).toBe(
      "*4\r\n$1\r\n1\r\n$3\r\nnew\r\n$1\r\n2\r\n$-1\r\n",
    );
    expect(
      await pipeline([
        ["SELECT", "2"],
        ["APPEND", "{t}both", "er"],
      ]),
    ).toEqual(["+OK\r\n", ":5\r\n"]);
    expect([await keysOf(source), await keysOf(source, "2")]).toEqual([[], []]);
    expect((await worker.figures()).migrates["busy-key"]).toBeGreaterThanOrEqual(2);
  });
});

describe("order", () => {
  test("of a session's requests for one slot holds, whichever keys have moved", async () => {
    const numbers = Array.from({ length: 40 }, (_, i) => i);
    await pipeline(numbers.map((i) => ["SADD", `{t}${i}`, `member ${i}`]));
    await worker.lock("{t}");
    await worker.migrate("{t}");
    await call("SCARD", "{t}all");
    // The sum is known to be at the target, what is added to it isn't; the last waits for nothing.
    const requests = numbers.flatMap((i) => [
      ["SUNIONSTORE", "{t}all", "{t}all", `{t}${i}`],
      ["SCARD", "{t}all"],
      ["GET", "elsewhere"],
    ]);
    const replies = await pipeline(requests);
    for (const i of numbers) {
      const count = `:${i + 1}\r\n`;
      expect(replies.slice(i * 3, i * 3 + 3)).toEqual([count, count, "$-1\r\n"]);
    }
  });

  test("holds for split commands and scripts among others", async () => {
    await pipeline([
      ["SET", "{t}a", "1"],
      ["SET", "{u}a", "1"],
    ]);
    await worker.lock("{t}", "{u}");
    await worker.migrate("{t}", "{u}");
    const script = "return redis.call('incr', KEYS[1])";
    const sha1 = createHash("sha1").update(script).digest("hex");
    expect(
      await pipeline([
        ["INCR", "{t}a"],
        ["MGET", "{t}a", "{u}a", "b"],
        ["INCR", "{u}a"],
        ["EVAL", script, "1", "{t}a"],
        ["EVALSHA", sha1, "1", "{t}a"],
        ["MGET", "{u}a", "{t}a"],
        ["DEL", "{u}a", "{t}a", "b"],
        ["EXISTS", "{t}a"],
      ]),
    ).toEqual([
      ":2\r\n",
      "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$-1\r\n",
      ":2\r\n",
      ":3\r\n",
      ":4\r\n",
      "*2\r\n$1\r\n2\r\n$1\r\n4\r\n",
      ":2\r\n",
      ":0\r\n",
    ]);
  });

  test("holds from lock to lock, and to whoever serves the slot in the end", async () => {
    await call("SET", "{t}n", "0");
    await worker.lock("{t}");
    const other = await worker.connect();
    const first = Array.from({ length: 20 }, () => client.call("INCR", "{t}n"));
    await worker.migrate("{t}");
    const second = Array.from({ length: 20 }, (_, i) =>
      client.call("RPUSH", `{t}l${i % 3}`, `${i}`),
    );
    await worker.lock("{t}");
    const third = Array.from({ length: 20 }, () => client.call("INCR", "{t}n"));
    const theirs = other.call("GET", "{t}none");
    await worker.migrate("{t}");
    await worker.finish("{t}");
    const counts = (await Promise.all([...first, ...third])).map((reply) => `${reply}`);
    expect(counts).toEqual(Array.from({ length: 40 }, (_, i) => `:${i + 1}\r\n`));
    const pushed = (await Promise.all(second)).map((reply) => `${reply}`);
    expect(pushed).toEqual(Array.from({ length: 20 }, (_, i) => `:${Math.floor(i / 3) + 1}\r\n`));
    expect(`${await theirs}`).toBe("$-1\r\n");
  });
});

describe("commands over all groups", () => {
  test("show every key once while slots move, wherever it is", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `key:${i}`).sort();
    await pipeline(names.map((name) => ["SET", name, "v"]));
    await worker.lock();
    await worker.migrate();
    await pipeline(names.slice(0, 20).map((name) => ["GETEX", name]));
    expect((await keysOf(target)).length).toBe(20);
    expect(await call("DBSIZE")).toBe(":60\r\n");
    const shown = [...(await call("KEYS", "*")).matchAll(/key:\d+/g)]
      .map((found) => found[0])
      .sort();
    expect(shown).toEqual(names);
    const scanned = new Set<string>();
    let cursor = "0";
    do {
      const reply = await call("SCAN", cursor, "COUNT", "7");
      cursor = /^\*2\r\n\$\d+\r\n(\d+)\r\n/.exec(reply)?.[1] ?? "0";
      for (const [name] of reply.matchAll(/key:\d+/g)) {
        scanned.add(name);
        // On the way over the keys they move.
        await call("GETEX", name);
      }
    } while (cursor !== "0");
    expect([...scanned].sort()).toEqual(names);
    expect(await call("RANDOMKEY")).toMatch(/key:\d+/);
    expect(await call("WAIT", "0", "100")).toBe(":0\r\n");
    expect(await call("FLUSHALL")).toBe("+OK\r\n");
    expect([await keysOf(source), await keysOf(target)]).toEqual([[], []]);
    expect(await call("DBSIZE")).toBe(":0\r\n");
  });
});
