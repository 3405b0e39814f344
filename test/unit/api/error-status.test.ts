/** The HTTP status of every error code of `/api/v1`. */
import { expect, test } from "bun:test";
import { statusOf, titleOf } from "../../../src/api/error-status.ts";
import { ERROR_CODES, type ErrorCode } from "../../../src/base/error.ts";

test("every code has a status of HTTP with its words", () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const status = statusOf(code);
    expect([code, status >= 400 && status <= 599, titleOf(status) !== "Error"]).toEqual([
      code,
      true,
      true,
    ]);
  }
});

test("what a caller did wrong is 4xx, what others did is 5xx", () => {
  expect(
    ["BODY_INVALID", "NOT_FOUND", "FORBIDDEN", "REVISION_OUTDATED"].map((code) =>
      statusOf(code as ErrorCode),
    ),
  ).toEqual([400, 404, 403, 412]);
  expect(statusOf("COORDINATOR_UNREACHABLE")).toBe(503);
  expect(statusOf("SERVER_UNREACHABLE")).toBe(502);
});
