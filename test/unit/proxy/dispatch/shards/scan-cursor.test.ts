/**
 * The packed cursor: nothing lost in 64 bits, small where it can be, and Redis's own reading of a
 * number.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  packCursor,
  parseCursor,
  revisionsOf,
  unpackCursor,
  WINDOW_ALL,
  WINDOW_FIRST,
  WINDOW_POWER_MAX,
  WINDOW_UNKNOWN,
  windowOver,
} from "../../../../../src/proxy/dispatch/shards/scan-cursor.ts";

const SEED = Number(process.env["TEST_SEED"] ?? 20_261_121);

const place = fc.record({
  groupId: fc.oneof(fc.integer({ min: 1, max: 62 }), fc.integer({ min: 1, max: 9_999 })),
  position: fc.oneof(fc.nat(2 ** 24 - 1), fc.nat(2 ** 30 - 1)),
  age: fc.oneof(fc.nat(10), fc.nat(2 ** 15 - 1)),
  now: fc.integer({ min: 2 ** 15, max: 2 ** 40 }),
  isTail: fc.boolean(),
  window: fc.nat(15),
});

describe("packCursor", () => {
  test("loses nothing in 64 bits, but may widen a window where bits are short", () => {
    fc.assert(
      fc.property(place, ({ age, now, ...at }) => {
        const packed = packCursor({ ...at, startRevision: now - age });
        if (packed === undefined) throw new Error("didn't fit");
        expect(packed).toBeGreaterThan(0n);
        expect(packed >> 64n).toBe(0n);
        const read = unpackCursor(packed, now);
        expect({ ...read, window: 0 }).toEqual({ ...at, startRevision: now - age, window: 0 });
        const isWidened = at.window > 0 && at.window < WINDOW_ALL && read.window === WINDOW_ALL;
        expect(read.window === at.window || isWidened).toBe(true);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  test("stays exact as a double in a first pass over ordinary groups", () => {
    const packed = packCursor({
      groupId: 62,
      position: 2 ** 24 - 1,
      startRevision: 2 ** 20 - 1,
      isTail: false,
      window: WINDOW_FIRST,
    });
    expect(packed).toBeLessThanOrEqual(BigInt(Number.MAX_SAFE_INTEGER));
  });

  test("stays below 2^63 for group ids of Codis and 16 million keys a master, or 4 billion in few groups", () => {
    const rest = { startRevision: 2 ** 20 - 1, isTail: true, window: WINDOW_UNKNOWN };
    expect(packCursor({ groupId: 9_999, position: 2 ** 24 - 1, ...rest })).toBeLessThan(2n ** 63n);
    expect(packCursor({ groupId: 62, position: 2 ** 32 - 1, ...rest })).toBeLessThan(2n ** 63n);
  });

  test("says when a position doesn't fit", () => {
    const rest = { startRevision: 1, isTail: false, window: WINDOW_FIRST };
    expect(packCursor({ groupId: 1, position: 2 ** 32, ...rest })).toBeUndefined();
    expect(packCursor({ groupId: 70, position: 2 ** 30, ...rest })).toBeUndefined();
  });
});

test("a revision of the future is unknown", () => {
  const at = { groupId: 1, position: 5, isTail: false, window: WINDOW_FIRST };
  const packed = packCursor({ ...at, startRevision: 900 }) as bigint;
  expect(unpackCursor(packed, 900).startRevision).toBe(900);
  expect(unpackCursor(packed, 12).startRevision).toBeUndefined();
});

test("every number of 64 bits can be read", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (cursor) => {
      const read = unpackCursor(cursor, 1_000);
      expect(read.groupId).toBeGreaterThanOrEqual(0);
      expect(read.position).toBeGreaterThanOrEqual(0);
    }),
    { seed: SEED },
  );
});

test("a window covers at least the revisions asked for", () => {
  for (let revisions = 1; revisions < 20_000; revisions += 7) {
    const window = windowOver(revisions);
    if (window === WINDOW_ALL) expect(revisions).toBeGreaterThan(2 ** WINDOW_POWER_MAX);
    else expect(revisionsOf(window)).toBeGreaterThanOrEqual(revisions);
  }
});

describe("parseCursor", () => {
  test("reads what strtoul reads", () => {
    const read = (text: string): bigint | undefined => parseCursor(Buffer.from(text));
    expect(read("0")).toBe(0n);
    expect(read("")).toBe(0n);
    expect(read("+12")).toBe(12n);
    expect(read("-1")).toBe(2n ** 64n - 1n);
    expect(read("18446744073709551615")).toBe(2n ** 64n - 1n);
  });

  test("refuses what Redis refuses", () => {
    for (const text of ["18446744073709551616", " 1", "1 ", "1x", "x", "-", "x\0"]) {
      expect(parseCursor(Buffer.from(text))).toBeUndefined();
    }
  });
});
