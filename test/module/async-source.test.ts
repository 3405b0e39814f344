/**
 * The source of the asynchronous migration against targets that are scripted: the frames of codis-server in its
 * order, one connection for a database, and everything that a target can do wrong. Nothing is deleted at the
 * source that wasn't acknowledged, every caller is answered, and what a broken attempt left is cleared first.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import {
  answerAsCodis,
  type FakeAsyncTarget,
  startFakeAsyncTarget,
} from "../support/fake-async-target.ts";
import { freePort } from "../support/free-port.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { startSlotsServer } from "../support/slots-module.ts";

let source: RedisServer;
let at: RespConnection;
let other: RespConnection;

beforeAll(async () => {
  source = await startSlotsServer();
  [at, other] = await Promise.all([
    RespConnection.open(source.port),
    RespConnection.open(source.port),
  ]);
}, 60_000);

afterAll(async () => {
  at.destroy();
  other.destroy();
  await source.stop();
});

beforeEach(async () => {
  await ask("SELECT 0");
  await ask("SLOTSMGRT-ASYNC-CANCEL");
  await ask("FLUSHALL");
});

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

/** The bound is longer than a shared machine stands still. */
function move(what: string, port: number, timeoutMs = 20_000, connection = at): Promise<string> {
  const [command = "", ...rest] = what.split(" ");
  const head = [command, "127.0.0.1", `${port}`, `${timeoutMs}`, "200", "0"];
  return ask([...head, ...rest].join(" "), connection);
}

/** What the target was told of keys. */
function restores(target: FakeAsyncTarget): string[] {
  return target.commands.filter(([name]) => name === "SLOTSRESTORE-ASYNC").map((c) => c.join(" "));
}

describe("the wire", () => {
  test("is that of codis-server: SELECT once, then delete and value for each key", async () => {
    const target = await startFakeAsyncTarget();
    await ask("MSET a 1 b 2");
    await ask("RPUSH list 1 2");
    const dump = await at.call("DUMP", "list");
    const payload = dump.subarray(dump.indexOf("\n") + 1, dump.length - 2).toString("latin1");
    expect(await move("SLOTSMGRTONE-ASYNC a list", target.port)).toBe(":2\r\n");
    expect(await move("SLOTSMGRTONE-ASYNC b nokey", target.port)).toBe(":1\r\n");
    expect(target.commands.map((command) => command.join(" "))).toEqual([
      "SLOTSRESTORE-ASYNC-SELECT 0",
      "SLOTSRESTORE-ASYNC delete a",
      "SLOTSRESTORE-ASYNC string a 0 1",
      "SLOTSRESTORE-ASYNC delete list",
      `SLOTSRESTORE-ASYNC object list 0 ${payload}`,
      "SLOTSRESTORE-ASYNC delete b",
      "SLOTSRESTORE-ASYNC string b 0 2",
    ]);
    expect(target.raw.connectionCount()).toBe(1);
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    await target.close();
  });

  test("passwords: the server's own, or a user and password of replication", async () => {
    const target = await startFakeAsyncTarget();
    await ask("SET a 1");
    await ask("CONFIG SET masteruser mover masterauth secret");
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    await at.call("CONFIG", "SET", "masteruser", "", "masterauth", "");
    await ask("SLOTSMGRT-ASYNC-CANCEL");
    await ask("CONFIG SET requirepass own");
    await ask("SET a 1");
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    await at.call("CONFIG", "SET", "requirepass", "");
    const logins = target.commands.filter(([name]) => name?.includes("AUTH"));
    expect(logins).toEqual([
      ["SLOTSRESTORE-ASYNC-AUTH2", "mover", "secret"],
      ["SLOTSRESTORE-ASYNC-AUTH", "own"],
    ]);
    await target.close();
  });

  test("large values go in chunks under three timeouts, and get their own at the end", async () => {
    const target = await startFakeAsyncTarget();
    const count = 1_000;
    const numbers = Array.from({ length: count }, (_, i) => i);
    await at.call("RPUSH", "list", ...numbers.map((i) => `e${i}`));
    await at.call("SADD", "set", ...numbers.map((i) => `m${i}`));
    await at.call("HSET", "hash", ...numbers.flatMap((i) => [`f${i}`, `v${i}`]));
    await at.call("ZADD", "zset", ...numbers.flatMap((i) => [`${i + 0.5}`, `m${i}`]));
    await ask("PEXPIRE hash 90000");
    const reply = await move("SLOTSMGRTONE-ASYNC list set hash zset", target.port);
    expect(reply).toBe(":4\r\n");
    const elements = (word: string): readonly string[] =>
      target.commands
        .filter((command) => command[1] === word)
        .flatMap((command) => {
          expect(command[3]).toBe("60000");
          expect(command[4]).toBe(`${count}`);
          expect(command.length).toBeLessThan(5 + 200 + 40);
          return command.slice(5);
        });
    expect(elements("list")).toEqual(numbers.map((i) => `e${i}`));
    expect(new Set(elements("dict"))).toEqual(new Set(numbers.map((i) => `m${i}`)));
    expect(pairs(elements("hash")).get("f77")).toBe("v77");
    expect(pairs(elements("hash")).size).toBe(count);
    const scores = pairs(elements("zset"));
    expect([...scores.keys()][0]).toBe(`m${count - 1}`);
    expect(scores.size).toBe(count);
    expect(Buffer.from(scores.get("m41") ?? "", "latin1").readDoubleLE()).toBe(41.5);
    const ends = target.commands.filter((command) => command[1] === "expire");
    expect(ends.map(([, , key]) => key)).toEqual(["list", "set", "hash", "zset"]);
    expect(ends.map((command) => command[3] === "0")).toEqual([true, true, false, true]);
    expect(Number(ends[2]?.[3])).toBeGreaterThan(60_000);
    await target.close();
  });

  test("few but heavy elements go in chunks as well", async () => {
    const target = await startFakeAsyncTarget();
    // So many that the seed of the server's hashes never has all of them come together.
    const fields = Array.from("abcdefghijkl");
    await at.call("HSET", "h", ...fields.flatMap((f) => [f, f.repeat(200_000)]));
    expect(await move("SLOTSMGRTONE-ASYNC h", target.port)).toBe(":1\r\n");
    const chunks = target.commands.filter((command) => command[1] === "hash");
    // Some may come together: they are read as the server keeps them.
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.flatMap((command) => command.slice(5)).length).toBe(2 * fields.length);
    await target.close();
  });

  test("the DUMP forms give what would be sent", async () => {
    await ask("MSET {t}a 1 {t}b 2 t 3");
    const one = await ask("SLOTSMGRTONE-ASYNC-DUMP 1000 200 {t}a");
    expect(one).toBe(
      "*2\r\n*3\r\n$18\r\nSLOTSRESTORE-ASYNC\r\n$6\r\ndelete\r\n$4\r\n{t}a\r\n" +
        "*5\r\n$18\r\nSLOTSRESTORE-ASYNC\r\n$6\r\nstring\r\n$4\r\n{t}a\r\n$1\r\n0\r\n$1\r\n1\r\n",
    );
    expect(await ask("SLOTSMGRTTAGONE-ASYNC-DUMP 1000 200 {t}a")).toStartWith("*4\r\n");
    await at.call("ZADD", "z", ...Array.from({ length: 920 }, (_, i) => [`${i}`, `n${i}`]).flat());
    const zset = await ask("SLOTSMGRTONE-ASYNC-DUMP 1000 200 z");
    expect(zset.match(/\$4\r\nzset\r\n\$1\r\nz\r\n\$4\r\n3000\r\n\$3\r\n920\r\n/g)?.length).toBe(
      10,
    );
    expect(zset).toStartWith("*12\r\n");
    expect(await ask("SLOTSMGRTONE-ASYNC-DUMP 1000 200 nokey")).toBe("*0\r\n");
    expect(await ask("DBSIZE")).toBe(":4\r\n");
  });
});

/** First, second, first, second … */
function pairs(list: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    map.set(list[i] ?? "", list[i + 1] ?? "");
  }
  return map;
}

describe("arguments", () => {
  test("bad ones move nothing; with nothing to move nobody is asked", async () => {
    await ask("SET a 1");
    const port = await freePort();
    expect(await move("SLOTSMGRTONE-ASYNC nokey", port)).toBe(":0\r\n");
    expect(await move("SLOTSMGRTTAGSLOT-ASYNC 5 10", port)).toBe("*2\r\n:0\r\n:0\r\n");
    expect(await ask("SLOTSMGRTONE-ASYNC 127.0.0.1 0 0 0 0 a")).toBe(
      "-ERR invalid value of port (0)\r\n",
    );
    expect(await ask("SLOTSMGRTONE-ASYNC 127.0.0.1 1 -1 0 0 a")).toBe(
      "-ERR invalid value of timeout (-1)\r\n",
    );
    expect(await ask("SLOTSMGRTONE-ASYNC 127.0.0.1 1 0 x 0 a")).toBe(
      "-ERR invalid value of maxbulks (x)\r\n",
    );
    expect(await ask("SLOTSMGRTONE-ASYNC 127.0.0.1 1 0 0 -5 a")).toBe(
      "-ERR invalid value of maxbytes (-5)\r\n",
    );
    expect(await move("SLOTSMGRTSLOT-ASYNC 1024 1", port)).toBe(
      "-ERR invalid slot number = 1024\r\n",
    );
    expect(await move("SLOTSMGRTSLOT-ASYNC 1 x", port)).toBe(
      "-ERR invalid value of numkeys (x)\r\n",
    );
    expect(await move("SLOTSMGRTSLOT-ASYNC 1", port)).toContain("wrong number of arguments");
    expect(await move("SLOTSMGRTONE-ASYNC", port)).toContain("wrong number of arguments");
    expect(await ask("GET a")).toBe("$1\r\n1\r\n");
  });

  test("in a transaction and in a script nobody can wait", async () => {
    await ask("SET a 1");
    await ask("MULTI");
    await move("SLOTSMGRTONE-ASYNC a", 1);
    expect(await ask("EXEC")).toContain("ERR in a transaction or a script");
    const script = "return redis.call('slotsmgrtone-async','127.0.0.1','1','0','0','0','a')";
    expect((await at.call("EVAL", script, "0")).toString()).toContain(
      "in a transaction or a script",
    );
    expect(await ask("SLOTSMGRT-ASYNC-FENCE")).toBe("+OK\r\n");
  });
});

describe("fence, cancel and status", () => {
  test("a second batch is refused, a fence waits, a cancel ends both", async () => {
    const target = await startFakeAsyncTarget((command) =>
      command[0] === "SLOTSRESTORE-ASYNC" ? undefined : answerAsCodis(command),
    );
    expect(await ask("SLOTSMGRT-ASYNC-STATUS")).toBe("$-1\r\n");
    expect(await ask("SLOTSMGRT-ASYNC-CANCEL")).toBe(":0\r\n");
    await ask("MSET a 1 b 2");
    const third = await RespConnection.open(source.port);
    const moving = move("SLOTSMGRTONE-ASYNC a", target.port, 20_000, other);
    await waitFor("frames", 20_000, () => (restores(target).length === 2 ? true : undefined));
    expect(await move("SLOTSMGRTONE-ASYNC b", target.port)).toBe(
      "-ERR the specified DB is being migrated\r\n",
    );
    expect(await ask(`SLOTSMGRTONE 127.0.0.1 ${target.port} 1000 a`)).toBe(
      "-ERR the specified DB is being migrated\r\n",
    );
    const fence = third.call("SLOTSMGRT-ASYNC-FENCE");
    await waitFor("two waiters", 20_000, async () =>
      (await ask("SLOTSMGRT-ASYNC-STATUS")).includes("blocked_clients\r\n:2\r\n")
        ? true
        : undefined,
    );
    const status = await ask("SLOTSMGRT-ASYNC-STATUS");
    expect(status).toContain(`host\r\n$9\r\n127.0.0.1\r\n$4\r\nport\r\n:${target.port}\r\n`);
    // Two for the key, and the question whether the target has replicas.
    expect(status).toContain("sending_msgs\r\n:3\r\n");
    expect(status).toContain("$4\r\nkeys\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n");
    await ask("SELECT 1");
    expect(await ask("SLOTSMGRT-ASYNC-FENCE")).toBe("+OK\r\n");
    await ask("SELECT 0");
    expect(await ask("SLOTSMGRT-ASYNC-CANCEL")).toBe(":1\r\n");
    expect(await moving).toBe("-ERR interrupted: canceled\r\n");
    expect((await fence).toString()).toBe("-ERR interrupted: canceled\r\n");
    expect(await ask("MGET a b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    third.destroy();
    await target.close();
  });

  test("in RESP3 the status is a map", async () => {
    const target = await startFakeAsyncTarget();
    const modern = await RespConnection.open(source.port);
    await modern.call("HELLO", "3");
    expect((await modern.call("SLOTSMGRT-ASYNC-STATUS")).toString()).toBe("_\r\n");
    await ask("SET a 1");
    await move("SLOTSMGRTONE-ASYNC a", target.port);
    expect((await modern.call("SLOTSMGRT-ASYNC-STATUS")).toString()).toStartWith("%9\r\n");
    modern.destroy();
    await target.close();
  });

  test("a caller that leaves, FLUSHDB and SWAPDB end nothing badly", async () => {
    let isSilent = true;
    const target = await startFakeAsyncTarget((command) =>
      isSilent && command[0] === "SLOTSRESTORE-ASYNC" ? undefined : answerAsCodis(command),
    );
    await ask("SET a 1");
    const leaver = await RespConnection.open(source.port);
    leaver.call("SLOTSMGRTONE-ASYNC", "127.0.0.1", `${target.port}`, "20000", "0", "0", "a").catch(
      () => undefined, // It is destroyed below.
    );
    await waitFor("frames", 20_000, () => (restores(target).length === 2 ? true : undefined));
    leaver.destroy();
    const fence = other.call("SLOTSMGRT-ASYNC-FENCE");
    await ask("PING");
    await ask("FLUSHDB");
    expect((await fence).toString()).toBe("-ERR interrupted: the database was flushed\r\n");
    await ask("SET a 2");
    isSilent = false;
    expect(await move("SLOTSMGRTONE-ASYNC a", target.port)).toBe(":1\r\n");
    isSilent = true;
    await ask("SET a 3");
    const moving = move("SLOTSMGRTONE-ASYNC a", target.port, 20_000, other);
    await waitFor("a batch", 20_000, async () =>
      (await ask("SLOTSMGRT-ASYNC-STATUS")).includes("sending_msgs\r\n:3\r\n") ? true : undefined,
    );
    await ask("SWAPDB 0 1");
    expect(await moving).toBe("-ERR interrupted: the database was swapped\r\n");
    await target.close();
  });
});
