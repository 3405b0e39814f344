/** The speed limit that all movers share: exact in the long run, smooth, fair, and changed at once. */
import { describe, expect, test } from "bun:test";
import { SharedPace } from "../../../src/dashboard/operation/pace.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const NO_LIMIT = { keysPerSecond: 0, bytesPerSecond: 0 };

function paceOf(keysPerSecond: number, bytesPerSecond = 0, intervalUs = 0) {
  const clock = new FakeClock();
  const pace = new SharedPace(clock);
  pace.set({ speed: { keysPerSecond, bytesPerSecond }, intervalUs, isStopped: false });
  return { clock, pace };
}

/** Movers that ask for batches of these sizes as soon as they may; keys that each got within so long. */
function run(
  { clock, pace }: ReturnType<typeof paceOf>,
  batches: readonly number[],
  ms: number,
): { readonly got: readonly number[]; readonly grants: readonly { atMs: number; keys: number }[] } {
  const got = batches.map(() => 0);
  const grants: { atMs: number; keys: number }[] = [];
  const endMs = clock.monotonicMs() + ms;
  const ask = (at: number): void => {
    const keys = batches[at] ?? 0;
    const waitMs = pace.take(keys, keys * 100);
    if (waitMs === 0 && clock.monotonicMs() < endMs) {
      got[at] = (got[at] ?? 0) + keys;
      grants.push({ atMs: clock.monotonicMs(), keys });
    }
    // A batch itself takes a millisecond, and timers are a little late.
    clock.after(Math.min(waitMs, 100) + 1, () => ask(at));
  };
  for (const at of batches.keys()) {
    ask(at);
  }
  clock.advance(ms);
  return { got, grants };
}

describe("the pace", () => {
  test("is unlimited with no speed, and nothing while it is stopped", () => {
    const { pace } = paceOf(0);
    expect([1, 2, 3].map(() => pace.take(1e6, 1e9))).toEqual([0, 0, 0]);
    pace.set({ speed: NO_LIMIT, intervalUs: 0, isStopped: true });
    expect(pace.take(1, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(new SharedPace(new FakeClock()).take(1, 1)).toBe(Number.POSITIVE_INFINITY);
  });

  for (const [keys, bytes, expected] of [
    [10_000, 0, 10_000],
    [100, 0, 100],
    [0, 500_000, 5_000],
    [10_000, 200_000, 2_000],
  ] as const) {
    test(`keeps to ${keys} keys and ${bytes} bytes a second`, () => {
      const { got } = run(paceOf(keys, bytes), [50], 10_000);
      expect(Math.abs((got[0] ?? 0) / 10 - expected)).toBeLessThan(expected * 0.02 + 10);
    });
  }

  test("is smooth: no window of 100 ms has more than its share, 50 ms and a batch", () => {
    const { grants } = run(paceOf(10_000), [40, 40], 5_000);
    for (const { atMs } of grants) {
      const inWindow = grants.filter((one) => one.atMs >= atMs && one.atMs < atMs + 100);
      const sum = inWindow.reduce((all, { keys }) => all + keys, 0);
      expect(sum).toBeLessThanOrEqual(1_000 + 500 + 2 * 40);
    }
  });

  test("is fair to movers with large and small batches", () => {
    const { got } = run(paceOf(20_000), [200, 200, 200, 200], 10_000);
    const mean = got.reduce((sum, keys) => sum + keys, 0) / got.length;
    for (const keys of got) {
      expect(Math.abs(keys - mean) / mean).toBeLessThan(0.15);
    }
    // Nobody starves beside others whose batches are smaller.
    const mixed = run(paceOf(20_000), [10, 400], 10_000).got;
    expect(mixed[1] ?? 0).toBeGreaterThan(20_000);
  });

  test("follows a change of speed at once", () => {
    const made = paceOf(100);
    const { clock, pace } = made;
    expect(pace.take(1_000, 0)).toBe(0);
    expect(pace.take(1, 0)).toBeCloseTo(10_000, -2);
    pace.set({
      speed: { keysPerSecond: 100_000, bytesPerSecond: 0 },
      intervalUs: 0,
      isStopped: false,
    });
    expect(pace.take(1, 0)).toBeLessThan(11);
    clock.advance(11);
    expect(pace.take(100, 0)).toBe(0);
    pace.set({ speed: { keysPerSecond: 10, bytesPerSecond: 0 }, intervalUs: 0, isStopped: false });
    const { got } = run(made, [1], 10_000);
    expect(got[0] ?? 0).toBeLessThanOrEqual(102);
    pace.set({ speed: NO_LIMIT, intervalUs: 0, isStopped: false });
    expect(pace.take(1e6, 1e9)).toBe(0);
  });

  test("a limit after none doesn't ask for what went before", () => {
    const { pace } = paceOf(0);
    pace.take(1e9, 1e12);
    pace.set({ speed: { keysPerSecond: 10, bytesPerSecond: 10 }, intervalUs: 0, isStopped: false });
    expect(pace.take(1, 1)).toBe(0);
  });

  test("rests between two batches as the old API says", () => {
    const { clock, pace } = paceOf(0, 0, 20_000);
    expect(pace.take(1, 1)).toBe(0);
    expect(pace.take(1, 1)).toBe(20);
    clock.advance(20);
    expect(pace.take(1, 1)).toBe(0);
  });
});
