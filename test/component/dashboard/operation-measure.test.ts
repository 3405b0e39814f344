/**
 * Measuring real servers: exact counts by slot over all databases, big keys with their types, bounds of time and
 * keys with the rest inferred, and rests for a server that is slow.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { isCodisError } from "../../../src/base/error.ts";
import { slotOf } from "../../../src/command/hash.ts";
import { Courtesy } from "../../../src/dashboard/operation/courtesy.ts";
import { type Measurement, measureServer } from "../../../src/dashboard/operation/measure.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { selectDatabase } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { freePort } from "../../support/free-port.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const SLOTS = 1024;
const PASSWORD = "secret";
const KEYS: Readonly<Record<number, number>> = { 0: 6_000, 3: 2_000 };

let server: RedisServer;
let client: RedisClient;

function slot(key: string): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length, SLOTS - 1);
}

function nameOf(db: number, number: number): string {
  return `key:${db}:${number}`;
}

/** Once more when the server can't be reached in time: nothing is wrong with the figures then. */
async function measure(changes: Partial<Measurement> = {}): ReturnType<typeof measureServer> {
  const measurement = {
    addr: server.addr,
    password: PASSWORD,
    slotCount: SLOTS,
    isWanted: () => true,
    budgetMs: 20_000,
    maxStallMs: 5,
    ...changes,
  };
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      return await measureServer(measurement);
    } catch (thrown) {
      if (triesLeft === 0 || !isCodisError(thrown, "SERVER_UNREACHABLE")) {
        throw thrown;
      }
    }
  }
}

/** Time passes with every look at the clock: what fits into it doesn't depend on the machine. */
function tickingClock(): Clock {
  let ticks = 0;
  return {
    ...systemClock,
    monotonicMs: () => {
      ticks += 1;
      return ticks;
    },
  };
}

beforeAll(async () => {
  server = await startRedis();
  client = await RedisClient.connect({ ...PATIENT, addr: server.addr });
  await client.call(["CONFIG", "SET", "requirepass", PASSWORD]);
  for (const [db, count] of Object.entries(KEYS)) {
    await selectDatabase(client, Number(db));
    for (let start = 0; start < count; start += 500) {
      const args = Array.from({ length: 500 }, (_, at) => [
        nameOf(Number(db), start + at),
        "x".repeat(64),
      ]);
      await client.call(["MSET", ...args.flat()]);
    }
  }
  await selectDatabase(client, 0);
});

afterAll(async () => {
  client.close();
  await server.stop();
});

describe("keys and bytes", () => {
  test("are exact for each slot, over all databases", async () => {
    const expected = new Map<number, number>();
    for (const [db, count] of Object.entries(KEYS)) {
      for (let number = 0; number < count; number += 1) {
        const id = slot(nameOf(Number(db), number));
        expected.set(id, (expected.get(id) ?? 0) + 1);
      }
    }
    const found = await measure();
    expect(found.isExact).toBe(true);
    expect(new Map([...found.slots].map(([id, { keys }]) => [id, keys]))).toEqual(expected);
    const usage = Number(
      ((await client.call(["MEMORY", "USAGE", nameOf(0, 0)])) as { value: bigint }).value,
    );
    for (const { keys, bytes } of found.slots.values()) {
      // All keys are about as long, so they take the same.
      expect(Math.abs(bytes - keys * usage)).toBeLessThanOrEqual(keys * 16);
    }
    expect(found.bigKeys).toEqual([]);
    expect(found.samples.length).toBe(16);
  });

  test("are asked for wanted slots only", async () => {
    const wanted = new Set([1, 2, 3]);
    const found = await measure({ isWanted: (id) => wanted.has(id) });
    expect([...found.slots.keys()].filter((id) => !wanted.has(id))).toEqual([]);
    expect(found.slots.size).toBe(3);
    expect(found.isExact).toBe(true);
  });

  test("are inferred where keys aren't looked at", async () => {
    const exact = await measure();
    const found = await measure({ keysMax: 500 });
    expect(found.isExact).toBe(false);
    // Keys are counted all the same.
    expect(new Map([...found.slots].map(([id, { keys }]) => [id, keys]))).toEqual(
      new Map([...exact.slots].map(([id, { keys }]) => [id, keys])),
    );
    const sum = (slots: ReadonlyMap<number, { bytes: number }>): number =>
      [...slots.values()].reduce((all, { bytes }) => all + bytes, 0);
    expect(Math.abs(sum(found.slots) / sum(exact.slots) - 1)).toBeLessThan(0.1);
  });

  test("are inferred where there is no time to see all keys", async () => {
    // Some steps of the first database, of five looks each, and one of the second.
    const found = await measure({ budgetMs: 40, clock: tickingClock() });
    expect(found.isExact).toBe(false);
    const keys = [...found.slots.values()].reduce((sum, slotFigures) => sum + slotFigures.keys, 0);
    expect(keys).toBeGreaterThan(0);
    expect(keys).toBeLessThan(8_000 * 1.6);
  });
});

describe("big keys", () => {
  test("have names, types, sizes and stalls, the longest first", async () => {
    await selectDatabase(client, 3);
    const fill = async (
      call: (from: number) => readonly string[],
      parts: number,
    ): Promise<void> => {
      for (let part = 0; part < parts; part += 1) {
        await client.call(call(part * 1_000));
      }
    };
    const numbers = (from: number): readonly number[] =>
      Array.from({ length: 1_000 }, (_, at) => from + at);
    await fill(
      (from) => ["HSET", "big:hash", ...numbers(from).flatMap((n) => [`f${n}`, `v${n}`])],
      60,
    );
    await fill((from) => ["SADD", "big:set", ...numbers(from).map((n) => `member:${n}`)], 30);
    await fill(
      (from) => ["ZADD", "big:zset", ...numbers(from).flatMap((n) => [`${n}`, `m:${n}`])],
      25,
    );
    await client.call(["SET", "big:text", "y".repeat(3_000_000)]);
    await client.call(["SET", Buffer.from([0xff, 0x00, 0x01]), "z".repeat(2_000_000)]);
    await fill((from) => ["RPUSH", "long:list", ...numbers(from).map(String)], 50);
    const { bigKeys, bigSlotIds } = await measure();
    expect(bigKeys.map(({ name, type, elements }) => `${name} ${type} ${elements}`).sort()).toEqual(
      [
        "0xff0001 string 1",
        "big:hash hash 60000",
        "big:set set 30000",
        "big:text string 1",
        "big:zset zset 25000",
      ],
    );
    for (const { db, name, slotId, stallMs, bytes } of bigKeys) {
      expect(db).toBe(3);
      expect(bigSlotIds.has(slotId)).toBe(true);
      expect(name.startsWith("0x") || slot(name) === slotId).toBe(true);
      expect(stallMs).toBeGreaterThan(5);
      expect(bytes).toBeGreaterThan(400_000);
    }
    const stalls = bigKeys.map(({ stallMs }) => stallMs);
    expect(stalls).toEqual(stalls.toSorted((a, b) => b - a));
    expect(bigKeys[0]?.name).toBe("big:hash");
    expect((await measure({ maxStallMs: 1_000 })).bigKeys).toEqual([]);
  });
});

describe("a server", () => {
  test("that isn't there, or doesn't let in, is an error", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    expect((await catchRejection(measure({ addr }))).code).toBe("SERVER_UNREACHABLE");
    expect((await catchRejection(measure({ password: "wrong" }))).code).toBe("SERVER_AUTH_FAILED");
    const controller = new AbortController();
    controller.abort();
    expect((await catchRejection(measure({ signal: controller.signal }))).code).toBe(
      "SERVER_UNREACHABLE",
    );
  });

  test("that is slow for others rests longer", async () => {
    const clock = new FakeClock();
    let slowMs = 0;
    const pinger = {
      addr: "a:1",
      call: () => {
        clock.advance(slowMs);
        return Promise.resolve({ type: "simple" as const, text: "PONG" });
      },
    };
    const courtesy = new Courtesy(pinger, clock);
    const restOf = async (): Promise<number> => {
      clock.advance(200);
      const resting = courtesy.rest(2);
      for (let waited = 0; ; waited += 1) {
        if (await Promise.race([resting.then(() => true), Bun.sleep(1).then(() => false)])) {
          return waited;
        }
        clock.advance(1);
      }
    };
    expect(await restOf()).toBeLessThan(5);
    slowMs = 40;
    expect(await restOf()).toBeGreaterThan(150);
    slowMs = 400;
    const longest = await restOf();
    expect(longest).toBeGreaterThan(400);
    expect(longest).toBeLessThan(600);
  });
});
