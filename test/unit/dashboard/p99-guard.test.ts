/**
 * The p99 guard: what it makes of a speed from what clients feel, and the pace that it is applied to. Nothing waits
 * here; the time is a number.
 */
import { describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import { GuardedPace } from "../../../src/dashboard/operation/guarded-pace.ts";
import {
  type ClientLatency,
  freshGuard,
  GUARD_BLIND_MS,
  GUARD_KEYS_MIN,
  GUARD_REQUESTS_MIN,
  GUARD_STEP_MS,
  type GuardState,
  guardedSpeed,
  stepGuard,
} from "../../../src/dashboard/operation/p99-guard.ts";
import { beginOperation, createOperation } from "../../../src/model/change/operation.ts";
import {
  type Operation,
  type OperationSpeed,
  UNLIMITED,
} from "../../../src/model/operation/operation.ts";
import { SWITCHES_UNTOUCHED } from "../../../src/model/operation/operation-record.ts";
import { phraseOf } from "../../../src/model/phrase/phrase.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const GUARDED: OperationSpeed = { ...UNLIMITED, p99GuardMs: 8 };
const MANY = 10 * GUARD_REQUESTS_MIN;

function felt(p99Ms: number | undefined, requests = MANY): ClientLatency {
  return { requests, p99Ms };
}

/** Slowed from 10,000 keys/s to this, at time 0. */
function slowedTo(keysPerSecond: number): GuardState {
  const told = "enough";
  return {
    ...{ keysPerSecond, fromKeysPerSecond: 10_000, told, p99Ms: 20 },
    ...{ steppedAtMs: 0, heardAtMs: 0 },
  };
}

const UNSLOWED = slowedTo(0);

describe("one step", () => {
  test.each([
    ["above: half of what moves", UNSLOWED, GUARDED, 10_000, felt(12.3), 5_000],
    ["above again: half of the limit", slowedTo(4_000), GUARDED, 3_900, felt(9), 2_000],
    ["above, far above the operator's limit", slowedTo(4_000), limited(300), 9, felt(9), 150],
    ["above, at the floor", slowedTo(60), GUARDED, 60, felt(900), GUARD_KEYS_MIN],
    ["above, on the floor", slowedTo(GUARD_KEYS_MIN), GUARDED, 50, felt(900), GUARD_KEYS_MIN],
    ["above, the operator is below the floor", slowedTo(60), limited(20), 20, felt(900), 20],
    ["above, but hardly anything moves", UNSLOWED, GUARDED, GUARD_KEYS_MIN - 1, felt(50), 0],
    ["at the bound", slowedTo(4_000), GUARDED, 4_000, felt(8), 4_000],
    ["a little below", slowedTo(4_000), GUARDED, 4_000, felt(5.7), 4_000],
    ["well below: a twentieth more", slowedTo(4_000), GUARDED, 4_000, felt(5.6), 4_500],
    ["well below, never slowed", UNSLOWED, GUARDED, 9_000, felt(1), 0],
    ["well below, near the first speed", slowedTo(9_500), GUARDED, 9_000, felt(1), 0],
    ["well below, near the operator's limit", slowedTo(600), limited(1_000), 600, felt(1), 0],
    ["few requests, above", UNSLOWED, GUARDED, 10_000, felt(50, GUARD_REQUESTS_MIN - 1), 0],
    ["few requests, above, slowed", slowedTo(400), GUARDED, 400, felt(50, 3), 400],
    ["few requests, well below, slowed", slowedTo(400), GUARDED, 400, felt(1, 3), 900],
    ["no requests, slowed", slowedTo(400), GUARDED, 400, felt(undefined, 0), 900],
    ["nobody tells for a moment", slowedTo(400), GUARDED, 400, undefined, 400],
    ["switched off", slowedTo(400), UNLIMITED, 400, felt(50), 0],
  ] as const)("%s", (_, state, speed, movedPerSecond, latency, keysPerSecond) => {
    const input = { speed, movedPerSecond, latency, nowMs: GUARD_STEP_MS };
    expect(stepGuard(state, input).keysPerSecond).toBe(keysPerSecond);
  });

  test("comes no sooner than the figures show what the last one did", () => {
    const input = { speed: GUARDED, movedPerSecond: 9, latency: felt(50) };
    const early = stepGuard(slowedTo(400), { ...input, nowMs: GUARD_STEP_MS - 1 });
    expect(early).toEqual({ ...slowedTo(400), heardAtMs: GUARD_STEP_MS - 1 });
    expect(stepGuard(early, { ...input, nowMs: GUARD_STEP_MS }).keysPerSecond).toBe(200);
  });
});

test("it is free of a guard that hears nothing, and that is said; the next figures count at once", () => {
  const input = { speed: GUARDED, movedPerSecond: 400, latency: undefined };
  const waiting = stepGuard(slowedTo(400), { ...input, nowMs: GUARD_BLIND_MS - 1 });
  expect(waiting).toEqual(slowedTo(400));
  const blind = stepGuard(waiting, { ...input, nowMs: GUARD_BLIND_MS });
  const said = guardedSpeed(blind, GUARDED);
  expect(said).toMatchObject({ keysPerSecond: 0, isSlowed: false });
  expect(phraseOf(said?.reason ?? "")?.code).toBe("op.guard-blind");
  const nowMs = GUARD_BLIND_MS + 1;
  const seeing = stepGuard(blind, { ...input, latency: felt(50), nowMs });
  expect([seeing.told, seeing.keysPerSecond]).toEqual(["enough", 200]);
  // One that begins says nothing of it before it could have heard anything.
  const fresh = stepGuard(freshGuard(0), { ...input, nowMs: GUARD_BLIND_MS - 1 });
  expect(guardedSpeed(fresh, GUARDED)).toBeUndefined();
});

test("it falls fast, never to nothing, and rises slowly to where it was", () => {
  let state = freshGuard(0);
  let nowMs = 0;
  const run = (p99Ms: number): number => {
    nowMs += GUARD_STEP_MS;
    const movedPerSecond = state.keysPerSecond === 0 ? 10_000 : state.keysPerSecond;
    state = stepGuard(state, { speed: GUARDED, movedPerSecond, latency: felt(p99Ms), nowMs });
    return state.keysPerSecond;
  };
  const falling = Array.from({ length: 10 }, () => run(20));
  expect(falling).toEqual([5_000, 2_500, 1_250, 625, 312, 156, 78, 50, 50, 50]);
  const rising = Array.from({ length: 20 }, () => run(2));
  expect(rising.slice(0, 3)).toEqual([550, 1_050, 1_550]);
  expect(rising.slice(-2)).toEqual([9_550, 0]);
});

test("what it says of a speed has a code, and never more than the operator allows", () => {
  expect(guardedSpeed(UNSLOWED, GUARDED)).toBeUndefined();
  const slow = guardedSpeed({ ...slowedTo(400), p99Ms: 12.345 }, GUARDED);
  expect(slow).toEqual({
    keysPerSecond: 400,
    isSlowed: true,
    reason: "slowed by the p99 guard: p99 12.3 ms, bound 8 ms",
  });
  expect(phraseOf(slow?.reason ?? "")).toEqual({
    code: "op.guard-slows",
    params: { p99: "12.3", bound: "8" },
  });
  expect(guardedSpeed(slowedTo(400), limited(401))?.keysPerSecond).toBe(400);
  expect(guardedSpeed(slowedTo(400), limited(400))).toBeUndefined();
  const few = guardedSpeed({ ...slowedTo(400), told: "few" }, GUARDED);
  expect(phraseOf(few?.reason ?? "")?.code).toBe("op.guard-few");
});

describe("the pace", () => {
  const clock = new FakeClock();
  let latency: ClientLatency | undefined;
  let looks = 0;
  const open = (): GuardedPace => {
    latency = felt(50);
    looks = 0;
    const clientLatency = (): ClientLatency | undefined => {
      looks += 1;
      return latency;
    };
    return new GuardedPace({ clientLatency, clock, log: silentLog });
  };
  /** Looks until the first step. */
  const lookOn = (pace: GuardedPace, operation: Operation): void => {
    pace.look(operation);
    clock.advance(GUARD_STEP_MS);
    pace.look(operation);
  };
  /** How long movers wait after a batch of 100 keys. */
  const waitOf = ({ pace }: GuardedPace): number => {
    clock.advance(60_000);
    expect(pace.take(100, 100)).toBe(0);
    return pace.take(100, 100);
  };

  test("is slower while the guard says so, for just the operation at work", () => {
    const pace = open();
    const one = operationOf("op-1", GUARDED, 10_000);
    lookOn(pace, one);
    pace.set(one, SWITCHES_UNTOUCHED);
    expect(pace.guardedOf(one)).toMatchObject({ keysPerSecond: 5_000, isSlowed: true });
    // The bucket holds 50 ms worth at most: it owes nothing for a batch that is smaller than that.
    expect(waitOf(pace)).toBe(0);
    const other = operationOf("op-2", GUARDED, 400);
    expect(pace.guardedOf(other)).toBeUndefined();
    lookOn(pace, other);
    pace.set(other, SWITCHES_UNTOUCHED);
    // 200 keys a second, of which ten were there.
    expect(waitOf(pace)).toBeCloseTo(450, 5);
    expect(pace.guardedOf(one)).toBeUndefined();
    pace.set(one, SWITCHES_UNTOUCHED);
    expect(waitOf(pace)).toBe(0);
  });

  test("asks nobody without a guard, and stops when nothing is at work", () => {
    const pace = open();
    const one = operationOf("op-1", UNLIMITED, 10_000);
    lookOn(pace, one);
    pace.set(one, SWITCHES_UNTOUCHED);
    expect([looks, waitOf(pace)]).toEqual([0, 0]);
    pace.look(undefined);
    pace.set(undefined, SWITCHES_UNTOUCHED);
    expect(pace.pace.take(1, 1)).toBe(Number.POSITIVE_INFINITY);
    pace.set(one, { intervalUs: 0, isDisabled: true });
    expect(pace.pace.take(1, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

function limited(keysPerSecond: number): OperationSpeed {
  return { ...GUARDED, keysPerSecond };
}

function operationOf(id: string, speed: OperationSpeed, keysPerSecond: number): Operation {
  const order = { id, origin: "plan", strategy: "move", planId: "", moves: [] } as const;
  const made = createOperation({ ...order, speed, bigKeyRule: "move" }, 1, "made");
  return { ...beginOperation(made, 2), progress: { ...made.progress, keysPerSecond } };
}
