/**
 * Argument checks of forwarded commands: what is refused, what isn't yet supported, and that everything
 * Redis would call a syntax error is let through.
 * Method: one request a line, and the code that dispatch gets for it.
 */
import { describe, expect, test } from "bun:test";
import {
  ARGUMENTS_BLOCKING,
  ARGUMENTS_OK,
  ARGUMENTS_OTHER_DATABASE,
  ARGUMENTS_PATTERN,
  checkArguments,
} from "../../../src/command/check.ts";
import { findCommandId } from "../../../src/command/table.ts";
import { requestOf } from "./request.ts";

function check(...words: readonly string[]): number {
  const { buffer, argOffsets, argCount } = requestOf(words);
  const id = findCommandId(words[0]!.toLowerCase());
  return checkArguments(id, buffer, argOffsets, argCount, 1023);
}

function checkLine(line: string): number {
  return check(...line.split(" "));
}

describe("COPY", () => {
  test.each(["copy a b", "copy a b REPLACE", "copy db db", "copy a b DB", "copy a db REPLACE"])(
    "lets %s through",
    (line) => {
      expect(checkLine(line)).toBe(ARGUMENTS_OK);
    },
  );

  test.each(["copy a b DB 1", "COPY a b replace db 0", "copy a b db db"])("refuses %s", (line) => {
    expect(checkLine(line)).toBe(ARGUMENTS_OTHER_DATABASE);
  });

  test("refuses a DB that hides behind a NUL byte, as Redis reads it", () => {
    expect(check("copy", "a", "b", "DB\0x", "1")).toBe(ARGUMENTS_OTHER_DATABASE);
  });
});

describe("SORT", () => {
  test.each([
    "sort k",
    "sort k BY nosort GET #",
    "sort k BY by DESC",
    "sort k LIMIT 0 10 ALPHA STORE d",
    "sort k GET fixed",
    "sort k STORE w_*",
    "sort k LIMIT by w_*",
    "sort k BY",
    "sort {t}k BY {t}w_* GET {t}o_*->field GET #",
    "sort k BY {k}w_*",
    "sort_ro {t}k BY x{t}_*",
  ])("lets %s through", (line) => {
    expect(checkLine(line)).toBe(ARGUMENTS_OK);
  });

  test.each([
    "sort k BY w_*",
    "sort k GET #_*",
    "sort k GET # GET o_*",
    "SORT_RO k by W_*",
    "sort {t}k BY {u}w_*",
    "sort {t}k BY *{t}",
    "sort {t}k BY w_*_{t}",
    "sort {t}k BY {t*}",
    "sort {t}k BY {*{t}",
    "sort {t}k BY t}w_*",
    "sort k BY nosort GET *",
  ])("refuses %s, whose keys may be in other slots", (line) => {
    expect(checkLine(line)).toBe(ARGUMENTS_PATTERN);
  });

  test("takes the empty tag for a tag, in the key and in the pattern", () => {
    expect(checkLine("sort {}k BY {}w_*")).toBe(ARGUMENTS_OK);
    expect(checkLine("sort k BY {}w_*")).toBe(ARGUMENTS_PATTERN);
  });

  test("refuses a BY that hides behind a NUL byte, as Redis reads it", () => {
    expect(check("sort", "k", "by\0", "w_*")).toBe(ARGUMENTS_PATTERN);
  });
});

describe("XREAD and XREADGROUP", () => {
  test.each([
    "xread STREAMS block 0",
    "xread COUNT 1 STREAMS a 0",
    "xread BLOCK",
    "xreadgroup GROUP block block STREAMS a >",
    "xreadgroup GROUP g c COUNT block STREAMS a >",
  ])("lets %s through", (line) => {
    expect(checkLine(line)).toBe(ARGUMENTS_OK);
  });

  test.each([
    "xread BLOCK 0 STREAMS a $",
    "xread COUNT 1 block 5 STREAMS a 0",
    "xreadgroup GROUP g c NOACK BLOCK 1 STREAMS a >",
    "xreadgroup BLOCK 1 GROUP g c STREAMS a >",
  ])("says that %s would block", (line) => {
    expect(checkLine(line)).toBe(ARGUMENTS_BLOCKING);
  });

  test("says so of a BLOCK that hides behind a NUL byte, as Redis reads it", () => {
    expect(check("xread", "Block\0", "0", "STREAMS", "a", "$")).toBe(ARGUMENTS_BLOCKING);
  });
});

test("commands without a check are always let through", () => {
  expect(checkLine("get BLOCK DB BY *")).toBe(ARGUMENTS_OK);
});
