/** The place where a text stops being JSON. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findJsonFault } from "../../../src/base/json-position.ts";

describe("findJsonFault", () => {
  test.each([
    ["", 1, 1, "expected a value, but the text ends"],
    ["[1,]", 1, 4, 'expected a value, found "]"'],
    ['[\n  {"id": 1}\n  {"id": 2}\n]', 3, 3, "expected ',' or ']', found \"{\""],
    ['{"a" 1}', 1, 6, "expected ':' after the field name, found \"1\""],
    ["{a: 1}", 1, 2, 'expected a field name in double quotes, found "a"'],
    ['{"a": 1', 1, 8, "expected ',' or '}', but the text ends"],
    ['["abc', 1, 6, "the text ends inside a string"],
    ['["a\\x"]', 1, 4, "a string has a bad escape or a control character"],
    ['["a\nb"]', 1, 4, "a string has a bad escape or a control character"],
    ["[1] 2", 1, 5, "there is more text after the end of the JSON value"],
    ["[01]", 1, 3, "expected ',' or ']', found \"1\""],
    ["[tru]", 1, 2, 'expected a value, found "t"'],
  ])("%p", (text, line, column, problem) => {
    expect(findJsonFault(text)).toEqual({ line, column, problem });
  });

  test("very deep nesting is a fault and not a crash", () => {
    expect(findJsonFault("[".repeat(100_000))?.problem).toBe("nested deeper than 500 levels");
  });

  test("agrees with the runtime's parser on whole and on damaged texts", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom("", ",", '"', "}", "\\", "0", "\u0001", "\n", "x"),
        (value, at, damage) => {
          const text = JSON.stringify(value, undefined, 1);
          const place = at % (text.length + 1);
          const damaged = text.slice(0, place) + damage + text.slice(place + damage.length);
          expect(findJsonFault(damaged) === undefined).toBe(isJson(damaged));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
