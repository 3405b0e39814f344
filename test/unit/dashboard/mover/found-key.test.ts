/**
 * Keys and sizes as they come in masses: keys of a page as arguments of other commands, names that come twice,
 * numbers in any pieces, what has moved told by slot.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FoundKey } from "../../../../src/dashboard/migration/mover/found-key.ts";
import {
  encodeForFound,
  encodeWithFound,
  keyCommand,
  visitScanPage,
} from "../../../../src/dashboard/migration/mover/frame.ts";
import { IntegerReplies } from "../../../../src/dashboard/migration/mover/integer-replies.ts";
import { MovedTally } from "../../../../src/dashboard/migration/mover/moved-tally.ts";
import { RecentNames } from "../../../../src/dashboard/migration/mover/recent-names.ts";
import { arrayValue, bulkValue, encodeCommand, encodeReply } from "../../../../src/resp/encode.ts";

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

/** As a search finds them. */
function findAll(names: readonly Buffer[], slotId = 1): FoundKey[] {
  const page = arrayValue([bulkValue("0"), arrayValue(names.map(bulkValue))]);
  const raw = encodeReply(page, 2);
  const found: FoundKey[] = [];
  const cursor = visitScanPage(raw, (frameStart, start, _end, frameEnd) => {
    found.push(new FoundKey(raw, frameStart, start, frameEnd, slotId));
  });
  expect(cursor).toBe("0");
  return found;
}

test("a found key has its name, and is an argument as it stands in the page", () => {
  fc.assert(
    fc.property(fc.array(bytes), (names) => {
      const found = findAll(names);
      expect(found.map(({ key }) => key)).toEqual(names);
      const sizing = names.map((name) => encodeCommand(["MEMORY", "USAGE", name]));
      expect(encodeForFound(keyCommand("MEMORY", "USAGE"), found)).toEqual(Buffer.concat(sizing));
      const after = encodeCommand(["PING"]);
      expect(encodeWithFound(["DEL", "first"], found, after)).toEqual(
        Buffer.concat([encodeCommand(["DEL", "first", ...names]), after]),
      );
    }),
  );
});

describe("names that come twice", () => {
  test("are known again, others aren't", () => {
    const [one, other, oneAgain] = findAll(["a", "b", "a"].map((name) => Buffer.from(name)));
    const names = new RecentNames();
    if (one === undefined || other === undefined || oneAgain === undefined) {
      throw new Error("three keys were found");
    }
    expect(names.note(one, 7)).toBe(true);
    expect(names.note(other, 7)).toBe(true);
    expect(names.note(oneAgain, 7)).toBe(false);
    expect(names.note(other, 7)).toBe(false);
  });

  test("a newer name takes the place of an old one", () => {
    const [one, other, third] = findAll(["a", "b", "c"].map((name) => Buffer.from(name)));
    const names = new RecentNames();
    if (one === undefined || other === undefined || third === undefined) {
      throw new Error("three keys were found");
    }
    expect([one, other, third].map((key) => names.note(key, 7))).toEqual([true, true, true]);
    expect(names.note(one, 7)).toBe(true);
    expect(names.note(third, 7)).toBe(false);
  });
});

describe("numbers in masses", () => {
  const answer = fc.oneof(
    { weight: 5, arbitrary: fc.nat() },
    fc.constant(Number.NaN),
    fc.maxSafeInteger(),
  );
  const encode = (value: number): string => (Number.isNaN(value) ? "$-1\r\n" : `:${value}\r\n`);

  test("are read where they are whole, the rest is taken as it comes", () => {
    fc.assert(
      fc.property(fc.array(answer), fc.nat(), (values, cut) => {
        const replies = new IntegerReplies(values.length);
        const all = Buffer.from(values.map(encode).join(""));
        const first = all.subarray(0, cut % (all.length + 1));
        let at = replies.read(first, 0);
        while (!replies.isComplete) {
          // What the link does: one reply is put together, then the fast way goes on.
          const end = all.indexOf("\n", at) + 1;
          replies.take(all.subarray(at, end));
          at = replies.read(all, end);
        }
        expect(at).toBe(all.length);
        expect([...replies.values]).toEqual(values.map((value) => value + 0));
        expect(replies.odd).toBeUndefined();
      }),
    );
  });

  test("an error is kept, and what follows is read", () => {
    const replies = new IntegerReplies(3);
    const all = Buffer.from(":1\r\n-NOPERM no\r\n:3\r\n");
    expect(replies.read(all, 0)).toBe(4);
    replies.take(all.subarray(4, 16));
    expect(replies.read(all, 16)).toBe(all.length);
    expect([...replies.values]).toEqual([1, Number.NaN, 3]);
    expect(replies.odd?.toString()).toBe("-NOPERM no\r\n");
  });

  test("more replies than were asked for are left alone", () => {
    const replies = new IntegerReplies(1);
    expect(replies.read(Buffer.from(":1\r\n:2\r\n"), 0)).toBe(4);
    expect(replies.isComplete).toBe(true);
  });
});

test("what has moved is told by slot, some times a second and on demand", () => {
  const told: (readonly [slotId: number, keys: number, bytes: number])[] = [];
  let nowMs = 0;
  const tally = new MovedTally(
    (...line) => told.push(line),
    () => nowMs,
  );
  const keysOf = (slotId: number, count: number): FoundKey[] =>
    findAll(
      Array.from({ length: count }, () => Buffer.from("k")),
      slotId,
    ).map((key) => {
      key.bytes = 10;
      return key;
    });
  tally.add(keysOf(3, 2));
  expect(told.splice(0)).toEqual([[3, 2, 20]]);
  tally.add([...keysOf(3, 1), ...keysOf(4, 1)]);
  tally.add(keysOf(3, 1));
  expect(told).toEqual([]);
  nowMs = 100;
  tally.add(keysOf(5, 1));
  expect(told.splice(0)).toEqual([
    [3, 2, 20],
    [4, 1, 10],
    [5, 1, 10],
  ]);
  tally.add(keysOf(4, 1));
  tally.flush();
  tally.flush();
  expect(told).toEqual([[4, 1, 10]]);
});
