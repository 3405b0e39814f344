/**
 * The p99 guard of an operation: from what clients feel to how fast keys may move. Pure; asked about once a second.
 *
 *     p99 above the bound        half as fast, every `GUARD_STEP_MS`, down to `GUARD_KEYS_MIN`
 *     well below the bound       a twentieth of the first speed more, until that speed or the operator's limit
 *     between the two            as it is
 *     too few requests           never slower; faster when even the slowest of them was well below
 *     no proxy tells anything    as it is for `GUARD_BLIND_MS`, then without the guard
 *
 * A speed is halved from what was really moved: an operation without a limit has no other. One that moves fewer keys
 * than `GUARD_KEYS_MIN` isn't slowed, because clients wait for something else.
 */
import type { GuardedSpeed, OperationSpeed } from "../../model/operation/operation.ts";
import { say } from "../../model/phrase/phrase.ts";

/** Between two steps, milliseconds: longer than the time of figures, so that each sees what the last one did. */
export const GUARD_STEP_MS = 5_000;
/** The guard never asks for fewer keys in a second: a move always goes on. */
export const GUARD_KEYS_MIN = 50;
/** The p99 of fewer requests is that of one of them, and says nothing. */
export const GUARD_REQUESTS_MIN = 100;
/** Without figures for so long, milliseconds, it is as if there were no guard. */
export const GUARD_BLIND_MS = 10_000;

const SLOWER_FACTOR = 0.5;
const FASTER_SHARE = 0.05;
/** Share of the bound below which more is dared. */
const WELL_BELOW = 0.7;
/** More digits than the histograms have would be a lie. */
const DIGITS = 3;

/** What clients of all proxies that tell it felt in the last seconds. */
export interface ClientLatency {
  readonly requests: number;
  /** undefined: there was no request. */
  readonly p99Ms: number | undefined;
}

/** What the guard knows of one operation under one leader. */
export interface GuardState {
  /** Keys in a second; 0: it doesn't slow. */
  readonly keysPerSecond: number;
  /** The speed from which it was slowed. */
  readonly fromKeysPerSecond: number;
  readonly told: "nothing" | "enough" | "few" | "blind";
  /** At the last step, milliseconds. */
  readonly p99Ms: number;
  /** Monotonic times of the last step, and of the last figures; at first, of the beginning. */
  readonly steppedAtMs: number;
  readonly heardAtMs: number;
}

/** What a step is decided by. */
export interface GuardInput {
  readonly speed: OperationSpeed;
  /** Keys that moved in a second, over the last few. */
  readonly movedPerSecond: number;
  /** undefined: no proxy tells. */
  readonly latency: ClientLatency | undefined;
  /** Monotonic. */
  readonly nowMs: number;
}

/**
 * The guard of an operation that begins. It takes its first step when speed and figures have had the time to show what
 * they are. `nowMs` is monotonic.
 */
export function freshGuard(nowMs: number): GuardState {
  return {
    keysPerSecond: 0,
    fromKeysPerSecond: 0,
    told: "nothing",
    p99Ms: 0,
    steppedAtMs: nowMs,
    heardAtMs: nowMs,
  };
}

/** The next state; see the file head. */
export function stepGuard(state: GuardState, input: GuardInput): GuardState {
  const { speed, latency, nowMs } = input;
  const boundMs = speed.p99GuardMs;
  if (boundMs === 0) {
    return freshGuard(nowMs);
  }
  if (latency === undefined) {
    const isBlind = nowMs - state.heardAtMs >= GUARD_BLIND_MS;
    return isBlind ? { ...freshGuard(state.heardAtMs), told: "blind" } : state;
  }
  if (nowMs - state.steppedAtMs < GUARD_STEP_MS) {
    return { ...state, heardAtMs: nowMs };
  }
  const isEnough = latency.requests >= GUARD_REQUESTS_MIN;
  const p99Ms = latency.p99Ms ?? 0;
  const told = isEnough ? "enough" : "few";
  const next: GuardState = { ...state, told, p99Ms, steppedAtMs: nowMs, heardAtMs: nowMs };
  if (isEnough && p99Ms > boundMs) {
    return slower(next, input);
  }
  return p99Ms <= boundMs * WELL_BELOW ? faster(next, speed) : next;
}

/** What it makes of the limits; undefined while it has nothing to say, or the operator wants it as slow. */
export function guardedSpeed(
  { keysPerSecond: keys, told, p99Ms }: GuardState,
  speed: OperationSpeed,
): GuardedSpeed | undefined {
  const { keysPerSecond: limit, p99GuardMs: bound } = speed;
  const isSlowed = keys > 0 && (limit === 0 || keys < limit);
  if (!isSlowed) {
    return told === "blind"
      ? { keysPerSecond: limit, reason: say("op.guard-blind", {}), isSlowed }
      : undefined;
  }
  const reason =
    told === "few"
      ? say("op.guard-few", { bound })
      : say("op.guard-slows", { p99: Number(p99Ms.toPrecision(DIGITS)), bound });
  return { keysPerSecond: keys, reason, isSlowed };
}

function slower(state: GuardState, { speed, movedPerSecond }: GuardInput): GuardState {
  const isFirst = state.keysPerSecond === 0;
  const from = isFirst ? movedPerSecond : lower(state.keysPerSecond, speed.keysPerSecond);
  if (isFirst && from < GUARD_KEYS_MIN) {
    return state;
  }
  return {
    ...state,
    // The operator may want it slower still.
    keysPerSecond: lower(
      Math.max(GUARD_KEYS_MIN, Math.floor(from * SLOWER_FACTOR)),
      speed.keysPerSecond,
    ),
    fromKeysPerSecond: isFirst ? from : state.fromKeysPerSecond,
  };
}

function faster(state: GuardState, speed: OperationSpeed): GuardState {
  const { keysPerSecond, fromKeysPerSecond } = state;
  if (keysPerSecond === 0) {
    return state;
  }
  const next = keysPerSecond + Math.max(1, Math.ceil(fromKeysPerSecond * FASTER_SHARE));
  const isFree = next >= lower(fromKeysPerSecond, speed.keysPerSecond);
  return { ...state, keysPerSecond: isFree ? 0 : next };
}

/** The lower of two limits, of which the second may be 0, none. */
function lower(limit: number, other: number): number {
  return other === 0 ? limit : Math.min(limit, other);
}
