/** Failures become exit codes and lines; names that aren't commands become hints. */
import { expect, test } from "bun:test";
import { CodisError, ERROR_CODES, type ErrorCode } from "../../../src/base/error.ts";
import {
  describeExitCodes,
  describeFailure,
  EXIT,
  EXIT_MEANINGS,
  exitCodeOf,
} from "../../../src/cli/exit-code.ts";
import { describeUnknown, describeUsage, SUBCOMMANDS } from "../../../src/cli/subcommand.ts";

test("every error code has an exit code other than 0", () => {
  const known = new Set<number>(Object.values(EXIT));
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const exit = exitCodeOf(new CodisError(code, "x"));
    expect(exit).not.toBe(0);
    expect(known.has(exit)).toBe(true);
  }
  expect(exitCodeOf(new TypeError("x"))).toBe(70);
});

test("the numbers that scripts rely on", () => {
  const numbers: readonly (readonly [ErrorCode, number])[] = [
    ["USAGE", 64],
    ["NOT_FOUND", 1],
    ["ALREADY_EXISTS", 1],
    ["STATE_CONFLICT", 1],
    ["SERVER_UNREACHABLE", 1],
    ["NOT_SUPPORTED", 69],
    ["REMOTE_UNREACHABLE", 69],
    ["COORDINATOR_UNREACHABLE", 69],
    ["NOT_LEADER", 69],
    ["NOT_ONLINE", 69],
    ["INTERNAL", 70],
    ["PORT_IN_USE", 71],
    ["UNAUTHENTICATED", 77],
    ["FORBIDDEN", 77],
    ["XAUTH_INVALID", 77],
    ["COORDINATOR_REFUSED", 77],
    ["CONFIG_INVALID", 78],
    ["CLUSTER_DIR_INVALID", 78],
  ];
  for (const [code, exit] of numbers) {
    expect(exitCodeOf(new CodisError(code, "x"))).toBe(exit);
  }
  for (const [name, exit] of Object.entries(EXIT)) {
    const meaning = EXIT_MEANINGS[name as keyof typeof EXIT];
    expect(describeExitCodes()).toContain(`${exit}`.padEnd(4) + meaning);
  }
  expect(describeUsage()).toContain(describeExitCodes());
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
