/**
 * How fast and how much at once: speed limit, batches that fit the bound for a stall, the queue before the lanes,
 * steps of SCAN, big keys.
 */
import { describe, expect, test } from "bun:test";
import { BatchBudget } from "../../../../src/dashboard/migration/mover/batch-budget.ts";
import { BigKeys, NEVER_STALL_MS } from "../../../../src/dashboard/migration/mover/big-keys.ts";
import { FoundKey } from "../../../../src/dashboard/migration/mover/found-key.ts";
import { KeyQueue } from "../../../../src/dashboard/migration/mover/key-queue.ts";
import { Pacer } from "../../../../src/dashboard/migration/mover/pacer.ts";
import { ScanStride } from "../../../../src/dashboard/migration/mover/scan-stride.ts";
import { UnderWay } from "../../../../src/dashboard/migration/mover/under-way.ts";
import type { BigKeyRule } from "../../../../src/model/operation/plan.ts";
import { bulkValue, encodeReply } from "../../../../src/resp/encode.ts";

function sizedKey(name: string, slotId = 1, workUs = 10, bytes = 100): FoundKey {
  const frame = encodeReply(bulkValue(Buffer.from(name)), 2);
  const key = new FoundKey(frame, 0, frame.indexOf("\n") + 1, frame.length, slotId);
  key.workUs = workUs;
  key.bytes = bytes;
  return key;
}

describe("the speed limit", () => {
  test("at full speed batches have any size", () => {
    const pacer = new Pacer({ take: () => 0 });
    expect(pacer.ask(1_000, 1)).toBe(0);
    expect(pacer.keysMax).toBe(Number.POSITIVE_INFINITY);
  });

  test("at 10,000 keys a second batches come every 2 ms, at slow speeds every 50", () => {
    for (const [perSecond, keysMax] of [
      [10_000, 20],
      [200, 10],
      [5, 1],
    ] as const) {
      let nowMs = 0;
      let isDenied = true;
      const pacer = new Pacer({ take: () => (isDenied ? 3 : 0) }, () => nowMs);
      for (nowMs = 0; nowMs < 2_000; nowMs += 1_000 / Math.min(perSecond, 1_000)) {
        isDenied = true;
        expect(pacer.ask(1, 1)).toBe(3);
        isDenied = false;
        pacer.ask(perSecond / Math.min(perSecond, 1_000), 1);
      }
      expect(Math.abs(pacer.keysMax - keysMax)).toBeLessThanOrEqual(1);
      nowMs += 1_001;
      expect(pacer.isLimited).toBe(false);
    }
  });

  test("paused it asks again after PACE_ASK_MS", () => {
    const pacer = new Pacer({ take: () => Number.POSITIVE_INFINITY });
    expect(pacer.ask(1, 1)).toBe(100);
    expect(pacer.keysMax).toBe(1);
  });
});

describe("a batch", () => {
  test("gets smaller when batches take long, but not by a single one, and larger slowly", () => {
    const budget = new BatchBudget();
    const start = budget.workUsMax(5);
    budget.learn(100, 20);
    expect(budget.workUsMax(5)).toBeGreaterThan(start * 0.8);
    for (let round = 0; round < 10; round += 1) {
      budget.learn(100, 20);
    }
    const relieved = budget.workUsMax(5);
    expect(relieved).toBeLessThan(start / 4);
    budget.learn(100, 0.16);
    expect(budget.workUsMax(5)).toBeLessThan(relieved * 1.2);
    for (let round = 0; round < 200; round += 1) {
      budget.learn(1_000, 1.06);
    }
    // One of them takes three fifths of the bound, and that is what it is said to take.
    const workUs = budget.workUsMax(5);
    expect(workUs).toBeGreaterThan(2_750);
    expect(workUs).toBeLessThan(3_050);
    expect(budget.usualMs(workUs)).toBeCloseTo(3, 5);
  });

  test("has at least one key, ends before its work is too much, and leaves out what isn't wanted", () => {
    const queue = new KeyQueue();
    queue.push([sizedKey("a", 1, 500), sizedKey("b", 2), sizedKey("c", 1), sizedKey("d", 1)]);
    const isWanted = (slotId: number): boolean => slotId === 1;
    const names = (batch: ReturnType<KeyQueue["take"]>): string[] | undefined =>
      batch?.keys.map(({ key }) => key.toString());
    expect(names(queue.take(10, 100, isWanted))).toEqual(["a"]);
    expect(names(queue.take(1, 100, isWanted))).toEqual(["c"]);
    const last = queue.take(10, 100, isWanted);
    expect(names(last)).toEqual(["d"]);
    expect(last).toMatchObject({ bytes: 100, workUs: 10 });
    expect(queue.take(10, 100, isWanted)).toBeUndefined();
  });

  test("the queue is full at some size, and tells when there is room, keys, or the end", async () => {
    const queue = new KeyQueue();
    queue.push(Array.from({ length: 5_000 }, (_, index) => sizedKey(`${index}`)));
    let hasRoom = false;
    const room = queue.room().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    queue.take(2_000, Number.POSITIVE_INFINITY, () => true);
    await room;
    expect(await queue.hasKeys()).toBe(true);
    queue.drop();
    expect(await queue.hasKeys()).toBe(false);
    queue.push([sizedKey("late")]);
    expect(await queue.hasKeys()).toBe(false);
  });
});

test("steps of SCAN fit the bound for a stall, and the source rests between them", () => {
  const stride = new ScanStride();
  const countFor = (maxStallMs: number, isSlow: boolean, keys = Number.POSITIVE_INFINITY): number =>
    stride.countFor({ maxStallMs, isSlow, isAlone: false, keys });
  expect(countFor(5, false)).toBe(250);
  stride.learn(500, 0.25);
  expect(countFor(5, false)).toBe(1_000);
  expect(countFor(50, false)).toBe(4_000);
  expect(countFor(0.001, false)).toBe(50);
  expect(countFor(5, true)).toBe(300);
  // With nothing to move there is no other stall beside it.
  const alone = { maxStallMs: 5, isAlone: true, keys: Number.POSITIVE_INFINITY };
  expect(stride.countFor({ ...alone, isSlow: false })).toBe(3_000);
  expect(stride.countFor({ ...alone, isSlow: true })).toBe(300);
  // No more than is of use: with half of the keys wanted, twice as many.
  expect(countFor(5, false, 300)).toBe(300);
  for (let page = 0; page < 30; page += 1) {
    stride.noteFound(1_000, 500);
  }
  expect(countFor(5, false, 300)).toBe(599);
  stride.noteFound(0, 0);
  for (let page = 0; page < 30; page += 1) {
    stride.noteFound(1_000, 0);
  }
  expect(countFor(5, false, 300)).toBe(1_000);
  expect(stride.restMs(1, false)).toBe(0);
  expect(stride.restMs(30, false)).toBeCloseTo(3.1);
  expect(stride.restMs(1, true)).toBeCloseTo(3);
  stride.learn(500, 100);
  expect(countFor(5, false)).toBeGreaterThan(900);
  for (let round = 0; round < 100; round += 1) {
    stride.learn(500, 2);
  }
  expect(countFor(5, false)).toBe(125);
});

describe("keys that stall for too long", () => {
  function decide(rule: BigKeyRule, workUs: number): [string, BigKeys] {
    const big = new BigKeys();
    return [big.decide(0, sizedKey("big", 7, workUs), rule), big];
  }

  test("move: at once; last: when no other key of the slot was met; refuse: never", () => {
    expect(decide("move", 50_000)[0]).toBe("now");
    const [decision, big] = decide("last", 50_000);
    expect(decision).toBe("later");
    expect(big.readyAtEnd()).toHaveLength(1);
    big.noteSmall(7);
    expect(big.readyAtEnd()).toHaveLength(0);
    const [refused, stays] = decide("refuse", 50_000);
    expect(refused).toBe("never");
    expect(stays.trouble?.code).toBe("big_key");
    expect(stays.trouble?.text).toMatch(/^key "big" of database 0 \(slot 7, .*about 50 ms; /);
  });

  test("a stall near the failure detectors' bound: never, whatever the rule", () => {
    for (const rule of ["move", "last", "refuse"] as const) {
      const [decision, big] = decide(rule, NEVER_STALL_MS * 1_000 + 1);
      expect(decision).toBe("never");
      expect(big.trouble?.text).toContain("about 15000 ms");
    }
  });
});

test("a slot is under way while any batch of it is, and after one of unknown end", async () => {
  const underWay = new UnderWay();
  const ofOne = [sizedKey("a", 1), sizedKey("b", 2), sizedKey("c", 2)];
  const ofOther = [sizedKey("d", 2)];
  underWay.begin(ofOne);
  underWay.begin(ofOther);
  underWay.end(ofOne, true);
  expect([underWay.has(1), underWay.has(2), underWay.batches]).toEqual([false, true, 1]);
  const { changed } = underWay;
  underWay.end(ofOther, false);
  await changed;
  expect([underWay.has(2), underWay.hasUncertain, underWay.batches]).toEqual([true, true, 0]);
  underWay.clearUncertain();
  expect(underWay.has(2)).toBe(false);
});
