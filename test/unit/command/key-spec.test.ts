/**
 * `findKeys` on hand-written requests: what COMMAND GETKEYS can't show (commands of later releases,
 * repeated options, cut-off requests, words that hide behind a NUL), and the growth of `out`.
 * `generated-table.test.ts` compares the rest with a real server.
 */
import { describe, expect, test } from "bun:test";
import { findKeys, findRangeKeys, KEYS_INVALID } from "../../../src/command/key-spec.ts";
import { COMMANDS, findCommandId } from "../../../src/command/table.ts";
import { requestOf } from "./request.ts";

/** Key arguments of a request; `name` is the command's, subcommands as `container|sub`. */
function keysOf(name: string, ...args: readonly string[]): string[] | "invalid" {
  const words = [...name.split("|"), ...args];
  const { buffer, argOffsets, argCount } = requestOf(words);
  const out = new Int32Array(argCount);
  const id = findCommandId(name);
  expect([name, id]).not.toEqual([name, -1]);
  const count = findKeys(id, buffer, argOffsets, argCount, out);
  return count === KEYS_INVALID ? "invalid" : Array.from(out.subarray(0, count), (i) => words[i]!);
}

/** As `keysOf` for a request in one line. */
function keysOfLine(line: string): string[] | "invalid" {
  const [name, ...args] = line.split(" ");
  return keysOf(name!, ...args);
}

describe("findKeys", () => {
  test.each([
    ["get k", "k"],
    ["mget a b c", "a b c"],
    ["mset a 1 b 2", "a b"],
    ["msetnx a 1 b 2", "a b"],
    ["bitop AND d a b", "d a b"],
    ["rename a b", "a b"],
    ["smove a b m", "a b"],
    ["copy a b REPLACE", "a b"],
    ["lcs a b LEN", "a b"],
    ["pfmerge d a", "d a"],
    ["lmove a b LEFT RIGHT", "a b"],
    ["sinterstore d a b", "d a b"],
    ["zrangestore d s 0 -1", "d s"],
    ["geosearchstore d s FROMMEMBER m BYRADIUS 1 m", "d s"],
    ["object|encoding k", "k"],
    ["memory|usage k SAMPLES 5", "k"],
    ["xgroup|create s g $", "s"],
    ["xinfo|stream s FULL", "s"],
    ["zunionstore d 2 a b WEIGHTS 1 2", "d a b"],
    ["zinterstore d 1 a", "d a"],
    ["zdiffstore d 2 a b", "d a b"],
    ["zunion 2 a b WITHSCORES", "a b"],
    ["sintercard 2 a b LIMIT 3", "a b"],
    ["lmpop 2 a b LEFT", "a b"],
    ["blmpop 0 2 a b LEFT", "a b"],
    ["zmpop 1 a MIN", "a"],
    ["blpop a b 0", "a b"],
    ["eval s 2 a b c", "a b"],
    ["fcall f 1 a c", "a"],
    ["evalsha_ro x 1 a", "a"],
    ["pfdebug ENCODING k", "k"],
    ["slotsrestore a 0 x b 0 y", "a b"],
    // Commands of later releases, which the server of these tests doesn't know.
    ["msetex 2 a 1 b 2 EX 10", "a b"],
    ["hexpire h 10 FIELDS 1 f", "h"],
    ["hsetex h EX 10 FIELDS 1 f v", "h"],
    ["hgetdel h FIELDS 1 f", "h"],
    ["vadd v VALUES 1 0.5 e", "v"],
    ["vsim v ELE e", "v"],
    ["xackdel s g KEEPREF IDS 1 1-1", "s"],
    ["delex k IFEQ v", "k"],
    ["arset a 0 x y", "a"],
    ["increx k EX 10", "k"],
    ["lmovem a b LEFT RIGHT COUNT 2 OBO", "a b"],
    ["blmovem a b LEFT RIGHT 0", "a b"],
    ["sunioncard 2 a b APPROX", "a b"],
    ["sdiffcard 2 a b LIMIT 1", "a b"],
    ["himport|set k fields v", "k"],
  ])("finds the keys of %s", (line, keys) => {
    expect(keysOfLine(line)).toEqual(keys.split(" "));
  });

  test.each(["eval s 0 a b", "evalsha x 0", "fcall f 0 a", "ping", "script|load x", "lolwut"])(
    "finds no key in %s",
    (line) => {
      expect(keysOfLine(line)).toEqual([]);
    },
  );

  test.each([
    "zunionstore d 0 a",
    "zunion 0 a",
    "lmpop 3 a LEFT",
    "msetex 2 a 1 b",
    "mset a 1 b",
    "msetnx a",
    "slotsrestore a 0 x b",
    "eval s",
    "eval s -1 a",
    "blpop a",
    "get",
    "xread COUNT 1",
    "xread STREAMS",
    "xread STREAMS a b 0",
    "xread STREAMS a",
    "xreadgroup GROUP g streams x",
  ])("says that %s gives no keys", (line) => {
    expect(keysOfLine(line)).toBe("invalid");
  });

  test("finds every STORE of SORT, and no STORE that is another option's argument", () => {
    expect(keysOfLine("sort k STORE d")).toEqual(["k", "d"]);
    expect(keysOfLine("sort k STORE d ASC store e")).toEqual(["k", "d", "e"]);
    expect(keysOfLine("sort k BY store GET store LIMIT store x STORE d")).toEqual(["k", "d"]);
    expect(keysOfLine("sort k STORE store STORE by")).toEqual(["k", "store", "by"]);
    expect(keysOfLine("sort k STORE")).toEqual(["k"]);
    expect(keysOfLine("sort_ro k STORE d")).toEqual(["k"]);
  });

  test("finds both kinds of STORE of GEORADIUS, behind its fixed arguments only", () => {
    expect(keysOfLine("georadius k 1 2 3 km STORE d")).toEqual(["k", "d"]);
    expect(keysOfLine("georadius k 1 2 3 km STORE d storedist e")).toEqual(["k", "d", "e"]);
    expect(keysOfLine("georadius k 1 2 3 km COUNT 5 ANY STORE d")).toEqual(["k", "d"]);
    expect(keysOfLine("georadiusbymember k store 3 km STORE d")).toEqual(["k", "d"]);
    expect(keysOfLine("georadiusbymember k m store km")).toEqual(["k"]);
    expect(keysOfLine("georadius_ro k 1 2 3 km STORE d")).toEqual(["k"]);
  });

  test("sees an option that hides behind a NUL byte, as Redis does", () => {
    expect(keysOf("sort", "k", "STORE\0x", "d")).toEqual(["k", "d"]);
    expect(keysOf("georadius", "k", "1", "2", "3", "km", "store\0", "d")).toEqual(["k", "d"]);
    expect(keysOf("xread", "streams\0", "k", "0")).toEqual(["k"]);
    expect(keysOf("sort", "k", "STOREx", "d")).toEqual(["k"]);
  });

  test("finds STREAMS behind any options, and not among their arguments", () => {
    expect(keysOfLine("xread BLOCK 0 COUNT 2 STREAMS a b 0 0")).toEqual(["a", "b"]);
    expect(keysOfLine("xread MAXCOUNT 1 MAXSIZE 9 STREAMS a 0")).toEqual(["a"]);
    expect(keysOfLine("xreadgroup GROUP streams streams NOACK STREAMS a >")).toEqual(["a"]);
    expect(keysOfLine("xreadgroup COUNT 1 GROUP g streams CLAIM 5 streams a >")).toEqual(["a"]);
    expect(keysOfLine("xread STREAMS streams 0")).toEqual(["streams"]);
  });

  test("finds the keys of both forms of MIGRATE", () => {
    expect(keysOfLine("migrate h 1 k 0 10")).toEqual(["k"]);
    expect(keysOfLine("migrate h 1 k 0 10 KEYS a")).toEqual(["k"]);
    expect(keysOf("migrate", "h", "1", "", "0", "10", "AUTH", "keys", "KEYS", "a", "b")).toEqual([
      "a",
      "b",
    ]);
    expect(keysOf("migrate", "h", "1", "", "0", "10", "COPY")).toEqual([""]);
    expect(keysOf("migrate", "h", "1", "", "0", "10", "KEYS")).toBe("invalid");
  });

  test("answers the whole count when the array is too small, and writes only what fits", () => {
    const { buffer, argOffsets, argCount } = requestOf(["mget", "a", "b", "c", "d"]);
    const out = new Int32Array(2);
    expect(findKeys(findCommandId("mget"), buffer, argOffsets, argCount, out)).toBe(4);
    expect([...out]).toEqual([1, 2]);
    const larger = new Int32Array(4);
    expect(findKeys(findCommandId("mget"), buffer, argOffsets, argCount, larger)).toBe(4);
    expect([...larger]).toEqual([1, 2, 3, 4]);
  });

  test("names no argument that isn't there, for any command and count that its arity allows", () => {
    for (const { id, name, arity } of COMMANDS) {
      const head = name.split("|");
      const least = Math.max(0, Math.abs(arity) - head.length);
      for (let extra = least; extra < least + 9; extra++) {
        const words = [...head, ...Array.from({ length: extra }, () => "1")];
        const { buffer, argOffsets, argCount } = requestOf(words);
        const out = new Int32Array(argCount);
        const count = findKeys(id, buffer, argOffsets, argCount, out);
        expect(count).toBeLessThanOrEqual(argCount);
        for (const index of out.subarray(0, Math.max(0, count))) {
          expect([words, index > 0 && index < argCount]).toEqual([words, true]);
        }
      }
    }
  });
});

describe("findRangeKeys", () => {
  const out = new Int32Array(8);

  test("counts a negative last argument from the end", () => {
    expect(findRangeKeys(1, -2, 1, 5, out)).toBe(3);
    expect([...out.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  test("refuses an empty range and half a step", () => {
    expect(findRangeKeys(2, -1, 1, 2, out)).toBe(KEYS_INVALID);
    expect(findRangeKeys(1, 3, 1, 3, out)).toBe(KEYS_INVALID);
    expect(findRangeKeys(1, -1, 2, 4, out)).toBe(KEYS_INVALID);
  });
});
