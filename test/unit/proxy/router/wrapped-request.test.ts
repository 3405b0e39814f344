/** Requests as their source is asked to carry them out. */
import { expect, test } from "bun:test";
import { findCommandId } from "../../../../src/command/table.ts";
import {
  isWrappable,
  retryDelayMs,
  wrapFrame,
} from "../../../../src/proxy/router/wrapped-request.ts";

test("the frame has the key and then the command, byte for byte", () => {
  const frame = Buffer.from("*3\r\n$3\r\nset\r\n$2\r\nk\xff\r\n$4\r\n\r\n\r\n\r\n", "latin1");
  expect(wrapFrame(frame, Buffer.from("k\xff", "latin1")).toString("latin1")).toBe(
    "*5\r\n$22\r\nSLOTSMGRT-EXEC-WRAPPER\r\n$2\r\nk\xff\r\n$3\r\nset\r\n$2\r\nk\xff\r\n$4\r\n\r\n\r\n\r\n",
  );
});

test("only commands of one key are wrapped, and no scripts", () => {
  const [one, two] = [[Buffer.from("a")], [Buffer.from("a"), Buffer.from("b")]];
  expect(isWrappable(findCommandId("set"), one)).toBe(true);
  expect(isWrappable(findCommandId("rename"), two)).toBe(false);
  expect(isWrappable(findCommandId("eval"), one)).toBe(false);
  expect(isWrappable(findCommandId("fcall"), one)).toBe(false);
  expect(isWrappable(findCommandId("get"), [])).toBe(false);
});

test("a request is tried again at once, then less often, 20 ms apart at most", () => {
  expect([1, 5, 6, 10, 25, 1_000].map(retryDelayMs)).toEqual([0, 0, 1, 5, 20, 20]);
});
