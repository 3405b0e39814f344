/** The list of differences and its page: current, about real commands, and each rule able to complain. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { COMMANDS } from "../../src/command/table.ts";
import { comparisonOf, DIFFERENCES, refusalOf } from "./differential/difference.ts";
import { differencesPage, readPage } from "./differential/page.ts";
import { slotOfKey } from "./differential/slot.ts";
import { WALKS } from "./differential/walk.ts";

test("docs/differences.md is current (else: bun test/system/differential/page.ts)", () => {
  expect(readPage(join(import.meta.dirname, "../.."))).toBe(differencesPage());
});

test("every difference is about served commands and has one rule", () => {
  const served = COMMANDS.filter(({ route }) => route !== "refused" && route !== "not-yet");
  const names = new Set(served.map((entry) => entry.name));
  for (const one of DIFFERENCES) {
    expect(one.commands.filter((name) => !names.has(name))).toEqual([]);
    const rules = [one.compare, one.refuses, one.walk].filter((rule) => rule !== undefined);
    expect([one.commands, rules.length]).toEqual([one.commands, 1]);
    if (one.walk !== undefined) expect(Object.keys(WALKS)).toContain(one.walk);
  }
});

test("no rule forgives an error in place of a reply", () => {
  for (const one of DIFFERENCES) {
    const wrong = one.compare?.(Buffer.from("-ERR x\r\n"), Buffer.from("*0\r\n"), ["X", "Y", "Z"]);
    expect([one.commands, typeof wrong]).toEqual([
      one.commands,
      one.compare === undefined ? "undefined" : "string",
    ]);
  }
});

/** Whether the rule of a command finds fault with two replies. */
function complains(command: string, ours: string, theirs: string, ...argv: string[]): boolean {
  const compare = comparisonOf(command);
  return compare?.(Buffer.from(ours), Buffer.from(theirs), [command, ...argv]) !== undefined;
}

test("rules allow what they say and nothing more", () => {
  expect(complains("smembers", "*2\r\n:1\r\n:2\r\n", "*2\r\n:2\r\n:1\r\n")).toBe(false);
  expect(complains("smembers", "*2\r\n:1\r\n:1\r\n", "*2\r\n:2\r\n:1\r\n")).toBe(true);
  expect(complains("smembers", "~1\r\n:1\r\n", "*1\r\n:1\r\n")).toBe(true);
  expect(
    complains("hgetall", "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\r\n:3\r\n:4\r\n:1\r\n:2\r\n"),
  ).toBe(false);
  expect(
    complains("hgetall", "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\r\n:1\r\n:4\r\n:3\r\n:2\r\n"),
  ).toBe(true);
  expect(complains("ttl", ":100\r\n", ":101\r\n")).toBe(false);
  expect(complains("ttl", ":100\r\n", ":104\r\n")).toBe(true);
  expect(complains("ttl", ":-1\r\n", ":1\r\n")).toBe(true);
  expect(complains("script|exists", "*1\r\n:0\r\n", "*1\r\n:1\r\n")).toBe(false);
  expect(complains("script|exists", "*1\r\n:1\r\n", "*1\r\n:0\r\n")).toBe(true);
  expect(complains("select", "-ERR one\r\n", "-ERR other\r\n")).toBe(false);
  expect(complains("select", "+OK\r\n", "-ERR other\r\n")).toBe(true);
  expect(complains("info", "$13\r\ndb0:keys=1,expires=0\r\n\r\n", "$0\r\n\r\n")).toBe(true);
});

test("refusals are expected for the requests that they name, and for no others", () => {
  expect(refusalOf("copy", ["COPY", "a", "b", "DB", "1"])).toBeDefined();
  expect(refusalOf("copy", ["COPY", "a", "b", "DB"])).toBeUndefined();
  expect(refusalOf("sort", ["SORT", "{a}k", "BY", "{a}w*"])).toBeUndefined();
  expect(refusalOf("sort", ["SORT", "{a}k", "BY", "{b}w*"])).toBeDefined();
  expect(refusalOf("sort", ["SORT", "{a}k", "BY", "nosort", "GET", "#"])).toBeUndefined();
  expect(refusalOf("sort", ["SORT", "{a}k", "BY", "w*_{a}"])).toBeDefined();
  expect(refusalOf("xread", ["XREAD", "BLOCK", "0", "STREAMS", "k", "1"])).toBeDefined();
  expect(refusalOf("xread", ["XREAD", "STREAMS", "block", "block2", "1", "1"])).toBeUndefined();
});

test("slots are those of Codis", () => {
  expect(["a", "{a}x", "b", "c", "{}x", "a{{b}c"].map(slotOfKey)).toEqual([
    579,
    579,
    1017,
    879,
    0,
    slotOfKey("{b"),
  ]);
});
