/**
 * Operations in the console: shares and controls, the honesty of the expected time (gate U6) over traces with
 * unequal keys and uneven speed, the watch for stuck ones, and advices for the real reasons.
 */
import { describe, expect, test } from "bun:test";
import type { V1OperationSummary } from "../../../src/api/v1-operation-schema.ts";
import { EtaWatch } from "../../../web/src/screens/operations/eta-range.ts";
import {
  controlsOf,
  newestFirst,
  sharesOf,
} from "../../../web/src/screens/operations/operation-progress.ts";
import { STUCK_AFTER_MS, StallWatch } from "../../../web/src/screens/operations/stall-watch.ts";

function operation(
  parts: Partial<Omit<V1OperationSummary, "progress">>,
  progress: Partial<V1OperationSummary["progress"]> = {},
): V1OperationSummary {
  return {
    id: "op-1",
    origin: "plan",
    strategy: "slots",
    plan_id: "p-1-1",
    state: "running",
    reason: null,
    reason_code: null,
    self_paused: false,
    big_key: "move",
    rollback: false,
    speed: { keys_per_second: 0, bytes_per_second: 0, p99_guard_ms: 0 },
    speed_in_force: { keys_per_second: 0, bytes_per_second: 0, slowed: false, reason: null },
    created_at: "2026-01-01T00:00:00.000Z",
    started_at: null,
    ended_at: null,
    ...parts,
    progress: {
      slots_total: 10,
      slots_pending: 10,
      slots_moving: 0,
      slots_done: 0,
      keys_moved: 0,
      keys_on_access: 0,
      bytes_moved: 0,
      keys_total: 0,
      bytes_total: 0,
      keys_per_second: 0,
      bytes_per_second: 0,
      eta_ms: null,
      longest_stall_ms: 0,
      longest_hold_ms: 0,
      retries: 0,
      stale_keys: 0,
      ...progress,
    },
  };
}

describe("shares", () => {
  test("by keys and by bytes, never all before the end", () => {
    const half = { keys_moved: 50, keys_total: 100, bytes_moved: 10, bytes_total: 100 };
    expect(sharesOf(operation({}, half))).toEqual({ keys: 0.5, bytes: 0.1, slots: 0 });
    expect(sharesOf(operation({}, { keys_moved: 5, keys_total: 5 })).keys).toBeLessThan(1);
    expect(sharesOf(operation({}, { slots_done: 10 })).keys).toBe(1);
    expect(sharesOf(operation({ state: "done" })).bytes).toBe(1);
  });

  test("what was cancelled isn't done, though every slot of it is at its end", () => {
    const ended = {
      slots_done: 10,
      keys_moved: 0,
      keys_total: 100,
      bytes_moved: 0,
      bytes_total: 0,
    };
    const shares = sharesOf(operation({ state: "cancelled" }, ended));
    expect(shares).toEqual({ keys: 0, bytes: 0, slots: 0 });
  });

  test("empty slots count by themselves", () => {
    expect(sharesOf(operation({}, { slots_done: 4 })).keys).toBe(0.4);
  });
});

test("what may be done in each state", () => {
  const names = (one: V1OperationSummary): string =>
    Object.entries(controlsOf(one))
      .filter(([, isOn]) => isOn)
      .map(([name]) => name.slice(3))
      .join(" ");
  expect(names(operation({ state: "waiting" }))).toBe("Pause SetSpeed Cancel");
  expect(names(operation({ state: "running" }))).toBe("Pause SetSpeed Cancel");
  expect(names(operation({ state: "paused" }))).toBe("Resume SetSpeed Cancel");
  expect(names(operation({ state: "paused", self_paused: true }))).toBe(
    "Pause Resume SetSpeed Cancel",
  );
  expect(names(operation({ state: "cancelling" }))).toBe("SetSpeed RollBack");
  expect(names(operation({ state: "cancelling", rollback: true }))).toBe("SetSpeed");
  expect(names(operation({ state: "done" }))).toBe("");
  expect(names(operation({ state: "cancelled" }))).toBe("");
});

test("the newest is first, by number", () => {
  const listed = ["op-2", "op-10", "op-9"].map((id) => operation({ id }));
  expect(newestFirst(listed).map(({ id }) => id)).toEqual(["op-10", "op-9", "op-2"]);
});

/** Numbers from 0 to 1 that are the same in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** One second of a move. */
interface Second {
  readonly keys: number;
  readonly bytes: number;
}

/** A move of so many keys: sizes differ by a factor of ten by slot, and the speed wanders. */
function traceOf(seed: number, keysTotal: number): readonly Second[] {
  const roll = dice(seed);
  const trace: Second[] = [];
  let [left, size, pace] = [keysTotal, 200, 1000];
  while (left > 0) {
    if (trace.length % 7 === 0) {
      size = 50 * 10 ** roll();
    }
    pace = Math.max(300, Math.min(2000, pace * (0.94 + roll() * 0.12)));
    const keys = Math.min(left, Math.round(pace * (0.6 + roll() * 0.8)));
    trace.push({ keys, bytes: Math.round(keys * size) });
    left -= keys;
  }
  return trace;
}

function sum(trace: readonly Second[], of: keyof Second): number {
  return trace.reduce((total, second) => total + second[of], 0);
}

describe("the expected time", () => {
  test("its range holds the true time in at least 80 % of the samples after 10 %", () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const trace = traceOf(seed, 120_000);
      const watch = new EtaWatch();
      const total = { keys: sum(trace, "keys"), bytes: sum(trace, "bytes") };
      let [asked, right] = [0, 0];
      for (let at = 0; at < trace.length; at++) {
        const moved = trace.slice(0, at);
        const recent = moved.slice(-5);
        const eta = watch.note({
          atMs: at * 1000,
          keysMoved: sum(moved, "keys"),
          keysTotal: total.keys,
          bytesMoved: sum(moved, "bytes"),
          bytesTotal: total.bytes,
          keysPerSecond: sum(recent, "keys") / Math.max(1, recent.length),
          bytesPerSecond: sum(recent, "bytes") / Math.max(1, recent.length),
          serverMs: null,
          isWorking: true,
        });
        if (sum(moved, "keys") > total.keys * 0.1) {
          const trueMs = (trace.length - at) * 1000;
          asked += 1;
          right += Number(eta.kind === "range" && eta.fromMs <= trueMs && trueMs <= eta.toMs);
        }
      }
      expect(asked).toBeGreaterThan(50);
      expect(right / asked).toBeGreaterThanOrEqual(0.8);
    }
  });

  const base = {
    keysTotal: 1000,
    bytesTotal: 1000,
    keysPerSecond: 10,
    bytesPerSecond: 10,
    serverMs: null,
    isWorking: true,
  };

  test("says that it only estimates at the beginning, and nothing in a pause", () => {
    const watch = new EtaWatch();
    const early = { ...base, atMs: 0, keysMoved: 10, bytesMoved: 10 };
    expect(watch.note(early)).toEqual({ kind: "estimating" });
    expect(watch.note({ ...early, atMs: 1000, isWorking: false })).toEqual({ kind: "unknown" });
    const later = { ...early, keysMoved: 100, bytesMoved: 100 };
    expect(watch.note({ ...later, atMs: 2000 }).kind).toBe("range");
  });

  test("a pause isn't work", () => {
    const watch = new EtaWatch();
    const at = (atMs: number, keysMoved: number, isWorking: boolean): void => {
      watch.note({ ...base, atMs, keysMoved, bytesMoved: keysMoved, isWorking });
    };
    at(0, 100, true);
    at(10_000, 200, true);
    at(11_000, 210, false);
    at(911_000, 210, false);
    at(912_000, 210, true);
    const eta = watch.note({
      ...base,
      atMs: 913_000,
      keysMoved: 220,
      bytesMoved: 220,
      keysPerSecond: 0,
      bytesPerSecond: 0,
    });
    // 10 keys a second, 780 are left: the pause of 15 minutes would have made it hours.
    expect(eta).toMatchObject({ kind: "range" });
    expect(eta.kind === "range" && eta.toMs < 130_000).toBe(true);
  });

  test("without a rate nothing is known", () => {
    const still = { ...base, keysPerSecond: 0, bytesPerSecond: 0, keysMoved: 500, bytesMoved: 500 };
    expect(new EtaWatch().note({ ...still, atMs: 0 })).toEqual({ kind: "unknown" });
    expect(new EtaWatch().note({ ...still, atMs: 0, serverMs: 1000 }).kind).toBe("range");
  });
});

describe("a stuck operation", () => {
  test("is noticed, and isn't stuck any more as soon as something moves", () => {
    const watch = new StallWatch();
    const at = (atMs: number, keysMoved: number, isWorking = true): number =>
      watch.note({ atMs, keysMoved, slotsDone: 0, isWorking });
    expect(at(0, 5)).toBe(0);
    expect(at(STUCK_AFTER_MS, 5)).toBe(STUCK_AFTER_MS);
    expect(at(STUCK_AFTER_MS + 1000, 6)).toBe(0);
  });

  test("a paused one isn't stuck", () => {
    const watch = new StallWatch();
    const still = { keysMoved: 5, slotsDone: 0 };
    watch.note({ atMs: 0, ...still, isWorking: true });
    expect(watch.note({ atMs: 60_000, ...still, isWorking: false })).toBe(0);
    expect(watch.note({ atMs: 61_000, ...still, isWorking: true })).toBe(0);
    expect(watch.note({ atMs: 62_000, ...still, isWorking: true })).toBe(1000);
  });
});
