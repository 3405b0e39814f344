/** Speeds in the history of an operation: sizes for people, with a code, also those of earlier releases. */
import { expect, test } from "bun:test";
import { createOperation, setOperationSpeed } from "../../../src/model/change/operation.ts";
import { UNLIMITED } from "../../../src/model/operation/operation.ts";
import { phraseOf } from "../../../src/model/phrase/phrase.ts";

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
  // As an earlier release has stored it.
  expect(phraseOf("speed: 7 bytes/s")?.code).toBe("op.bytes");
});
