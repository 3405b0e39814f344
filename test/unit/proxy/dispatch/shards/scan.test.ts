/**
 * SCAN while slots move: a simulated set of groups, with moves of slots and of single keys,
 * deletions, new keys and restarts of the proxy between the calls. No key that was there all the
 * time is missed, and the scan ends.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crc32, slotOf } from "../../../../../src/command/hash.ts";
import type { Shard, ShardCaller } from "../../../../../src/proxy/dispatch/context.ts";
import { unpackCursor } from "../../../../../src/proxy/dispatch/shards/scan-cursor.ts";
import { arrayValue, bulkValue, encodeReply } from "../../../../../src/resp/encode.ts";
import { decodeReply } from "../../../../../src/resp/value.ts";
import { run, testEnv, testSession } from "./session.ts";
import { TestSlotTable } from "./slot-table.ts";

const SEED = Number(process.env["TEST_SEED"] ?? 20_261_121);
const RUNS = 300;
/** For a machine that has other work. */
const PROPERTY_MS = 60_000;
const SLOT_COUNT = 1024;
const BUCKET_COUNT = 8;
/** Few slots are used, so that moves meet keys. */
const SLOTS_USED = 12;
const FIRST_REVISION = 5_000;
/** A scan of so few keys that needs more calls isn't going to end. */
const CALLS_MAX = 500;

/** One key in each of the first slots: names found once, by trial. */
const NAMES = findNames();

function findNames(): readonly (readonly string[])[] {
  const names: string[][] = Array.from({ length: SLOTS_USED }, () => []);
  for (let n = 0; names.some((list) => list.length < 4); n++) {
    const name = `key:${n}`;
    const slotId = slotOf(Buffer.from(name), 0, name.length, SLOT_COUNT - 1);
    if (slotId < SLOTS_USED) names[slotId]?.push(name);
  }
  return names;
}

/** Groups that keep names in buckets; a master's cursor is the next bucket. */
class SimulatedShards implements ShardCaller {
  readonly table: TestSlotTable;
  readonly #keys: Set<string>[];
  /** Called before each answer of a master. */
  onCall: () => void = () => undefined;

  constructor(groupCount: number) {
    const addrs = Array.from({ length: groupCount }, (_, i) => `10.0.0.${i + 1}:6379`);
    this.table = new TestSlotTable(addrs, SLOT_COUNT, FIRST_REVISION);
    this.#keys = Array.from({ length: groupCount + 1 }, () => new Set());
    for (let slotId = 0; slotId < SLOTS_USED; slotId++) {
      this.table.assign(slotId, slotId, (slotId % groupCount) + 1);
      for (const name of NAMES[slotId] ?? []) this.#keys[(slotId % groupCount) + 1]?.add(name);
    }
    this.table.assign(SLOTS_USED, SLOT_COUNT - 1, 1);
  }

  keysOf(groupId: number): Set<string> {
    return this.#keys[groupId] as Set<string>;
  }

  /** Moves up to `count` names of a moving slot to its owner; true when none is left. */
  moveKeys(slotId: number, count: number): boolean {
    const from = this.keysOf(this.table.migrateFromOfSlot(slotId));
    const names = [...from].filter((name) => slotIdOf(name) === slotId);
    for (const name of names.slice(0, count)) {
      from.delete(name);
      this.keysOf(this.table.ownerOf(slotId)).add(name);
    }
    return names.length <= count;
  }

  get slotCount(): number {
    return SLOT_COUNT;
  }
  get revision(): number {
    return this.table.revision;
  }
  shards = (): readonly Shard[] => this.table.shards();
  shardOfSlot = (slotId: number): Shard | undefined => this.table.shardOfSlot(slotId);
  shardOfGroup = (groupId: number): Shard | undefined => this.table.shardOfGroup(groupId);
  migrateFromOfSlot = (slotId: number): number => this.table.migrateFromOfSlot(slotId);
  groupsThatReceivedSince = (revision: number): readonly number[] =>
    this.table.groupsThatReceivedSince(revision);

  call(shard: Shard, _db: number, proto: 2 | 3, command: readonly (string | Uint8Array)[]) {
    this.onCall();
    const words = command.map(String);
    expect(words[0]).toBe("SCAN");
    const count = words.includes("COUNT") ? Number(words[words.indexOf("COUNT") + 1]) : 10;
    // A bucket holds a few keys; COUNT above ten visits several of them in one call.
    const first = Number(words[1]) % BUCKET_COUNT;
    const end = Math.min(BUCKET_COUNT, first + Math.max(1, Math.floor(count / 10)));
    const names = [...this.keysOf(shard.groupId)].filter((name) => {
      const bucket = bucketOf(name);
      return bucket >= first && bucket < end;
    });
    const cursor = end === BUCKET_COUNT ? 0 : end;
    const reply = arrayValue([bulkValue(`${cursor}`), arrayValue(names.map((n) => bulkValue(n)))]);
    return Promise.resolve(encodeReply(reply, proto));
  }

  callDedicated(): Promise<readonly Buffer[]> {
    return Promise.reject(new Error("SCAN needs no connection of its own"));
  }
}

function slotIdOf(name: string): number {
  return slotOf(Buffer.from(name), 0, name.length, SLOT_COUNT - 1);
}

function bucketOf(name: string): number {
  return (crc32(Buffer.from(name), 0, name.length) >>> 16) % BUCKET_COUNT;
}

interface Page {
  readonly cursor: string;
  readonly names: readonly string[];
}

function readPage(raw: Buffer): Page {
  const value = decodeReply(raw);
  if (value?.type !== "array") throw new Error(`not a page: ${raw}`);
  const [cursor, names] = value.items;
  if (cursor?.type !== "bulk" || names?.type !== "array") throw new Error(`not a page: ${raw}`);
  return {
    cursor: cursor.bytes.toString(),
    names: names.items.map((item) => (item.type === "bulk" ? item.bytes.toString() : "?")),
  };
}

/** A scan on its way. */
interface ScanBegin {
  readonly cursor: string;
  readonly names: ReadonlySet<string>;
}

type Step =
  /** Begins, goes on with or ends the move of a slot, whichever is due. */
  | { readonly kind: "move"; readonly slotId: number; readonly to: number; readonly keys: number }
  /** A slot that is moving turns back. */
  | { readonly kind: "undo"; readonly slotId: number }
  | { readonly kind: "delete" | "create"; readonly slotId: number }
  | { readonly kind: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("move" as const),
      slotId: fc.nat(SLOTS_USED - 1),
      to: fc.integer({ min: 1, max: 3 }),
      keys: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("undo" as const), slotId: fc.nat(SLOTS_USED - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("delete" as const, "create" as const),
      slotId: fc.nat(SLOTS_USED - 1),
    }),
  },
);

function apply(shards: SimulatedShards, change: Step, n: number): void {
  const { table } = shards;
  if (change.kind === "restart") {
    table.restart(10);
    return;
  }
  const { slotId } = change;
  const from = table.migrateFromOfSlot(slotId);
  const owner = table.ownerOf(slotId);
  if (change.kind === "delete") {
    const name = NAMES[slotId]?.[3] ?? "";
    for (const groupId of [owner, from]) if (groupId !== 0) shards.keysOf(groupId).delete(name);
  } else if (change.kind === "create") {
    const name = `{${NAMES[slotId]?.[0]}}:new:${n}`;
    shards.keysOf(owner).add(name);
  } else if (change.kind === "undo") {
    if (from !== 0) table.assign(slotId, slotId, from, owner);
  } else if (change.kind === "move") {
    if (from === 0) {
      if (change.to !== owner) table.assign(slotId, slotId, change.to, owner);
    } else if (shards.moveKeys(slotId, change.keys)) {
      table.assign(slotId, slotId, owner, 0);
    }
  }
}

/**
 * Scans to the end with a step between the calls; returns all names shown and the number of calls.
 */
async function scanThrough(
  shards: SimulatedShards,
  steps: readonly Step[],
  stepsPerCall: number,
  isWithinCalls = false,
): Promise<{ readonly names: ReadonlySet<string>; readonly calls: number }> {
  const env = testEnv(shards);
  const client = testSession();
  const names = new Set<string>();
  const queue = [...steps];
  let cursor = "0";
  let calls = 0;
  const takeSteps = (): void => {
    for (const change of queue.splice(0, stepsPerCall)) apply(shards, change, ++stepCount);
  };
  let stepCount = 0;
  if (isWithinCalls) shards.onCall = takeSteps;
  do {
    const page = readPage(await run(env, client, "scan", cursor));
    for (const name of page.names) names.add(name);
    cursor = page.cursor;
    calls++;
    if (!isWithinCalls) takeSteps();
  } while (cursor !== "0" && calls < CALLS_MAX);
  return { names, calls };
}

/** The names that no step deletes. */
const LASTING = NAMES.flatMap((list) => list.slice(0, 3));

describe("SCAN", () => {
  test("shows every key once and ends when nothing moves", async () => {
    const shards = new SimulatedShards(3);
    const { names } = await scanThrough(shards, [], 0);
    expect([...names].sort()).toEqual(NAMES.flat().sort());
  });

  test(
    "misses no lasting key and ends, whatever moves between its calls",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 80 }),
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          async (steps, stepsPerCall, isWithinCalls) => {
            const shards = new SimulatedShards(3);
            const { names, calls } = await scanThrough(shards, steps, stepsPerCall, isWithinCalls);
            expect(calls).toBeLessThan(CALLS_MAX);
            expect(LASTING.filter((name) => !names.has(name))).toEqual([]);
          },
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    PROPERTY_MS,
  );

  test(
    "misses no lasting key when the scan begins in the middle of moves",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 5, maxLength: 30 }),
          fc.array(step, { maxLength: 60 }),
          async (before, steps) => {
            const shards = new SimulatedShards(3);
            for (const [n, change] of before.entries()) apply(shards, change, -n);
            const { names, calls } = await scanThrough(shards, steps, 1);
            expect(calls).toBeLessThan(CALLS_MAX);
            expect(LASTING.filter((name) => !names.has(name))).toEqual([]);
          },
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    PROPERTY_MS,
  );

  test(
    "looks at all groups again after a restart that forgot the revision of the cursor",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 30 }),
          fc.array(step, { maxLength: 30 }),
          async (before, after) => {
            const shards = new SimulatedShards(3);
            const steps: Step[] = [...before, { kind: "restart" }, ...after];
            const { names, calls } = await scanThrough(shards, steps, 2);
            expect(calls).toBeLessThan(CALLS_MAX);
            expect(LASTING.filter((name) => !names.has(name))).toEqual([]);
          },
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    PROPERTY_MS,
  );

  /**
   * Scans until the cursor stands in the given group; the cursor's group is in its second field.
   */
  async function scanUntilGroup(shards: SimulatedShards, groupId: number): Promise<ScanBegin> {
    const names = new Set<string>();
    let cursor = "0";
    for (let calls = 0; calls < CALLS_MAX; calls++) {
      const page = readPage(await run(testEnv(shards), testSession(), "scan", cursor));
      for (const name of page.names) names.add(name);
      cursor = page.cursor;
      if (unpackCursor(BigInt(cursor), shards.revision).groupId === groupId) break;
    }
    return { cursor, names };
  }

  async function scanFrom(shards: SimulatedShards, begin: ScanBegin): Promise<ReadonlySet<string>> {
    const names = new Set(begin.names);
    let { cursor } = begin;
    for (let calls = 0; cursor !== "0" && calls < CALLS_MAX; calls++) {
      const page = readPage(await run(testEnv(shards), testSession(), "scan", cursor));
      for (const name of page.names) names.add(name);
      cursor = page.cursor;
    }
    return names;
  }

  test("finds a key that a move brought to a group behind the scan and that has to go back", async () => {
    const shards = new SimulatedShards(2);
    // Slot 1 belongs to group 2 and is on its way to group 1 when the scan begins.
    shards.table.assign(1, 1, 1, 2);
    // That was long ago: more changes since then than a short look back would cover.
    for (let n = 0; n < 20; n++) shards.table.assign(1000, 1000, 2);
    const begin = await scanUntilGroup(shards, 2);
    expect(shards.moveKeys(1, 9)).toBe(true);
    shards.table.assign(1, 1, 2, 1);
    const names = await scanFrom(shards, begin);
    expect(NAMES[1]?.filter((name) => !names.has(name))).toEqual([]);
  });

  test("finds a key that moved behind the scan before the proxy was restarted", async () => {
    const shards = new SimulatedShards(2);
    const begin = await scanUntilGroup(shards, 2);
    shards.table.assign(1, 1, 1, 2);
    expect(shards.moveKeys(1, 9)).toBe(true);
    shards.table.assign(1, 1, 1);
    shards.table.restart(10);
    const names = await scanFrom(shards, begin);
    expect(NAMES[1]?.filter((name) => !names.has(name))).toEqual([]);
  });

  test("ends while a slot goes to and fro without pause", async () => {
    const shards = new SimulatedShards(2);
    const toAndFro: Step[] = Array.from({ length: CALLS_MAX * 3 }, (_, n) => ({
      kind: "move",
      slotId: 0,
      to: Math.floor(n / 3) % 2 === 0 ? 2 : 1,
      keys: 9,
    }));
    const { calls } = await scanThrough(shards, toAndFro, 3);
    expect(calls).toBeLessThan(100);
  });

  test("doesn't go round for ever between processes with different tables", async () => {
    const shards = new SimulatedShards(2);
    const env = testEnv(shards);
    const first = readPage(await run(env, testSession(), "scan", "0"));
    expect(first.cursor).not.toBe("0");
    shards.table.restart(10);
    const second = readPage(await run(env, testSession(), "scan", first.cursor));
    if (second.cursor === "0") return;
    shards.table.restart(5);
    const third = await run(env, testSession(), "scan", second.cursor);
    expect(third.toString()).toStartWith("-TRYAGAIN ");
  });

  test(
    "any number is a cursor, and leads to an end",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), async (start) => {
          const shards = new SimulatedShards(3);
          const env = testEnv(shards);
          let cursor = start.toString();
          for (let calls = 0; cursor !== "0"; calls++) {
            expect(calls).toBeLessThan(CALLS_MAX);
            const raw = await run(env, testSession(), "scan", cursor);
            if (raw.toString().startsWith("-TRYAGAIN ")) return;
            cursor = readPage(raw).cursor;
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
    },
    PROPERTY_MS,
  );
});
