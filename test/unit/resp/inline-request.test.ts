/**
 * Inline requests: words, quotes and escapes as Redis splits them (the vectors were answered by a real
 * server, see `component/protocol`), and their encoding in array form.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeRequest, splitInline } from "../../../src/resp/inline-request.ts";
import { parseRequest } from "../../support/fake-redis.ts";
import { printSeed, SEED } from "../../support/seed.ts";

printSeed("inline-request");

function split(line: string): string[] | undefined {
  const bytes = Buffer.from(line, "latin1");
  return splitInline(bytes, 0, bytes.length)?.map((word) => word.toString("latin1"));
}

describe("a line is split", () => {
  const vectors: readonly (readonly [string, readonly string[] | undefined])[] = [
    ["", []],
    ["  \t\r\n", []],
    ["PING", ["PING"]],
    ["  SET  a\tb\r\n", ["SET", "a", "b"]],
    ['"a b" c', ["a b", "c"]],
    ["'a b' c", ["a b", "c"]],
    ['""', [""]],
    ["''", [""]],
    ['"\\x41\\x0a\\xfF"', ["A\n\xff"]],
    ['"\\xg1\\x1"', ["xg1x1"]],
    ['"\\n\\r\\t\\b\\a\\\\\\"\\q"', ['\n\r\t\b\x07\\"q']],
    ["'it\\'s \\n'", ["it's \\n"]],
    ['a"b c"', ["ab c"]],
    ["a'b c' d", ["ab c", "d"]],
    ["a\x0bb\x0c", ["a\x0bb\x0c"]],
    ["\x0b\x0ca", ["a"]],
    ["'a'\x0c", ["a"]],
    ["\xe9\xff", ["\xe9\xff"]],
    ['"a', undefined],
    ["'a", undefined],
    ['"a\\"', undefined],
    ["'a\\'", undefined],
    ['"a"b', undefined],
    ["'a''b'", undefined],
    ['"', undefined],
    ['"a\\', undefined],
  ];
  for (const [line, words] of vectors) {
    test(JSON.stringify(line), () => expect(split(line)).toEqual(words as string[]));
  }

  test("only between the given positions", () => {
    const bytes = Buffer.from('xx"a\\x41"yy');
    expect(splitInline(bytes, 2, 9)?.map(String)).toEqual(["aA"]);
    expect(splitInline(bytes, 2, 8)).toBeUndefined();
    expect(splitInline(Buffer.from("'a\\''"), 0, 4)).toBeUndefined();
  });
});

test("any words come back when they are quoted with every byte escaped", () => {
  const words = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(words, (given) => {
      const line = given
        .map((word) => `"${[...word].map((byte) => `\\x${hex(byte)}`).join("")}"`)
        .join(" ");
      expect(split(line)).toEqual(given.map((word) => Buffer.from(word).toString("latin1")));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("any words become one request of array form", () => {
  const words = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(words, (given) => {
      const frame = encodeRequest(given);
      const parsed = parseRequest(frame);
      expect(parsed?.end).toBe(frame.length);
      expect(parsed?.argv.map((argument) => new Uint8Array(argument))).toEqual(given);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
