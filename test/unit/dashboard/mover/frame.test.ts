/**
 * Commands as bytes and replies in masses: the same bytes as the encoder of `src/resp`, keys untouched.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeForKeys,
  encodeFrame,
  keyCommand,
  readInteger,
  readScanPage,
  readText,
} from "../../../../src/dashboard/migration/mover/frame.ts";
import { arrayValue, bulkValue, encodeCommand, encodeReply } from "../../../../src/resp/encode.ts";

const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array));

test("a frame is what the encoder of src/resp makes", () => {
  const argument = fc.oneof(fc.string({ unit: "grapheme" }), bytes);
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 30 }), (args) => {
      expect(encodeFrame(args)).toEqual(encodeCommand(args));
    }),
  );
});

test("a command for each key, behind what goes before", () => {
  fc.assert(
    fc.property(fc.array(bytes), (keys) => {
      const before = encodeCommand(["SCAN", "0"]);
      const expected = keys.map((key) => encodeCommand(["MEMORY", "USAGE", key]));
      const frame = encodeForKeys(keyCommand("MEMORY", "USAGE"), keys, before);
      expect(frame).toEqual(Buffer.concat([before, ...expected]));
    }),
  );
});

test("a page of SCAN", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.array(bytes), (cursor, keys) => {
      const page = arrayValue([bulkValue(`${cursor}`), arrayValue(keys.map(bulkValue))]);
      expect(readScanPage(encodeReply(page, 2))).toEqual({ cursor: `${cursor}`, keys });
    }),
  );
  for (const other of ["-LOADING Redis is loading\r\n", "*1\r\n$1\r\n0\r\n", ":1\r\n", ""]) {
    expect(readScanPage(Buffer.from(other))).toBeUndefined();
  }
});

test("integers, and what isn't one", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (number) => {
      expect(readInteger(Buffer.from(`:${number}\r\n`))).toBe(number + 0);
    }),
  );
  expect(readInteger(Buffer.from("$-1\r\n"))).toBeUndefined();
  expect(readInteger(Buffer.from("-ERR no\r\n"))).toBeUndefined();
});

test("texts of all kinds", () => {
  expect(readText(Buffer.from("+OK\r\n"))).toBe("OK");
  expect(readText(Buffer.from("-IOERR error\r\n"))).toBe("IOERR error");
  expect(readText(Buffer.from("$5\r\na\r\nb \r\n"))).toBe("a\r\nb ");
  expect(readText(Buffer.from(":5\r\n"))).toBe("");
});
