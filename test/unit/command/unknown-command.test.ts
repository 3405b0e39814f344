/**
 * What COMMAND INFO must say of an unknown command so that it is forwarded: keys at fixed positions, and
 * nothing that concerns the connection or the server as a whole.
 * Method: one harmless description, and one change at a time.
 */
import { expect, test } from "bun:test";
import { unknownCommandKeys } from "../../../src/command/unknown-command.ts";

const READ = { firstKey: 1, lastKey: 1, keyStep: 1, flags: ["readonly", "module", "fast"] };

test("a command with keys at fixed positions is forwarded with these positions", () => {
  const mget = { ...READ, lastKey: -2 };
  expect(unknownCommandKeys(mget)).toEqual({
    canForward: true,
    firstKey: 1,
    lastKey: -2,
    keyStep: 1,
    isWrite: false,
  });
});

test("a command that isn't flagged readonly counts as a write, also without any flag", () => {
  expect(unknownCommandKeys({ ...READ, flags: ["write"] })).toMatchObject({ isWrite: true });
  expect(unknownCommandKeys({ ...READ, flags: [] })).toMatchObject({ isWrite: true });
});

test.each([
  ["no key", { firstKey: 0, lastKey: 0, keyStep: 0 }],
  ["a negative first key", { firstKey: -1 }],
  ["no step", { keyStep: 0 }],
  ["a last key before the first", { firstKey: 3, lastKey: 2 }],
  ["keys that move", { flags: ["write", "movablekeys"] }],
  ["a flag that blocks", { flags: ["blocking"] }],
  ["a flag of pub/sub", { flags: ["pubsub"] }],
  ["a flag of administration", { flags: ["admin", "readonly"] }],
])("a command with %s is refused, with a reason", (_name, change) => {
  const verdict = unknownCommandKeys({ ...READ, ...change });
  expect(verdict).toEqual({ canForward: false, reason: expect.stringMatching(/^\w/) });
});
