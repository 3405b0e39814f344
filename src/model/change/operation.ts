/**
 * Changes of an operation, each from one record to the next: what people order (pause, resume, cancel, speed) and
 * what happens to it. Orders throw STATE_CONFLICT where they make no sense; one that is fulfilled already gives
 * the same record. Pure; writing it down is the caller's.
 */
import { describeBytes } from "../../base/byte-size.ts";
import { CodisError } from "../../base/error.ts";
import {
  OPERATION_EVENTS_MAX,
  type Operation,
  type OperationOrigin,
  type OperationProgress,
  type OperationSpeed,
  P99_GUARD_MS_MAX,
  type SpeedChange,
} from "../operation/operation.ts";
import { isEnded } from "../operation/operation-slot.ts";
import type { BigKeyRule, PlannedMove, PlanStrategy } from "../operation/plan.ts";
import type { Trouble } from "../operation/trouble-code.ts";
import { say } from "../phrase/phrase.ts";

/** Longest text of an event or a reason. */
const TEXT_CHARS_MAX = 300;

/** What a new operation is made of. */
export interface NewOperation {
  readonly id: string;
  readonly origin: OperationOrigin;
  readonly strategy: PlanStrategy;
  /** Empty: without a plan. */
  readonly planId: string;
  readonly moves: readonly PlannedMove[];
  readonly speed: OperationSpeed;
  readonly bigKeyRule: BigKeyRule;
}

const NO_PROGRESS: OperationProgress = {
  slotsTotal: 0,
  slotsDone: 0,
  slotsMoving: 0,
  keysMoved: 0,
  keysOnAccess: 0,
  bytesMoved: 0,
  keysTotal: 0,
  bytesTotal: 0,
  keysPerSecond: 0,
  bytesPerSecond: 0,
  etaMs: -1,
  longestStallMs: 0,
  longestHoldMs: 0,
  retries: 0,
  staleKeys: 0,
};

/** An operation that waits for its turn. */
export function createOperation(order: NewOperation, atMs: number, text: string): Operation {
  const operation: Operation = {
    ...order,
    state: "waiting",
    reason: "",
    isSelfPaused: false,
    doneSlotIds: [],
    isRollback: false,
    createdAtMs: atMs,
    startedAtMs: 0,
    endedAtMs: 0,
    progress: NO_PROGRESS,
    events: [],
  };
  return withEvent(operation, atMs, text);
}

/** With one more line of history, the oldest beyond the bound forgotten. */
export function withEvent(operation: Operation, atMs: number, text: string): Operation {
  const event = { atMs, text: cut(text) };
  return { ...operation, events: [...operation.events, event].slice(-OPERATION_EVENTS_MAX) };
}

/** Its turn has come. */
export function beginOperation(operation: Operation, atMs: number): Operation {
  const startedAtMs = operation.startedAtMs === 0 ? atMs : operation.startedAtMs;
  return withEvent({ ...operation, state: "running", startedAtMs }, atMs, say("op.runs", {}));
}

/** Somebody pauses it. Throws STATE_CONFLICT when it is being cancelled or has ended. */
export function pauseOperation(operation: Operation, atMs: number): Operation {
  refuse(operation, "paused");
  if (operation.state === "paused" && !operation.isSelfPaused) {
    return operation;
  }
  const next: Operation = { ...operation, state: "paused", isSelfPaused: false, reason: "" };
  return withEvent(next, atMs, say("op.paused", {}));
}

/** Somebody lets it go on, in its turn. Throws STATE_CONFLICT when it is being cancelled or has ended. */
export function resumeOperation(operation: Operation, atMs: number): Operation {
  refuse(operation, "resumed");
  if (operation.state !== "paused") {
    return operation;
  }
  // One that paused by itself has kept its turn.
  const state = operation.isSelfPaused ? "running" : "waiting";
  const next: Operation = { ...operation, state, isSelfPaused: false, reason: "" };
  return withEvent(next, atMs, say("op.resumed", {}));
}

/**
 * Somebody cancels it. A roll-back may be asked for later, but not be taken back. Throws STATE_CONFLICT when it
 * has ended.
 */
export function cancelOperation(
  operation: Operation,
  isRollback: boolean,
  atMs: number,
): Operation {
  if (isEnded(operation.state)) {
    throw hasEnded(operation);
  }
  if (operation.state === "cancelling" && (operation.isRollback || !isRollback)) {
    return operation;
  }
  const next: Operation = {
    ...operation,
    state: "cancelling",
    isSelfPaused: false,
    reason: "",
    isRollback,
  };
  return withEvent(next, atMs, say(isRollback ? "op.rollback" : "op.cancelled", {}));
}

/** Throws STATE_CONFLICT when it has ended, and as `changeSpeed`. */
export function setOperationSpeed(
  operation: Operation,
  change: SpeedChange,
  atMs: number,
): Operation {
  const speed = changeSpeed(operation.speed, change);
  if (isEnded(operation.state)) {
    throw hasEnded(operation);
  }
  return withEvent({ ...operation, speed }, atMs, speedText(speed));
}

/** The speed after a change. Throws ARGUMENT_INVALID for numbers that aren't whole, below 0, or above their bound. */
export function changeSpeed(speed: OperationSpeed, change: SpeedChange): OperationSpeed {
  const {
    keysPerSecond = speed.keysPerSecond,
    bytesPerSecond = speed.bytesPerSecond,
    p99GuardMs = speed.p99GuardMs,
  } = change;
  for (const value of [keysPerSecond, bytesPerSecond]) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CodisError(
        "ARGUMENT_INVALID",
        `invalid speed ${value}, expected a whole number from 0 (no limit)`,
      );
    }
  }
  if (!Number.isSafeInteger(p99GuardMs) || p99GuardMs < 0 || p99GuardMs > P99_GUARD_MS_MAX) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid p99 guard ${p99GuardMs}, expected whole milliseconds from 0 (off) to ${P99_GUARD_MS_MAX}`,
    );
  }
  return { keysPerSecond, bytesPerSecond, p99GuardMs };
}

/** With a reason why it makes no progress, or without one; the history doesn't tell it. */
export function withTrouble(operation: Operation, trouble: Trouble | undefined): Operation {
  return trouble === undefined
    ? { ...operation, reason: "" }
    : { ...operation, reason: cut(trouble.text), reasonCode: trouble.code };
}

/** It can't go on before somebody has done something; the reason is for them. */
export function selfPauseOperation(
  operation: Operation,
  trouble: Trouble,
  atMs: number,
): Operation {
  const text = cut(trouble.text);
  if (operation.state !== "running" && !operation.isSelfPaused) {
    return operation;
  }
  if (operation.isSelfPaused && operation.reason === text) {
    return operation;
  }
  const next: Operation = {
    ...withTrouble(operation, trouble),
    state: "paused",
    isSelfPaused: true,
  };
  return withEvent(next, atMs, say("op.self-paused", { why: text }));
}

/** The reason of `selfPauseOperation`, or of slow progress, is gone. */
export function goOnOperation(operation: Operation, atMs: number): Operation {
  if (!operation.isSelfPaused) {
    return operation.reason === "" ? operation : { ...operation, reason: "" };
  }
  const next: Operation = { ...operation, state: "running", isSelfPaused: false, reason: "" };
  return withEvent(next, atMs, say("op.goes-on", {}));
}

/** It makes no progress for now, but tries; the history tells it once. */
export function hinderOperation(operation: Operation, trouble: Trouble, atMs: number): Operation {
  const text = cut(trouble.text);
  if (operation.isSelfPaused || operation.reason === text) {
    return operation;
  }
  const next = withTrouble(operation, trouble);
  // What comes and goes every second would drive everything else out of the history.
  const isToldAlready = operation.events.slice(-5).some((event) => event.text === text);
  return isToldAlready ? next : withEvent(next, atMs, text);
}

/** These of its slots need no more work. */
export function settleSlots(operation: Operation, slotIds: readonly number[]): Operation {
  const known = new Set(operation.doneSlotIds);
  const added = slotIds.filter((id) => !known.has(id));
  return added.length === 0
    ? operation
    : { ...operation, doneSlotIds: [...operation.doneSlotIds, ...added] };
}

/** All is done, or nothing more will be. */
export function endOperation(
  operation: Operation,
  state: "done" | "cancelled",
  atMs: number,
  text: string,
): Operation {
  const next: Operation = {
    ...operation,
    state,
    reason: "",
    isSelfPaused: false,
    endedAtMs: atMs,
  };
  return withEvent(next, atMs, text);
}

function speedText(speed: OperationSpeed): string {
  const limit = limitText(speed);
  return speed.p99GuardMs === 0 ? limit : say("op.guarded", { ms: speed.p99GuardMs, limit });
}

function limitText({ keysPerSecond: keys, bytesPerSecond: bytes }: OperationSpeed): string {
  if (keys === 0) {
    return bytes === 0 ? say("op.unlimited", {}) : say("op.size", { size: describeBytes(bytes) });
  }
  return bytes === 0
    ? say("op.keys", { keys })
    : say("op.keys-and-size", { keys, size: describeBytes(bytes) });
}

function refuse(operation: Operation, what: string): void {
  if (isEnded(operation.state)) {
    throw hasEnded(operation);
  }
  if (operation.state === "cancelling") {
    throw new CodisError(
      "STATE_CONFLICT",
      `operation ${operation.id} is being cancelled and can't be ${what}`,
    );
  }
}

function hasEnded({ id, state }: Operation): CodisError {
  return new CodisError("STATE_CONFLICT", `operation ${id} has ended (${state})`);
}

function cut(text: string): string {
  return text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX - 1).toWellFormed()}…`;
}
