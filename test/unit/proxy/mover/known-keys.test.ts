/** Keys that are known to have left their source: told apart by slot, database and bytes, bounded, forgotten. */
import { expect, test } from "bun:test";
import { KnownKeys, keyIdOf } from "../../../../src/proxy/mover/known-keys.ts";

test("a key is told apart from others by its database and every byte of its name", () => {
  const ids = [
    keyIdOf(0, Buffer.from("a")),
    keyIdOf(1, Buffer.from("a")),
    keyIdOf(0, Buffer.from([0xff])),
    keyIdOf(0, Buffer.from([0xfe])),
    keyIdOf(0, Buffer.from("")),
    keyIdOf(0, Buffer.from("ÿ")),
    keyIdOf(11, Buffer.from("")),
    keyIdOf(1, Buffer.from("1:")),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test("what was added last is known, and no more than two generations are", () => {
  const known = new KnownKeys(10);
  const [a, b] = [known.open(), known.open()];
  for (let i = 0; i < 1_000; i++) {
    const slot = i % 2 === 0 ? a : b;
    known.add(slot, `0:${i}`);
    for (let back = 0; back < 9 && i - back >= 0; back++) {
      expect(known.has((i - back) % 2 === 0 ? a : b, `0:${i - back}`)).toBe(true);
    }
  }
  const sizes = [a, b].map((slot) => slot.newer.size + slot.older.size);
  expect((sizes[0] ?? 0) + (sizes[1] ?? 0)).toBeLessThanOrEqual(20);
  expect(known.has(a, "0:1")).toBe(false);
});

test("a slot that ends forgets its keys and takes no more", () => {
  const known = new KnownKeys();
  const slot = known.open();
  known.add(slot, "0:a");
  expect(known.has(slot, "0:a")).toBe(true);
  known.close(slot);
  known.add(slot, "0:b");
  expect([known.has(slot, "0:a"), known.has(slot, "0:b")]).toEqual([false, false]);
});
