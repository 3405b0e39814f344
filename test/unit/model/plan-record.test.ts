/** An operation as the text of its node: read back as it was, and refused with the field that is wrong. */
import { expect, test } from "bun:test";
import { createOperation, settleSlots, withEvent } from "../../../src/model/change/operation.ts";
import { OPERATION_EVENTS_MAX, type Operation } from "../../../src/model/operation/operation.ts";
import {
  decodeOperation,
  decodeSwitches,
  encodeOperation,
  encodeSwitches,
  operationNumberOf,
} from "../../../src/model/operation/operation-record.ts";
import { catchError } from "../../support/caught-error.ts";

const move = { slotId: 5, fromGroupId: 0, toGroupId: 2, keys: 7, bytes: 900 };
const operation = createOperation(
  {
    id: "op-12",
    origin: "auto",
    strategy: "memory",
    planId: "p-3-4",
    moves: [move],
    speed: { keysPerSecond: 10, bytesPerSecond: 0, p99GuardMs: 8 },
    bigKeyRule: "last",
  },
  1_700_000_000_000,
  "made",
);

function decode(changes: Readonly<Record<string, unknown>> = {}): Operation {
  const fields: unknown = JSON.parse(encodeOperation(operation));
  return decodeOperation({ ...(fields as object), ...changes }, "node", "op-12");
}

test("is read back as it was", () => {
  const after = settleSlots(withEvent(operation, 5, "an event with \u00e4\u4e2d"), [5]);
  expect(decodeOperation(JSON.parse(encodeOperation(after)), "node", "op-12")).toEqual(after);
  expect(decode({ later: "field" })).toEqual(operation);
  // As an earlier release has written it.
  const { speed } = decode({ speed: { keysPerSecond: 10, bytesPerSecond: 0 } });
  expect(speed).toEqual({ keysPerSecond: 10, bytesPerSecond: 0, p99GuardMs: 0 });
  const switches = { intervalUs: 1_000_000, isDisabled: true };
  expect(decodeSwitches(JSON.parse(encodeSwitches(switches)), "node")).toEqual(switches);
});

test.each([
  [{ id: "op-13" }, "node: id: expected op-12"],
  [{ state: "jumping" }, "node: state: expected one of waiting, running"],
  [{ strategy: "" }, "node: strategy: expected one of slots"],
  [{ moves: [{ ...move, slotId: 4_096 }] }, "node: moves[0].slotId: expected a whole number"],
  [{ moves: "all" }, "node: moves: expected a list"],
  [{ doneSlotIds: [1.5] }, "node: doneSlotIds: expected a list of whole numbers"],
  [
    { speed: { ...operation.speed, p99GuardMs: 60_001 } },
    "node: speed.p99GuardMs: expected a whole number from 0",
  ],
  [{ progress: { etaMs: -2 } }, "node: progress.etaMs: expected a whole number from -1"],
  [{ events: [{ atMs: 1, text: 2 }] }, "node: events[0].text: expected a text"],
] as const)("%j is refused", (changes, message) => {
  const error = catchError(() => decode(changes));
  expect(error.code).toBe("MODEL_INVALID");
  expect(error.message).toStartWith(message);
});

test("numbers of ids", () => {
  expect(["op-1", "op-012", "op-", "x-1", "op-1e3"].map(operationNumberOf)).toEqual([
    1,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("history is bounded, and so is a line of it", () => {
  let full = operation;
  for (let count = 0; count < OPERATION_EVENTS_MAX + 20; count += 1) {
    full = withEvent(full, count, `${count} ${"long ".repeat(200)}`);
  }
  expect(full.events).toHaveLength(OPERATION_EVENTS_MAX);
  expect(full.events.at(-1)?.text.startsWith("119 ")).toBe(true);
  expect(Math.max(...full.events.map(({ text }) => text.length))).toBe(300);
});
