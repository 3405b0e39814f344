/** The queue of wanted keys: each once, in batches of one database and bounded size, without what nobody wants. */
import { expect, test } from "bun:test";
import type { KeyMover } from "../../../../src/proxy/mover/key-mover.ts";
import { KnownKeys, keyIdOf } from "../../../../src/proxy/mover/known-keys.ts";
import { MovingSlot } from "../../../../src/proxy/mover/moving-slot.ts";
import { KeyQueue, type KeyWaiter } from "../../../../src/proxy/mover/wanted-key.ts";

const known = new KnownKeys();
/** The queue never asks the mover for anything. */
const NO_MOVER = {} as KeyMover;

function slotOf(id: number): MovingSlot {
  return new MovingSlot(id, NO_MOVER, known);
}

function waiter(isWaiting = true): KeyWaiter & { isWaiting: boolean } {
  return {
    isWaiting,
    onKeySure: () => undefined,
    onKeyRefused: () => undefined,
    onKeyFailed: () => undefined,
  };
}

function want(queue: KeyQueue, slot: MovingSlot, name: string, db = 0, by = waiter()): KeyWaiter {
  const bytes = Buffer.from(name);
  queue.want(slot, db, bytes, keyIdOf(db, bytes), by);
  return by;
}

function namesOf(queue: KeyQueue, nowMs = 0): readonly string[] {
  return queue.next(nowMs).map((key) => `${key.db}:${key.name}`);
}

test("a key that several want goes once, and all of them hear of it", () => {
  const queue = new KeyQueue();
  const slot = slotOf(1);
  const waiters = [want(queue, slot, "a"), want(queue, slot, "a")];
  want(queue, slot, "b");
  const [first] = queue.next(0);
  expect(first?.waiters).toEqual(waiters);
  expect(namesOf(queue)).toEqual(["0:a", "0:b"]);
  expect(queue.size).toBe(2);
});

test("a batch has keys of one database, the oldest first", () => {
  const queue = new KeyQueue();
  const slot = slotOf(1);
  for (const [name, db] of [
    ["a", 3],
    ["b", 0],
    ["c", 3],
    ["d", 0],
  ] as const)
    want(queue, slot, name, db);
  const batch = queue.next(0);
  expect(batch.map((key) => `${key.db}:${key.name}`)).toEqual(["3:a", "3:c"]);
  for (const key of batch) queue.remove(key);
  expect(namesOf(queue)).toEqual(["0:b", "0:d"]);
});

test("a batch is bounded in keys and in bytes of names", () => {
  const queue = new KeyQueue();
  const slot = slotOf(1);
  for (let i = 0; i < 300; i++) want(queue, slot, `key:${i}`);
  expect(queue.next(0).length).toBe(128);
  const large = new KeyQueue();
  for (let i = 0; i < 10; i++) want(large, slot, `${i}`.padEnd(40_000, "x"));
  expect(large.next(0).length).toBe(2);
});

test("keys that nobody waits for, or of a slot that moves no more, don't go", () => {
  const queue = new KeyQueue();
  const [slot, ended] = [slotOf(1), slotOf(2)];
  want(queue, slot, "a", 0, waiter(false));
  want(queue, ended, "b");
  want(queue, slot, "c");
  ended.end();
  expect(namesOf(queue)).toEqual(["0:c"]);
  expect(queue.size).toBe(1);
  want(queue, slot, "d", 0, waiter(false));
  queue.prune();
  expect(queue.size).toBe(1);
});

test("a key of an earlier move of its slot isn't the same key", () => {
  const queue = new KeyQueue();
  const [earlier, later] = [slotOf(1), slotOf(1)];
  want(queue, earlier, "a");
  const [old] = queue.next(0);
  earlier.end();
  const by = want(queue, later, "a");
  expect(queue.next(0).map((key) => [key.slot, key.waiters])).toEqual([[later, [by]]]);
  if (old !== undefined) queue.remove(old);
  expect(queue.size).toBe(1);
});

test("a key that failed in company goes alone; one that rests lets the others pass", () => {
  const queue = new KeyQueue();
  const slot = slotOf(1);
  for (const name of ["a", "b", "c"]) want(queue, slot, name);
  const [first, second] = queue.next(0);
  if (first === undefined || second === undefined) throw new Error("there are three keys");
  first.isAlone = true;
  queue.postpone(first, 100);
  expect(namesOf(queue, 50)).toEqual(["0:b", "0:c"]);
  expect(namesOf(queue, 100)).toEqual(["0:b", "0:c"]);
  for (const key of queue.next(100)) queue.remove(key);
  expect(namesOf(queue, 50)).toEqual([]);
  expect(namesOf(queue, 100)).toEqual(["0:a"]);
});
