/**
 * Command lookup: every name of the table is found in any case, and nothing else is.
 * Method: every name, and for every name all its neighbours by one byte; then random bytes against a
 * map. Names lie inside a chunk, so that a look outside is seen.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { lookupCommand, lookupSubcommand } from "../../../src/command/lookup.ts";
import { COMMANDS, commandName, findCommandId } from "../../../src/command/table.ts";

/** Looks up a name that lies inside a chunk. */
function lookup(name: string | Buffer): number {
  const bytes = typeof name === "string" ? Buffer.from(name, "latin1") : name;
  const buffer = Buffer.concat([Buffer.from("$3\r\nget"), bytes, Buffer.from("get\r\n")]);
  return lookupCommand(buffer, 7, 7 + bytes.length);
}

function lookupSub(container: string, name: string): number {
  const bytes = Buffer.from(name, "latin1");
  const buffer = Buffer.concat([Buffer.from("get"), bytes, Buffer.from("get\r\n")]);
  return lookupSubcommand(findCommandId(container), buffer, 3, 3 + bytes.length);
}

/** Every second letter in upper case. */
function mixedCase(name: string): string {
  return [...name].map((letter, i) => (i % 2 === 0 ? letter.toUpperCase() : letter)).join("");
}

const topLevel = COMMANDS.filter((entry) => !entry.name.includes("|"));
const children = COMMANDS.filter((entry) => entry.name.includes("|"));
const names = new Set(topLevel.map((entry) => entry.name));

describe("lookupCommand", () => {
  test("finds every command in lower, upper and mixed case", () => {
    for (const { name, id } of topLevel) {
      for (const spelling of [name, name.toUpperCase(), mixedCase(name)]) {
        expect([spelling, lookup(spelling)]).toEqual([spelling, id]);
      }
    }
  });

  test("finds no name with a letter more, a letter less or another letter", () => {
    for (const { name, id } of topLevel) {
      const near = [
        name.slice(1),
        name.slice(0, -1),
        `${name}x`,
        `x${name}`,
        `${name}\0`,
        ` ${name}`,
      ];
      for (let i = 0; i < name.length; i++) near.push(`${name.slice(0, i)}x${name.slice(i + 1)}`);
      for (const wrong of near) {
        const expected = names.has(wrong) ? findCommandId(wrong) : -1;
        expect([wrong, lookup(wrong)]).toEqual([wrong, expected]);
      }
      expect(lookup(name)).toBe(id);
    }
  });

  test("folds letters only: no other byte stands for one that differs in the case bit", () => {
    for (const { name } of topLevel) {
      const bytes = Buffer.from(name, "latin1");
      for (let i = 0; i < bytes.length; i++) {
        for (const bit of [0x20, 0x40, 0x80]) {
          const changed = Buffer.from(bytes);
          changed[i] = bytes[i]! ^ bit;
          const isOtherCase = bit === 0x20 && bytes[i]! >= 0x61 && bytes[i]! <= 0x7a;
          expect([changed, lookup(changed) >= 0]).toEqual([changed, isOtherCase]);
        }
      }
    }
  });

  test.each([
    "slotsmgrt-exec-wrapper",
    "SLOTSMGRT-ASYNC-CANCEL",
    "SlotsRestore-Async",
    "restore-asking",
    "host:",
  ])("finds %s, whose name has more than letters", (name) => {
    expect(commandName(lookup(name))).toBe(name.toUpperCase());
  });

  test("doesn't take a subcommand for a command", () => {
    expect(lookup("config|get")).toBe(-1);
    expect(lookup("|")).toBe(-1);
  });

  test("answers -1 for the empty name and for names over 64 bytes", () => {
    expect(lookup("")).toBe(-1);
    expect(lookup("g".repeat(64))).toBe(-1);
    expect(lookup("get".repeat(22))).toBe(-1);
    expect(lookup("x".repeat(100_000))).toBe(-1);
  });

  test("agrees with a map for random bytes", () => {
    const letter = fc.constantFrom(..."getsmhlpuxr-_:|GETS\0".split(""));
    fc.assert(
      fc.property(fc.array(letter, { maxLength: 8 }), (letters) => {
        const name = letters.join("");
        const expected = name.includes("|") ? -1 : findCommandId(name.toLowerCase());
        expect(lookup(name)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("lookupSubcommand", () => {
  test("finds every subcommand in lower, upper and mixed case", () => {
    for (const { name, id } of children) {
      const [container, sub] = name.split("|");
      for (const spelling of [sub!, sub!.toUpperCase(), mixedCase(sub!)]) {
        expect([name, spelling, lookupSub(container!, spelling)]).toEqual([name, spelling, id]);
      }
    }
  });

  test("doesn't find a subcommand of another container", () => {
    expect(lookupSub("config", "get")).toBe(findCommandId("config|get"));
    expect(lookupSub("slowlog", "set")).toBe(-1);
    expect(lookupSub("config", "doctor")).toBe(-1);
  });

  test("answers -1 for the empty name, a long one, a cut one, and for a command without subcommands", () => {
    expect(lookupSub("config", "")).toBe(-1);
    expect(lookupSub("config", "get".repeat(22))).toBe(-1);
    expect(lookupSub("config", "resetsta")).toBe(-1);
    expect(lookupSub("config", "get ")).toBe(-1);
    expect(lookupSub("get", "get")).toBe(-1);
    expect(lookupSub("get", "")).toBe(-1);
  });
});
