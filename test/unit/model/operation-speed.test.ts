/** Speeds in the history of an operation: sizes for people, with a code, also those of earlier releases. */
import { expect, test } from "bun:test";
import {
  changeSpeed,
  createOperation,
  setOperationSpeed,
} from "../../../src/model/change/operation.ts";
import { P99_GUARD_MS_MAX, UNLIMITED } from "../../../src/model/operation/operation.ts";
import { phraseOf } from "../../../src/model/phrase/phrase.ts";
import { catchError } from "../../support/caught-error.ts";

const OPERATION = createOperation(
  {
    id: "op-1",
    origin: "plan",
    strategy: "slots",
    planId: "p-1-1",
    moves: [],
    speed: UNLIMITED,
    bigKeyRule: "move",
  },
  0,
  "made",
);

test("a limit is told in the words of people", () => {
  const texts = [
    { keysPerSecond: 0, bytesPerSecond: 10_485_760 },
    { keysPerSecond: 500, bytesPerSecond: 1_536 },
    { keysPerSecond: 7, bytesPerSecond: 0 },
  ].map((speed) => setOperationSpeed(OPERATION, speed, 1).events.at(-1)?.text ?? "");
  expect(texts).toEqual(["speed: 10.0 MB/s", "speed: 500 keys/s and 1.5 KB/s", "speed: 7 keys/s"]);
  expect(texts.map((text) => phraseOf(text))).toEqual([
    { code: "op.size", params: { size: "10.0 MB" } },
    { code: "op.keys-and-size", params: { keys: "500", size: "1.5 KB" } },
    { code: "op.keys", params: { keys: "7" } },
  ]);
  const guarded = setOperationSpeed(OPERATION, { p99GuardMs: 8 }, 1).events.at(-1)?.text ?? "";
  expect(guarded).toBe("p99 guard 8 ms, speed: no limit");
  expect(phraseOf(guarded)).toEqual({
    code: "op.guarded",
    params: { ms: "8", limit: { code: "op.unlimited", params: {} } },
  });
  // As an earlier release has stored it.
  expect(phraseOf("speed: 7 bytes/s")?.code).toBe("op.bytes");
});

test("what isn't in a change stays, and numbers out of their bounds are refused", () => {
  const speed = { keysPerSecond: 7, bytesPerSecond: 9, p99GuardMs: 8 };
  expect(changeSpeed(speed, {})).toEqual(speed);
  expect(changeSpeed(speed, { keysPerSecond: 0, p99GuardMs: undefined })).toEqual({
    ...speed,
    keysPerSecond: 0,
  });
  for (const p99GuardMs of [-1, 0.5, P99_GUARD_MS_MAX + 1, Number.NaN]) {
    const { code, message } = catchError(() => changeSpeed(speed, { p99GuardMs }));
    expect(code).toBe("ARGUMENT_INVALID");
    expect(message).toBe(
      `invalid p99 guard ${p99GuardMs}, expected whole milliseconds from 0 (off) to 60000`,
    );
  }
});
