/** Failures become exit codes and lines; names that aren't commands become hints. */
import { expect, test } from "bun:test";
import { CodisError, ERROR_CODES, type ErrorCode } from "../../../src/base/error.ts";
import { describeFailure, EXIT, exitCodeOf } from "../../../src/cli/exit-code.ts";
import { describeUnknown, describeUsage, SUBCOMMANDS } from "../../../src/cli/subcommand.ts";

test("every error code has an exit code other than 0", () => {
  const known = new Set<number>(Object.values(EXIT));
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const exit = exitCodeOf(new CodisError(code, "x"));
    expect(exit).not.toBe(0);
    expect(known.has(exit)).toBe(true);
  }
  expect(exitCodeOf(new CodisError("USAGE", "x"))).toBe(64);
  expect(exitCodeOf(new TypeError("x"))).toBe(70);
});

test("an expected failure is one line, a defect comes with its trace", () => {
  const expected = new CodisError("PORT_IN_USE", "port 1 is in use");
  expect(describeFailure("codis up", expected)).toBe("codis up: port 1 is in use\n");
  expect(describeFailure("codis up", new TypeError("boom"))).toMatch(
    /defect[\s\S]*TypeError: boom/,
  );
});

test("a slip gets the nearest name, and the help names every command", () => {
  expect(describeUnknown("prxy")).toContain("did you mean proxy?");
  expect(describeUnknown("zzzzzzzzz")).toContain("codis --help");
  for (const { name, summary } of SUBCOMMANDS) {
    expect(describeUsage()).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
  }
});
