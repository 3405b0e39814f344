/** Errors are told apart by code. */
import { expect, test } from "bun:test";
import { AssertionError, assert } from "../../../src/base/assert.ts";
import { CodisError, isCodisError, messageOf, systemCodeOf } from "../../../src/base/error.ts";

test("a CodisError keeps code, cause and context", () => {
  const cause = new Error("low");
  const error = new CodisError("PORT_IN_USE", "high", { cause, context: { port: 1 } });
  expect([error.code, error.cause, error.context, error.name]).toEqual([
    "PORT_IN_USE",
    cause,
    { port: 1 },
    "CodisError",
  ]);
  expect("cause" in new CodisError("USAGE", "x")).toBe(false);
});

test("isCodisError looks at the codes that are asked for", () => {
  const error: unknown = new CodisError("USAGE", "x");
  expect(isCodisError(error)).toBe(true);
  expect(isCodisError(error, "PORT_IN_USE", "USAGE")).toBe(true);
  expect(isCodisError(error, "PORT_IN_USE")).toBe(false);
  expect(isCodisError(new Error("x"))).toBe(false);
});

test("systemCodeOf and messageOf take anything", () => {
  expect(systemCodeOf(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe("ENOENT");
  expect(systemCodeOf(new CodisError("USAGE", "x"))).toBeUndefined();
  expect(systemCodeOf("ENOENT")).toBeUndefined();
  expect([messageOf(new Error("a")), messageOf(5)]).toEqual(["a", "5"]);
});

test("assert throws a sentence", () => {
  expect(() => assert(true, "never")).not.toThrow();
  expect(() => assert(1 > 2, "one is more than two")).toThrow(AssertionError);
  expect(() => assert(false, "one is more than two")).toThrow("one is more than two");
});
