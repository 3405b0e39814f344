/**
 * The mover on real servers: everything that Redis can hold arrives as it was, from all databases, and nothing else
 * moves.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { RedisClient } from "../../../src/redis/client.ts";
import { bytesOf, numberOf } from "../../../src/redis/reply.ts";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  callAll,
  fillKeys,
  findWrong,
  keysOf,
  type MoverPair,
  serverAt,
  sizeOf,
  slotOfKey,
  startPair,
  troublesOf,
} from "../../support/mover-pair.ts";

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

/** Commands that make one key of each type, some with a TTL, in small encodings, whose DUMP is the same anywhere. */
const SAMPLES: readonly (readonly string[])[] = [
  ["SET", "string", "text"],
  ["SET", "number", "12345"],
  ["SET", "with-ttl", "x", "PX", "600000"],
  ["RPUSH", "list", "a", "b", "c"],
  ["HSET", "hash", "f", "v", "g", "w"],
  ["SADD", "numbers", "1", "2", "3"],
  ["ZADD", "zset", "1", "a", "2.5", "b"],
  ["XADD", "stream", "1-1", "f", "v"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "me", "COUNT", "1", "STREAMS", "stream", ">"],
  ["PFADD", "loglog", "a", "b"],
  ["GEOADD", "geo", "13.3", "38.1", "place"],
  ["SETBIT", "bits", "100", "1"],
  ["HSET", "hash-with-ttl", "f", "v"],
  ["PEXPIRE", "hash-with-ttl", "900000"],
  ["SET", "{tag}one", "1"],
  ["SET", "{tag}two", "2"],
  ["SET", "{}empty-tag", "3"],
];

async function dumpsOf(client: RedisClient): Promise<ReadonlyMap<string, string>> {
  const dumps = new Map<string, string>();
  for (const key of await keysOf(client)) {
    const dump = bytesOf(await client.call(["DUMP", Buffer.from(key, "latin1")]));
    dumps.set(key, dump?.toString("hex") ?? "");
  }
  return dumps;
}

describe("what arrives", () => {
  test("is equal, for every type, with its TTL", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    await callAll(atSource, SAMPLES);
    const before = await dumpsOf(atSource);
    const { mover, emptied, log } = pair.startMover({ limits: () => CALM_LIMITS });
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    expect(await dumpsOf(atTarget)).toEqual(before);
    expect(await sizeOf(atSource)).toBe(0);
    expect(log.movedKeys).toBe(before.size);
    expect(troublesOf(log)).toEqual([]);
    const ttl = numberOf(await atTarget.call(["PTTL", "with-ttl"])) ?? 0;
    expect(ttl).toBeGreaterThan(500_000);
    expect(ttl).toBeLessThanOrEqual(600_000);
    expect(numberOf(await atTarget.call(["PTTL", "string"]))).toBe(-1);
  });

  test("has the bytes of binary keys, long and empty ones", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    const keys = Array.from({ length: 256 }, (_, byte) =>
      Buffer.from([byte, 13, 10, 0, 255, byte]),
    );
    keys.push(Buffer.alloc(0), Buffer.alloc(70_000, 200), Buffer.from("{a}\r\n$5\r\n"));
    await callAll(
      atSource,
      keys.map((key) => ["SET", key, key]),
    );
    const { mover, emptied } = pair.startMover();
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    for (const key of keys) {
      expect(bytesOf(await atTarget.call(["GET", key]))).toEqual(key);
    }
    expect(await sizeOf(atSource)).toBe(0);
  });

  test("comes from all sixteen databases into the same ones", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    for (let db = 0; db < 16; db += 1) {
      await atSource.call(["SELECT", `${db}`]);
      await fillKeys(atSource, `db${db}`, 40);
    }
    const { mover, emptied } = pair.startMover();
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    for (let db = 0; db < 16; db += 1) {
      await atSource.call(["SELECT", `${db}`]);
      await atTarget.call(["SELECT", `${db}`]);
      expect(await sizeOf(atSource)).toBe(0);
      const names = Array.from({ length: 40 }, (_, index) => `db${db}:${index}`);
      expect(await findWrong(atTarget, names)).toEqual([]);
      expect(await sizeOf(atTarget)).toBe(40);
    }
  });

  test("is only of the slots that were asked for, also of those that are added under way", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    const names = await fillKeys(atSource, "key", 20_000);
    const first = ALL_SLOTS.filter((id) => id % 2 === 0);
    const second = ALL_SLOTS.filter((id) => id % 4 === 1);
    const { mover, emptied, log } = pair.startMover();
    mover.add(first);
    mover.add(first);
    while (log.movedKeys === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    mover.add(second);
    await emptied([...first, ...second]);
    const wanted = new Set([...first, ...second]);
    const moved = names.filter((name) => wanted.has(slotOfKey(name)));
    expect(await findWrong(atTarget, moved)).toEqual([]);
    expect(await sizeOf(atTarget)).toBe(moved.length);
    expect(await sizeOf(atSource)).toBe(names.length - moved.length);
    expect(log.emptied.size).toBe(wanted.size);
  });
});

describe("logins", () => {
  test("a password at the source, an ACL user at the target, and names on all connections", async () => {
    pair = await startPair();
    const { atSource, atTarget, source, target } = pair;
    const names = await fillKeys(atSource, "key", 500);
    await atSource.call(["CONFIG", "SET", "requirepass", "source secret"]);
    await atTarget.call(["ACL", "SETUSER", "mover", "on", ">target secret", "~*", "&*", "+@all"]);
    await atTarget.call(["CONFIG", "SET", "requirepass", "another"]);
    let confirmed = 0;
    const { mover, emptied } = pair.startMover({
      source: { ...serverAt(source.addr), password: "source secret" },
      target: { ...serverAt(target.addr, 2), user: "mover", password: "target secret" },
      confirm: () => {
        confirmed += 1;
        return Promise.resolve();
      },
    });
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    expect(await findWrong(atTarget, names)).toEqual([]);
    expect(confirmed).toBeGreaterThan(0);
    for (const client of [atSource, atTarget]) {
      const list =
        bytesOf(await client.call(["CLIENT", "LIST", "TYPE", "normal"]))?.toString() ?? "";
      expect(list).toMatch(/ name=codis-mover-7 /);
    }
  });

  test("a wrong password is trouble for people, and nothing moves", async () => {
    pair = await startPair();
    const { atSource, atTarget, target } = pair;
    await fillKeys(atSource, "key", 10);
    await atTarget.call(["CONFIG", "SET", "requirepass", "right"]);
    const { mover, trouble, log } = pair.startMover({
      target: { ...serverAt(target.addr, 2), password: "wrong" },
    });
    mover.add(ALL_SLOTS);
    const reason = await trouble(/another password/);
    expect(log.forPeople[log.troubles.indexOf(reason)]).toBe(true);
    expect(await sizeOf(atSource)).toBe(10);
  });

  test("without the lead nothing moves", async () => {
    pair = await startPair();
    const { atSource } = pair;
    await fillKeys(atSource, "key", 10);
    let isLeader = false;
    const { mover, trouble, emptied } = pair.startMover({
      confirm: () => (isLeader ? Promise.resolve() : Promise.reject(new Error("not the leader"))),
    });
    mover.add(ALL_SLOTS);
    await trouble(/not the leader/);
    expect(await sizeOf(atSource)).toBe(10);
    isLeader = true;
    await emptied(ALL_SLOTS);
    expect(await sizeOf(atSource)).toBe(0);
  });
});

describe("keys that are no longer what they were", () => {
  test("a key on both sides: the target's copy wins", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    const names = await fillKeys(atSource, "key", 3_000);
    const doubled = names.filter((_, index) => index % 7 === 0);
    await callAll(
      atTarget,
      doubled.map((name) => ["SET", name, `${name} at the target`]),
    );
    const { mover, emptied, log } = pair.startMover();
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    expect(await findWrong(atTarget, names)).toEqual([]);
    for (const name of doubled.slice(0, 20)) {
      const value = bytesOf(await atTarget.call(["GET", name]))?.toString();
      expect(value).toBe(`${name} at the target`);
    }
    expect(await sizeOf(atSource)).toBe(0);
    expect(troublesOf(log)).toEqual([]);
  });

  test("keys expire while they are moved", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    const names = await fillKeys(atSource, "key", 4_000);
    await callAll(
      atSource,
      names
        .filter((_, index) => index % 2 === 0)
        .map((name, index) => ["PEXPIRE", name, `${900 + (index % 500)}`]),
    );
    const { mover, emptied, log } = pair.startMover();
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const lasting = names.filter((_, index) => index % 2 === 1);
    expect(await findWrong(atTarget, lasting)).toEqual([]);
    expect(await keysOf(atTarget)).toEqual(new Set(lasting));
    expect(troublesOf(log)).toEqual([]);
  });

  test("duplicates of slots that are taken back are unlinked at the source, and only those", async () => {
    pair = await startPair();
    const { atSource, atTarget } = pair;
    for (const db of ["0", "3"]) {
      await atSource.call(["SELECT", db]);
      await atTarget.call(["SELECT", db]);
      const names = await fillKeys(atSource, "key", 2_000);
      await callAll(
        atTarget,
        names.filter((_, index) => index % 2 === 0).map((name) => ["SET", name, "newer"]),
      );
    }
    const { mover, log } = pair.startMover({ limits: () => CALM_LIMITS });
    const slots = ALL_SLOTS.slice(0, 512);
    // It fails where it can't connect within its time, before it has unlinked anything.
    const { keys, runId } = await waitFor("an end of the search", 30_000, () =>
      mover.unlinkDuplicates(slots),
    );
    const isDoubled = (name: string): boolean =>
      Number(name.slice(4)) % 2 === 0 && slotOfKey(name) < 512;
    const left = Array.from({ length: 2_000 }, (_, index) => `key:${index}`).filter(
      (name) => !isDoubled(name),
    );
    expect(keys).toBe((2_000 - left.length) * 2);
    expect(runId).toMatch(/^[0-9a-f]{40}$/);
    expect(await keysOf(atSource)).toEqual(new Set(left));
    expect(await sizeOf(atTarget)).toBe(1_000);
    expect(log.emptied.size).toBe(0);
  });
});
