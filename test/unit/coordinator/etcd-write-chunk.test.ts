/**
 * How writes are cut into transactions: in order, complete, within the limits of a server, and no path twice
 * in one.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ABSENT, ANY, type NodeWrite } from "../../../src/coordinator/coordinator.ts";
import {
  conditionsOf,
  conflictOf,
  cutIntoChunks,
  stepsOf,
} from "../../../src/coordinator/etcd/write-chunk.ts";

const TXN_OPERATIONS_MAX = 128;
const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;

describe("cutIntoChunks", () => {
  test("any batch: the same writes in the same order, each chunk one possible transaction", () => {
    const write = fc.record({
      path: fc.integer({ min: 0, max: 300 }).map((index) => `/a/n${index}`),
      data: fc.option(
        fc.integer({ min: 0, max: 400_000 }).map((length) => "x".repeat(length)),
        { nil: undefined },
      ),
      expected: fc.constantFrom(ANY, "7"),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 400 }), (writes: readonly NodeWrite[]) => {
        const chunks = cutIntoChunks(writes);
        expect(chunks.flat()).toEqual([...writes]);
        for (const chunk of chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          // A fence adds two conditions and one step.
          expect(chunk.length + 2).toBeLessThanOrEqual(TXN_OPERATIONS_MAX);
          expect(new Set(chunk.map((one) => one.path)).size).toBe(chunk.length);
          const bytes = chunk.reduce((sum, one) => sum + (one.data?.length ?? 0), 0);
          expect(bytes).toBeLessThan(REQUEST_BYTES_MAX);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("a single write goes alone, however large", () => {
    const large = { path: "/l", data: "x".repeat(1_000_000), expected: ANY };
    const small = { path: "/s", data: "x", expected: ANY };
    expect(cutIntoChunks([small, large, small])).toEqual([[small], [large], [small]]);
    expect(cutIntoChunks([])).toEqual([]);
  });
});

describe("conditions and conflicts", () => {
  const write = (expected: string): NodeWrite => ({ path: "/x", data: "1", expected });

  test("ANY has no condition, ABSENT and a version have one", () => {
    expect(conditionsOf([write(ANY)])).toEqual([]);
    const [absent] = conditionsOf([write(ABSENT)]);
    expect(absent).toMatchObject({ target: "MOD", result: "EQUAL", mod_revision: "0" });
    const [version] = conditionsOf([write("12")]);
    expect(version).toMatchObject({ mod_revision: "12" });
    expect(stepsOf([write(ANY)]).length).toBe(1);
  });

  test("a version of another store, or one that means absence, never fits", () => {
    for (const expected of ["0", "", "-1", "1e3", "x", "007", "12345678901234567890"]) {
      expect(() => conditionsOf([write(expected)])).toThrow("isn't one of etcd");
    }
  });

  test("the error names the first node that isn't as expected", () => {
    const node = { path: "/b", data: "", createRevision: "3", modRevision: "9", lease: "0" };
    const chunk: readonly NodeWrite[] = [
      { path: "/a", data: "1", expected: ABSENT },
      { path: "/b", data: "1", expected: "8" },
      { path: "/c", data: "1", expected: ANY },
    ];
    const error = conflictOf(chunk, new Map([["/b", node]]));
    expect(error.code).toBe("COORDINATOR_CONFLICT");
    expect(error.message).toContain("/b was changed by somebody else: expected version 8, found 9");
  });
});
