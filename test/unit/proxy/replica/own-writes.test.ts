/** What a session remembers of its own writes, and when it may forget it. */
import { expect, test } from "bun:test";
import { OwnWrites } from "../../../../src/proxy/replica/own-writes.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("own-writes");

test("a written slot is the master's until its write was answered and all replicas have what was there then", () => {
  const own = new OwnWrites(1024);
  expect(own.isActive).toBe(false);
  own.add(7, 0);
  // Not answered.
  expect(own.has(7, 0, 10, 5)).toBe(true);
  expect(own.has(8, 0, 10, 5)).toBe(false);
  // Answered at 20 or before; the replicas are older.
  expect(own.has(7, 1, 20, 15)).toBe(true);
  expect(own.has(7, 1, 30, 19)).toBe(true);
  expect(own.has(7, 1, 40, 20)).toBe(false);
  expect(own.isActive).toBe(false);
});

test("later writes don't keep earlier ones alive for ever", () => {
  const own = new OwnWrites(1024);
  let heldUntil = 0;
  own.add(1, 0);
  for (let now = 1; now < 100; now++) {
    own.add(500 + now, now);
    if (own.has(1, now, now, now - 2)) heldUntil = now;
  }
  expect(heldUntil).toBeLessThan(10);
});

test("numbers wrap", () => {
  const own = new OwnWrites(1024);
  own.add(3, 0x7fffffff);
  expect(own.has(3, 0x7fffffff, 1, 0)).toBe(true);
  expect(own.has(3, -0x80000000, 2, 0)).toBe(true);
  expect(own.has(3, -0x80000000, 3, 2)).toBe(false);
});

test("a read may be sent again only while nothing after it may have written to its slot", () => {
  const own = new OwnWrites(1024);
  expect(own.hasAfter(5, 10)).toBe(false);
  own.add(5, 9);
  expect(own.hasAfter(5, 10)).toBe(false);
  own.add(6, 11);
  expect(own.hasAfter(6, 10)).toBe(true);
  expect(own.hasAfter(7, 10)).toBe(false);
  own.addAll(12);
  expect(own.hasAfter(7, 10)).toBe(true);
});

test("no write is forgotten too early, whatever the order of things", () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const own = new OwnWrites(1024);
    let tail = 0;
    let head = 0;
    let floorMs = Number.NEGATIVE_INFINITY;
    /** By slot: number of the last write, and when its answer was there. */
    const writes = new Map<number, { seq: number; answeredMs: number }>();
    for (let now = 1; now < 200; now++) {
      const dice = random.below(10);
      const slot = random.below(6) * 31;
      if (dice < 3) {
        own.add(slot, tail);
        writes.set(slot, { seq: tail, answeredMs: Number.POSITIVE_INFINITY });
        tail++;
      } else if (dice < 6) {
        head = head + random.below(tail - head + 1);
        for (const write of writes.values()) {
          if (write.seq < head) write.answeredMs = Math.min(write.answeredMs, now);
        }
      } else if (dice < 8) {
        floorMs = Math.max(floorMs, now - (1 + random.below(20)));
      } else {
        const write = writes.get(slot);
        const isDue = write !== undefined && write.answeredMs > floorMs;
        if (own.isActive && own.has(slot, head, now, floorMs)) continue;
        expect(isDue).toBe(false);
      }
    }
  }
});
