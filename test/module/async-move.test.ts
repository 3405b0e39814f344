/**
 * The asynchronous migration between two real servers with the module: every type arrives as it was, small and
 * large, with its time to live; tags go together; what is written, deleted or expires at the source meanwhile isn't
 * lost and doesn't come back; replicas follow by ordinary commands; the counts stay exact on all of them.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";

printSeed("asynchronous migration");

const args = ["--enable-debug-command", "yes"];

let source: RedisServer;
let target: RedisServer;
let at: RespConnection;
let to: RespConnection;
let mover: RespConnection;

beforeAll(async () => {
  [source, target] = await Promise.all([startSlotsServer({ args }), startSlotsServer({ args })]);
  [at, to, mover] = await Promise.all([
    RespConnection.open(source.port),
    RespConnection.open(target.port),
    RespConnection.open(source.port),
  ]);
}, 60_000);

afterAll(async () => {
  for (const connection of [at, to, mover]) {
    connection.destroy();
  }
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const connection of [at, to, mover]) {
    await ask("SELECT 0", connection);
  }
  await ask("FLUSHALL");
  await ask("FLUSHALL", to);
});

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

function move(what: string, maxbulks = 200): Promise<string> {
  const [command = "", ...rest] = what.split(" ");
  const head = [command, "127.0.0.1", `${target.port}`, "20000", `${maxbulks}`, "33554432"];
  return ask([...head, ...rest].join(" "), mover);
}

function numbersOf(reply: string): readonly number[] {
  return [...reply.matchAll(/:(\d+)/g)].map((match) => Number(match[1]));
}

/** Moves the slot until nothing is left; the number of keys that were moved. */
async function moveSlot(slot: number, numkeys: number): Promise<number> {
  let moved = 0;
  for (;;) {
    const reply = await move(`SLOTSMGRTTAGSLOT-ASYNC ${slot} ${numkeys}`);
    const [one = 0, left] = numbersOf(reply);
    expect(reply).toStartWith("*2");
    moved += one;
    if (left === 0) {
      return moved;
    }
  }
}

async function expectCounts(): Promise<void> {
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  expect(await ask("SLOTSCHECK", to)).toBe("+OK\r\n");
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("what is moved", () => {
  test("a small key of every type, with its time to live", async () => {
    const lines = [
      "SET string hello",
      "SET number 12345678901",
      "RPUSH list 1 2 3",
      "SADD set a",
      "SADD intset 1 2 3",
      "ZADD zset 1.5 a -inf b",
      "HSET hash f v",
      "XADD stream 1-1 f v",
      "SETBIT bits 70000 1",
      "SET volatile x PX 60000",
    ];
    for (const line of lines) {
      await ask(line);
    }
    const keys = lines.map((line) => line.split(" ")[1] ?? "");
    const dumps = await Promise.all(keys.map((key) => at.call("DUMP", key)));
    expect(await move(`SLOTSMGRTONE-ASYNC ${keys.join(" ")}`)).toBe(`:${keys.length}\r\n`);
    for (const [i, key] of keys.entries()) {
      expect((await to.call("DUMP", key)).equals(dumps[i] ?? Buffer.alloc(0))).toBe(true);
    }
    const left = Number((await ask("PTTL volatile", to)).slice(1));
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(await ask("PTTL string", to)).toBe(":-1\r\n");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    await expectCounts();
  });

  test("a large key of every type, over another of that name, in another database", async () => {
    await Promise.all([ask("SELECT 3"), ask("SELECT 3", to), ask("SELECT 3", mover)]);
    for (let part = 0; part < 10; part += 1) {
      const numbers = range(1_000).map((i) => part * 1_000 + i);
      await at.call("HSET", "hash", ...numbers.flatMap((i) => [`f${i}`, `${"v".repeat(20)}${i}`]));
      await at.call("SADD", "set", ...numbers.map((i) => `m${i}`));
      await at.call("ZADD", "zset", ...numbers.flatMap((i) => [`${(i % 97) / 3 - 5}`, `m${i}`]));
      await at.call("RPUSH", "list", ...numbers.map((i) => `e${i}`));
      for (const i of numbers) {
        at.write(Buffer.from(`XADD stream ${i + 1}-1 f ${i} g h\r\n`));
      }
      for (const _ of numbers) {
        await at.next();
      }
    }
    await ask("ZADD zset inf top -inf bottom 1e-300 tiny");
    await ask("XGROUP CREATE stream group 5-1");
    await ask("XREADGROUP GROUP group one COUNT 450 STREAMS stream >");
    await ask("XREADGROUP GROUP group two COUNT 3 STREAMS stream >");
    await ask("XGROUP CREATECONSUMER stream group idle");
    await ask("XDEL stream 9000-1");
    await ask("PEXPIRE set 80000");
    await ask("SET hash old", to);
    const keys = ["hash", "set", "zset", "list", "stream"];
    const digest = (connection: RespConnection, key: string): Promise<string> =>
      ask(`DEBUG DIGEST-VALUE ${key}`, connection);
    await ask("PERSIST set");
    const digests = await Promise.all(keys.map((key) => digest(at, key)));
    const groups = await ask("XINFO GROUPS stream");
    const pending = await ask("XPENDING stream group");
    const ids = (await ask("XINFO STREAM stream")).split("\r\n");
    await ask("PEXPIRE set 80000");
    expect(await move(`SLOTSMGRTONE-ASYNC ${keys.join(" ")}`)).toBe(":5\r\n");
    const left = Number((await ask("PTTL set", to)).slice(1));
    expect(left).toBeGreaterThan(30_000);
    await ask("PERSIST set", to);
    for (const [i, key] of keys.entries()) {
      expect(`${key} ${await digest(to, key)}`).toBe(`${key} ${digests[i]}`);
      expect(await ask(`PTTL ${key}`, to)).toBe(":-1\r\n");
    }
    expect(await ask("XINFO GROUPS stream", to)).toBe(groups);
    expect(await ask("XPENDING stream group", to)).toBe(pending);
    const field = (lines: readonly string[], name: string): string | undefined =>
      lines[lines.indexOf(name) + 2] ?? lines[lines.indexOf(name) + 1];
    const there = (await ask("XINFO STREAM stream", to)).split("\r\n");
    for (const name of ["last-generated-id", "max-deleted-entry-id"]) {
      expect(field(there, name)).toBe(field(ids, name));
    }
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    await expectCounts();
  }, 120_000);

  test("all keys of a tag together, and no others of the slot", async () => {
    await ask("MSET {a}1 x {a}2 y x{a} z a plain b other {b}1 q");
    expect(await move("SLOTSMGRTTAGONE-ASYNC {a}nothere {b}1 nokey")).toBe(":4\r\n");
    expect(await ask("DBSIZE", to)).toBe(":4\r\n");
    expect(await ask("MGET a b")).toBe("*2\r\n$5\r\nplain\r\n$5\r\nother\r\n");
    expect(await move("SLOTSMGRTTAGONE-ASYNC {a}1")).toBe(":0\r\n");
    expect(await move("SLOTSMGRTSLOT-ASYNC 579 1")).toBe("*2\r\n:1\r\n:0\r\n");
    await expectCounts();
  });

  test("a slot in batches, a large key among small ones", async () => {
    await at.call("MSET", ...range(2_000).flatMap((i) => [`{a}{${i % 50}}${i}`, `${i}`]));
    await at.call("MSET", ...range(500).flatMap((i) => [`{a}${i}`, `${i}`]));
    await at.call("HSET", "a", ...range(3_000).flatMap((i) => [`f${i}`, "v"]));
    await ask("SET b 1");
    const count = Number((await ask("DBSIZE")).slice(1)) - 1;
    const slots = numbersOf(await ask("SLOTSINFO"));
    let moved = 0;
    for (let i = 0; i < slots.length; i += 2) {
      if (slots[i] !== 1017) {
        moved += await moveSlot(slots[i] ?? 0, 100);
      }
    }
    expect(moved).toBe(count);
    expect(await ask("DBSIZE", to)).toBe(`:${count}\r\n`);
    expect(await ask("GET b")).toBe("$1\r\n1\r\n");
    await expectCounts();
  }, 120_000);
});

describe("meanwhile, at the source", () => {
  test("keys that are written directly arrive as they are in the end", async () => {
    const random = new Random(SEED);
    const model = new Map<string, number>();
    await at.call("MSET", ...range(3_000).flatMap((i) => [`{a}${i}`, "0"]));
    for (let part = 0; part < 5; part += 1) {
      await at.call(
        "HSET",
        "{a}hash",
        ...range(1_000).flatMap((i) => [`f${part * 1_000 + i}`, "v"]),
      );
    }
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        const key = `{a}${random.below(3_000)}`;
        const reply = await ask(`INCR ${key}`);
        model.set(key, (model.get(key) ?? 0) + 1);
        expect(reply).toStartWith(":");
        // A key that was moved already begins anew here, as nothing tells this client.
        if (Number(reply.slice(1)) !== model.get(key)) {
          model.set(key, Number(reply.slice(1)));
        }
        await ask(`HSET {a}hash f${random.below(5_000)} ${random.below(9)}`);
        await Bun.sleep(0);
      }
    })();
    let moved = 0;
    while (moved < 3_000) {
      const [one = 0] = numbersOf(await move("SLOTSMGRTTAGSLOT-ASYNC 579 200"));
      moved += one;
      if (one === 0) break;
    }
    isOver = true;
    await writing;
    await moveSlot(579, 500);
    for (const [key, value] of model) {
      expect(`${key} ${await ask(`GET ${key}`, to)}`).toBe(
        `${key} $${`${value}`.length}\r\n${value}\r\n`,
      );
    }
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    await expectCounts();
  }, 120_000);

  test("keys that are deleted, renamed or expire don't come back", async () => {
    for (let round = 0; round < 6; round += 1) {
      await ask("FLUSHALL", to);
      await at.call("MSET", ...range(300).flatMap((i) => [`{a}${i}`, "v"]));
      for (let part = 0; part < 4; part += 1) {
        const fields = range(1_000).flatMap((i) => [`f${part * 1_000 + i}`, "v"]);
        await at.call("HSET", "{a}gone", ...fields);
        await at.call("HSET", "{a}old", ...fields);
        await at.call("HSET", "{a}over", ...fields);
      }
      const moving = move("SLOTSMGRTTAGONE-ASYNC {a}0");
      const isInTime = (await ask("DEL {a}gone {a}7")) === ":2\r\n";
      const isRenamed = isInTime && (await ask("RENAME {a}old {a}new")) === "+OK\r\n";
      const isOver = isRenamed && (await ask("PEXPIRE {a}over 1")) === ":1\r\n";
      await moving;
      await Bun.sleep(5);
      if (isInTime) expect(await ask("EXISTS {a}gone {a}7", to)).toBe(":0\r\n");
      if (isRenamed) expect(await ask("EXISTS {a}old", to)).toBe(":0\r\n");
      if (isOver) expect(await ask("EXISTS {a}over", to)).toBe(":0\r\n");
      await move("SLOTSMGRTTAGONE-ASYNC {a}0");
      if (isRenamed) expect(await ask("HLEN {a}new", to)).toBe(":4000\r\n");
      expect(await ask("DBSIZE")).toBe(":0\r\n");
      await expectCounts();
    }
  }, 120_000);
});

describe("replicas", () => {
  test("a stock one and one with the module follow both sides", async () => {
    const stock = await startRedis({ args: ["--replicaof", "127.0.0.1", `${source.port}`] });
    const own = await startSlotsServer({ args: ["--replicaof", "127.0.0.1", `${target.port}`] });
    const stockSide = await RespConnection.open(stock.port);
    const ownSide = await RespConnection.open(own.port);
    for (const side of [stockSide, ownSide]) {
      await waitFor("a full copy", 20_000, async () =>
        (await ask("INFO replication", side)).includes("master_link_status:up") ? true : undefined,
      );
    }
    await at.call("MSET", ...range(500).flatMap((i) => [`{a}${i}`, "v"]));
    await at.call("HSET", "{a}hash", ...range(900).flatMap((i) => [`f${i}`, "v"]));
    await moveSlot(579, 100);
    await ask("SET b 1");
    await ask("SET b 1", to);
    await waitFor("the replica of the source", 30_000, async () =>
      (await ask("DBSIZE", stockSide)) === ":1\r\n" ? true : undefined,
    );
    await waitFor("the replica of the target", 30_000, async () =>
      (await ask("DBSIZE", ownSide)) === ":502\r\n" ? true : undefined,
    );
    expect(await ask("HLEN {a}hash", ownSide)).toBe(":900\r\n");
    expect(await ask("PTTL {a}hash", ownSide)).toBe(":-1\r\n");
    expect(await ask("SLOTSCHECK", ownSide)).toBe("+OK\r\n");
    expect(await ask("SLOTSMGRTONE-ASYNC 127.0.0.1 1 0 0 0 b", ownSide)).toStartWith("-READONLY");
    stockSide.destroy();
    ownSide.destroy();
    await Promise.all([stock.stop(), own.stop()]);
  }, 120_000);
});
