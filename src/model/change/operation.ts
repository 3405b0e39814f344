/**
 * Changes of an operation, each from one record to the next: what people order (pause, resume, cancel, speed) and
 * what happens to it. Orders throw STATE_CONFLICT where they make no sense; one that is fulfilled already gives
 * the same record. Pure; writing it down is the caller's.
 */
import { CodisError } from "../../base/error.ts";
import {
  OPERATION_EVENTS_MAX,
  type Operation,
  type OperationOrigin,
  type OperationProgress,
  type OperationSpeed,
} from "../operation/operation.ts";
import { isEnded } from "../operation/operation-slot.ts";
import type { BigKeyRule, PlannedMove, PlanStrategy } from "../operation/plan.ts";

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
  return withEvent({ ...operation, state: "running", startedAtMs }, atMs, "runs");
}

/** Somebody pauses it. Throws STATE_CONFLICT when it is being cancelled or has ended. */
export function pauseOperation(operation: Operation, atMs: number): Operation {
  refuse(operation, "paused");
  if (operation.state === "paused" && !operation.isSelfPaused) {
    return operation;
  }
  const next: Operation = { ...operation, state: "paused", isSelfPaused: false, reason: "" };
  return withEvent(next, atMs, "paused");
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
  return withEvent(next, atMs, "resumed");
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
  const how = isRollback
    ? "cancelled: slots that wait stay, half-moved ones go back"
    : "cancelled: slots that wait stay, half-moved ones are finished";
  return withEvent(next, atMs, how);
}

/** Throws STATE_CONFLICT when it has ended, ARGUMENT_INVALID for numbers that aren't whole or below 0. */
export function setOperationSpeed(
  operation: Operation,
  speed: OperationSpeed,
  atMs: number,
): Operation {
  checkSpeed(speed);
  if (isEnded(operation.state)) {
    throw hasEnded(operation);
  }
  const shown = [
    speed.keysPerSecond === 0 ? "" : `${speed.keysPerSecond} keys/s`,
    speed.bytesPerSecond === 0 ? "" : `${speed.bytesPerSecond} bytes/s`,
  ].filter((part) => part !== "");
  const text = shown.length === 0 ? "speed: no limit" : `speed: ${shown.join(" and ")}`;
  return withEvent({ ...operation, speed }, atMs, text);
}

/** Throws ARGUMENT_INVALID for numbers that aren't whole or below 0. */
export function checkSpeed(speed: OperationSpeed): void {
  for (const value of [speed.keysPerSecond, speed.bytesPerSecond]) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CodisError(
        "ARGUMENT_INVALID",
        `invalid speed ${value}, expected a whole number from 0 (no limit)`,
      );
    }
  }
}

/** It can't go on before somebody has done something; the reason is for them. */
export function selfPauseOperation(operation: Operation, reason: string, atMs: number): Operation {
  const text = cut(reason);
  if (operation.state !== "running" && !operation.isSelfPaused) {
    return operation;
  }
  if (operation.isSelfPaused && operation.reason === text) {
    return operation;
  }
  const next: Operation = { ...operation, state: "paused", isSelfPaused: true, reason: text };
  return withEvent(next, atMs, `pauses by itself: ${text}`);
}

/** The reason of `selfPauseOperation`, or of slow progress, is gone. */
export function goOnOperation(operation: Operation, atMs: number): Operation {
  if (!operation.isSelfPaused) {
    return operation.reason === "" ? operation : { ...operation, reason: "" };
  }
  const next: Operation = { ...operation, state: "running", isSelfPaused: false, reason: "" };
  return withEvent(next, atMs, "goes on by itself");
}

/** It makes no progress for now, but tries; the history tells it once. */
export function hinderOperation(operation: Operation, reason: string, atMs: number): Operation {
  const text = cut(reason);
  if (operation.isSelfPaused || operation.reason === text) {
    return operation;
  }
  const next = { ...operation, reason: text };
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
