/** Byte sizes as Codis writes them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatByteSize, parseByteSize } from "../../../src/base/byte-size.ts";

describe("parseByteSize", () => {
  test.each([
    ["0", 0],
    ["123", 123],
    ["5b", 5],
    ["1k", 1024],
    ["128kb", 131_072],
    ["1mb", 1_048_576],
    ["1024MB", 1_073_741_824],
    ["1.5g", 1_610_612_736],
    [".5kb", 512],
    ["2 tb", 2_199_023_255_552],
    ["1pb", 1_125_899_906_842_624],
    [" 64kb ", 65_536],
    ["-1kb", -1024],
    ["1.0001k", 1024],
  ])("reads %p as %p bytes", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each(["", "kb", "12zz", "1kbb", "1 2", "0x10", "1e3", "NaN", "1,5k", "9000pb", "kb1"])(
    "refuses %p",
    (text) => {
      expect(parseByteSize(text)).toBeUndefined();
    },
  );
});

test("formatByteSize uses the largest unit that divides", () => {
  expect([0, 1, 1024, 1500, 1_073_741_824, 3 * 1_048_576].map(formatByteSize)).toEqual([
    "0",
    "1",
    "1kb",
    "1500",
    "1gb",
    "3mb",
  ]);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
      expect(parseByteSize(formatByteSize(bytes))).toBe(bytes);
    }),
  );
});
