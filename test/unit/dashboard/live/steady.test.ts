/** Views whose figures are steadied: parts at once, figures at times, and not for what nobody would see. */
import { describe, expect, test } from "bun:test";
import { Steady } from "../../../../src/dashboard/live/steady.ts";

interface View {
  readonly role: string;
  readonly ops: number | null;
  readonly memory: number;
}

const FIGURES = { ops: undefined, memory: { absolute: 10, relative: 0.1 } } as const;

function holder() {
  const steady = new Steady();
  return (nowMs: number, view: View, key = "a") => {
    const held = steady.hold(key, view, { figures: FIGURES, periodMs: 5000, nowMs });
    steady.sweep();
    return held;
  };
}

describe("a view", () => {
  test("that hasn't changed is the same object", () => {
    const hold = holder();
    const first = hold(0, { role: "master", ops: 5, memory: 1000 });
    expect(hold(9000, { role: "master", ops: 5, memory: 1000 })).toBe(first);
  });

  test("has its figures every few seconds, the first change at once", () => {
    const hold = holder();
    hold(0, { role: "master", ops: 5, memory: 1000 });
    expect(hold(6000, { role: "master", ops: 7, memory: 1000 }).ops).toBe(7);
    expect(hold(7000, { role: "master", ops: 8, memory: 1000 }).ops).toBe(7);
    expect(hold(10_999, { role: "master", ops: 9, memory: 1000 }).ops).toBe(7);
    expect(hold(11_000, { role: "master", ops: 9, memory: 1000 }).ops).toBe(9);
  });

  test("has everything else at once, with the figures of before", () => {
    const hold = holder();
    hold(0, { role: "replica", ops: 5, memory: 1000 });
    expect(hold(1, { role: "master", ops: 6, memory: 9000 })).toEqual({
      role: "master",
      ops: 5,
      memory: 1000,
    });
  });

  test("doesn't move within the tolerance, but tells an end", () => {
    const hold = holder();
    hold(0, { role: "master", ops: null, memory: 1000 });
    expect(hold(9000, { role: "master", ops: null, memory: 1100 }).memory).toBe(1000);
    expect(hold(9001, { role: "master", ops: null, memory: 1101 }).memory).toBe(1101);
    expect(hold(99_000, { role: "master", ops: null, memory: 0 }).memory).toBe(0);
    expect(hold(199_000, { role: "master", ops: 1, memory: 9 })).toMatchObject({
      ops: 1,
      memory: 0,
    });
  });

  test("is forgotten when it isn't asked for any more", () => {
    const hold = holder();
    hold(0, { role: "master", ops: 5, memory: 1000 });
    hold(1, { role: "master", ops: 5, memory: 1000 }, "b");
    expect(hold(2, { role: "master", ops: 6, memory: 1000 }).ops).toBe(6);
  });
});
