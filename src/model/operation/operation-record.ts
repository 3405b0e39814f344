/**
 * An operation as text of its node, `/codis-ext/{product}/operation/op-<number>`, and back; and the switches of
 * the old API, `/codis-ext/{product}/switches`. Fields that a newer program added are dropped.
 */

import { GROUP_ID_MAX } from "../group.ts";
import { RecordReader } from "../json-record.ts";
import { SLOT_COUNTS } from "../slot.ts";
import {
  OPERATION_STATES,
  type Operation,
  type OperationEvent,
  type OperationProgress,
  type OperationSpeed,
  P99_GUARD_MS_MAX,
} from "./operation.ts";
import { BIG_KEY_RULES, PLAN_STRATEGIES, type PlannedMove } from "./plan.ts";
import { TROUBLE_CODES } from "./trouble-code.ts";

const ORIGINS = ["plan", "slot-action", "auto"] as const;
const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** Longest pause between two batches that the old API can order, microseconds. */
export const INTERVAL_US_MAX = 1_000_000;

/** What the old API switches for all operations together. */
export interface MigrationSwitches {
  /** Pause between two batches, microseconds. */
  readonly intervalUs: number;
  /** Nothing moves. */
  readonly isDisabled: boolean;
}

/** As they are before anybody has touched them. */
export const SWITCHES_UNTOUCHED: MigrationSwitches = { intervalUs: 0, isDisabled: false };

/** The id of an operation; numbers grow. */
export function operationIdOf(number: number): string {
  return `op-${number}`;
}

/** The number in an id; undefined for a text that is none. */
export function operationNumberOf(id: string): number | undefined {
  const digits = /^op-([1-9]\d{0,14})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Text of an operation's node. */
export function encodeOperation(operation: Operation): string {
  return JSON.stringify(operation);
}

/** Throws MODEL_INVALID; `source` begins error lines, `expectedId` is the name of the node. */
export function decodeOperation(value: unknown, source: string, expectedId: string): Operation {
  const fields = new RecordReader(value, source);
  const id = fields.textLike("id", (text) => text === expectedId, expectedId);
  return {
    id,
    origin: fields.oneOf("origin", ORIGINS),
    strategy: fields.oneOf("strategy", PLAN_STRATEGIES),
    planId: fields.text("planId"),
    state: fields.oneOf("state", OPERATION_STATES),
    reason: fields.text("reason"),
    // Records of earlier releases have none.
    ...(fields.has("reasonCode") ? { reasonCode: fields.oneOf("reasonCode", TROUBLE_CODES) } : {}),
    isSelfPaused: fields.flag("isSelfPaused"),
    moves: fields.list("moves").map(decodeMove),
    doneSlotIds: fields.intList("doneSlotIds", 0, SLOT_ID_MAX),
    speed: decodeSpeed(fields.nested("speed")),
    bigKeyRule: fields.oneOf("bigKeyRule", BIG_KEY_RULES),
    isRollback: fields.flag("isRollback"),
    createdAtMs: fields.int("createdAtMs", 0, COUNT_MAX),
    startedAtMs: fields.int("startedAtMs", 0, COUNT_MAX),
    endedAtMs: fields.int("endedAtMs", 0, COUNT_MAX),
    progress: decodeProgress(fields.nested("progress")),
    events: fields.list("events").map(decodeEvent),
  };
}

/** Text of the switches' node. */
export function encodeSwitches(switches: MigrationSwitches): string {
  return JSON.stringify(switches);
}

/** Throws MODEL_INVALID. */
export function decodeSwitches(value: unknown, source: string): MigrationSwitches {
  const fields = new RecordReader(value, source);
  return {
    intervalUs: fields.int("intervalUs", 0, INTERVAL_US_MAX),
    isDisabled: fields.flag("isDisabled"),
  };
}

function decodeMove(fields: RecordReader): PlannedMove {
  return {
    slotId: fields.int("slotId", 0, SLOT_ID_MAX),
    fromGroupId: fields.int("fromGroupId", 0, GROUP_ID_MAX),
    toGroupId: fields.int("toGroupId", 1, GROUP_ID_MAX),
    keys: fields.int("keys", 0, COUNT_MAX),
    bytes: fields.int("bytes", 0, COUNT_MAX),
  };
}

function decodeSpeed(fields: RecordReader): OperationSpeed {
  return {
    keysPerSecond: fields.int("keysPerSecond", 0, COUNT_MAX),
    bytesPerSecond: fields.int("bytesPerSecond", 0, COUNT_MAX),
    // Records of earlier releases have none.
    p99GuardMs: fields.has("p99GuardMs") ? fields.int("p99GuardMs", 0, P99_GUARD_MS_MAX) : 0,
  };
}

function decodeEvent(fields: RecordReader): OperationEvent {
  return { atMs: fields.int("atMs", 0, COUNT_MAX), text: fields.text("text") };
}

function decodeProgress(fields: RecordReader): OperationProgress {
  const count = (name: keyof OperationProgress): number => fields.int(name, 0, COUNT_MAX);
  return {
    slotsTotal: count("slotsTotal"),
    slotsDone: count("slotsDone"),
    slotsMoving: count("slotsMoving"),
    keysMoved: count("keysMoved"),
    // Records of earlier releases have none.
    keysOnAccess: fields.has("keysOnAccess") ? count("keysOnAccess") : 0,
    bytesMoved: count("bytesMoved"),
    keysTotal: count("keysTotal"),
    bytesTotal: count("bytesTotal"),
    keysPerSecond: count("keysPerSecond"),
    bytesPerSecond: count("bytesPerSecond"),
    etaMs: fields.int("etaMs", -1, COUNT_MAX),
    longestStallMs: count("longestStallMs"),
    longestHoldMs: count("longestHoldMs"),
    retries: count("retries"),
    staleKeys: count("staleKeys"),
  };
}
