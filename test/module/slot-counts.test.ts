/**
 * The counts are exact: several clients write in every way that Redis has, at random, over 16 databases, with
 * expiry, eviction, transactions, scripts and functions, and SLOTSCHECK is asked at random moments on a master
 * and its replica; then partial and full resyncs, and restarts from RDB and AOF. Nowhere may the module have
 * had to count anew, which its server's log would say.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { RedisClient } from "../../src/redis/client.ts";
import { numberOf } from "../../src/redis/reply.ts";
import { fetchInfo, slotsInfo } from "../../src/redis/server-command.ts";
import { waitFor } from "../support/deadline.ts";
import type { RedisServer, RedisServerOptions } from "../support/redis-server.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

printSeed("slot counts");

const DATABASES = 16;
const NAMES = 120;
const isLong = process.env["CODIS_TEST_LONG"] === "1";
const STEPS = isLong ? 100_000 : 10_000;
const RECOUNT = /counted the keys/;
const FUNCTIONS = `#!lua name=counts
redis.register_function('put', function(keys) redis.call('SET', keys[1], 'f'); redis.call('DEL', keys[2]) end)`;

const running: RedisServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(
  args: readonly string[],
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const fixed = ["--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes", "--hz", "50"];
  const server = await startSlotsServer({ ...options, args: [...fixed, ...args] });
  running.push(server);
  return server;
}

/** One random command on random names. */
function pickCommand(random: Random): readonly string[] {
  const name = (): string => {
    const number = random.below(NAMES);
    return random.chance(0.3) ? `{tag${number % 7}}${number}` : `key${number}`;
  };
  const [a, b, c] = [name(), name(), name()] as const;
  const db = `${random.below(DATABASES)}`;
  const soon = `${1 + random.below(40)}`;
  const forms: readonly (() => readonly string[])[] = [
    () => ["SET", a, "x".repeat(random.below(300))],
    () => ["SET", a, "v", "PX", soon],
    () => ["MSET", a, "1", b, "2", c, "3"],
    () => ["APPEND", a, "x"],
    () => ["DEL", a, b],
    () => ["UNLINK", a, b, c],
    () => ["GETDEL", a],
    () => ["GETEX", a, "PXAT", "1"],
    () => ["PEXPIRE", a, soon],
    () => ["EXPIRE", a, "-1"],
    () => ["RENAME", a, b],
    () => ["RENAMENX", a, b],
    () => ["COPY", a, b, "REPLACE"],
    () => ["COPY", a, b, "DB", db, "REPLACE"],
    () => ["COPY", a, b],
    () => ["MOVE", a, db],
    () => ["LPUSH", a, "1", "2"],
    () => ["LMOVE", a, b, "LEFT", "RIGHT"],
    () => ["LPOP", a, "5"],
    () => ["LMPOP", "2", a, b, "LEFT", "COUNT", "9"],
    () => ["SADD", a, "1", "2"],
    () => ["SMOVE", a, b, "1"],
    () => ["SPOP", a, "2"],
    () => ["SUNIONSTORE", a, b, c],
    () => ["SINTERSTORE", a, b, c],
    () => ["ZADD", a, "1", "m", "2", "n"],
    () => ["ZUNIONSTORE", a, "2", b, c],
    () => ["ZPOPMIN", a, "9"],
    () => ["ZRANGESTORE", a, b, "0", "-1"],
    () => ["HSET", a, "f", "1"],
    () => ["HDEL", a, "f"],
    () => ["XADD", a, "*", "f", "1"],
    () => ["XGROUP", "CREATE", a, "g", "$", "MKSTREAM"],
    () => ["SORT", a, "BY", "nosort", "STORE", b],
    () => ["BITOP", "OR", a, b, c],
    () => ["PFADD", a, "1"],
    () => ["GEOADD", a, "1", "1", "m"],
    () => ["GEOSEARCHSTORE", a, b, "FROMLONLAT", "1", "1", "BYRADIUS", "10", "km"],
    () => ["SETRANGE", a, "5", "x"],
    () => ["INCR", a],
    () => ["EVAL", "redis.call('SET',KEYS[1],'1'); redis.call('DEL',KEYS[2])", "2", a, b],
    () => [
      "EVAL",
      "local d=redis.call('DUMP',KEYS[1]); if d then redis.call('RESTORE',KEYS[2],0,d,'REPLACE') end",
      "2",
      a,
      b,
    ],
    () => ["FCALL", "put", "2", a, b],
  ];
  return random.pick(forms)();
}

/** Sends, and ignores refusals (wrong type, out of memory): they are part of the game. */
async function send(client: RedisClient, command: readonly string[]): Promise<void> {
  await client.call(command).catch((thrown: unknown) => {
    if (!client.isOpen) {
      throw thrown;
    }
  });
}

async function writeAtRandom(addr: string, random: Random, steps: number): Promise<void> {
  const client = await RedisClient.connect({ addr });
  try {
    for (let step = 0; step < steps; step += 1) {
      if (random.chance(0.2)) {
        await client.call(["SELECT", `${random.below(DATABASES)}`]);
      }
      if (random.chance(0.003)) {
        const other = `${random.below(DATABASES)}`;
        const rare = [
          ["FLUSHDB"],
          ["FLUSHDB", "ASYNC"],
          ["SWAPDB", "0", other],
          ["SLOTSDEL", "579", "3"],
        ];
        await send(client, random.pick(rare));
      }
      if (random.chance(0.01)) {
        expect(await checkSlots(client)).toBe("OK");
      }
      const size = random.chance(0.2) ? 1 + random.below(10) : 0;
      const batch = Array.from({ length: size }, () => pickCommand(random));
      const framed = random.chance(0.3) ? [["MULTI"], ...batch, ["EXEC"]] : batch;
      await Promise.all([pickCommand(random), ...framed].map((command) => send(client, command)));
    }
  } finally {
    client.close();
  }
}

/** Stores so many keys of about 700 bytes in turn over all databases. */
async function fill(addr: string, count: number): Promise<void> {
  const client = await RedisClient.connect({ addr });
  try {
    for (let i = 0; i < count; i += 1) {
      await client.call(["SELECT", `${i % DATABASES}`]);
      await send(client, ["SET", `fill${i}`, "x".repeat(600)]);
    }
  } finally {
    client.close();
  }
}

async function checkSlots(client: RedisClient): Promise<string> {
  const reply = await client.call(["SLOTSCHECK"]);
  return reply.type === "simple" ? reply.text : reply.type;
}

/** SLOTSCHECK and the sum of SLOTSINFO in every database. */
async function checkAll(server: RedisServer): Promise<number> {
  const client = await RedisClient.connect({ addr: server.addr });
  let total = 0;
  try {
    for (let db = 0; db < DATABASES; db += 1) {
      await client.call(["SELECT", `${db}`]);
      expect(await checkSlots(client)).toBe("OK");
      const counts = await slotsInfo(client);
      total += [...counts.values()].reduce((sum, keys) => sum + keys, 0);
    }
  } finally {
    client.close();
  }
  expect(server.log()).not.toMatch(RECOUNT);
  return total;
}

async function tell(server: RedisServer, ...command: readonly string[]): Promise<string> {
  const client = await RedisClient.connect({ addr: server.addr, callTimeoutMs: 10_000 });
  try {
    const reply = await client.call(command);
    return `${reply.type === "simple" ? reply.text : (numberOf(reply) ?? reply.type)}`;
  } finally {
    client.close();
  }
}

async function inStep(master: RedisServer, replica: RedisServer): Promise<void> {
  await waitFor("a replica in step", 40_000, async () => {
    const [of, at] = await Promise.all(
      [master, replica].map((server) => fetchInfo({ addr: server.addr, password: "" })),
    );
    const isUp = at?.["master_link_status"] === "up";
    return isUp && of?.["master_repl_offset"] === at["slave_repl_offset"] ? true : undefined;
  });
}

describe("exact counts", () => {
  test("through every kind of write, on master and replica, with resyncs", async () => {
    // Room for all that is written while the replica is away, so that a partial resync is possible.
    const master = await start(["--repl-backlog-size", "256mb"]);
    await tell(master, "FUNCTION", "LOAD", FUNCTIONS);
    const replica = await start(["--replicaof", "127.0.0.1", `${master.port}`]);
    const clients = [1, 2, 3].map((n) => writeAtRandom(master.addr, new Random(SEED + n), STEPS));
    await waitFor("a first resync", 40_000, async () =>
      (await fetchInfo({ addr: replica.addr, password: "" }))["master_link_status"] === "up"
        ? true
        : undefined,
    );
    // The link is cut in the middle: a partial resync.
    await tell(master, "CLIENT", "KILL", "TYPE", "replica");
    await Promise.all(clients);
    await inStep(master, replica);
    expect(await checkAll(master)).toBeGreaterThan(100);
    await checkAll(replica);
    expect(
      Number((await fetchInfo({ addr: master.addr, password: "" }))["sync_partial_ok"]),
    ).toBeGreaterThan(0);

    // A full resync over data of its own: the replica leaves, is written to, and comes back.
    await tell(replica, "REPLICAOF", "NO", "ONE");
    await writeAtRandom(replica.addr, new Random(SEED + 4), 200);
    await checkAll(replica);
    await tell(replica, "REPLICAOF", "127.0.0.1", `${master.port}`);
    await inStep(master, replica);
    await checkAll(replica);

    expect(await tell(master, "DEBUG", "RELOAD")).toBe("OK");
    await checkAll(master);
    await tell(master, "FLUSHALL");
    expect(await checkAll(master)).toBe(0);
  }, 120_000);

  test("while keys are evicted and expire", async () => {
    const server = await start([
      "--maxmemory-policy",
      "allkeys-random",
      "--maxmemory-samples",
      "3",
    ]);
    const used = Number((await fetchInfo({ addr: server.addr, password: "" }))["used_memory"]);
    await tell(server, "CONFIG", "SET", "maxmemory", `${used + 2_000_000}`);
    const writers = [5, 6].map((n) => writeAtRandom(server.addr, new Random(SEED + n), STEPS / 2));
    await Promise.all([...writers, fill(server.addr, 6_000)]);
    await checkAll(server);
    const info = await fetchInfo({ addr: server.addr, password: "" });
    expect(Number(info["evicted_keys"])).toBeGreaterThan(100);
    expect(Number(info["expired_keys"])).toBeGreaterThan(10);
  }, 120_000);

  test("through restarts from RDB and AOF", async () => {
    const folder = temporaryFolder();
    const first = await start([], { dir: folder.path });
    await writeAtRandom(first.addr, new Random(SEED + 7), 500);
    expect(await tell(first, "SAVE")).toBe("OK");
    const saved = await checkAll(first);
    await first.kill();
    const second = await start([], { dir: folder.path });
    expect(await checkAll(second)).toBeGreaterThan(saved / 2);
    await tell(second, "CONFIG", "SET", "appendonly", "yes");
    await waitFor("a first AOF", 30_000, async () =>
      (await fetchInfo({ addr: second.addr, password: "" }))["aof_rewrite_in_progress"] === "0"
        ? true
        : undefined,
    );
    await writeAtRandom(second.addr, new Random(SEED + 8), 500);
    await tell(second, "FLUSHDB");
    await second.stop();
    const third = await start(["--appendonly", "yes"], { dir: folder.path });
    expect(await checkAll(third)).toBeGreaterThan(50);
    folder.remove();
  }, 120_000);
});
