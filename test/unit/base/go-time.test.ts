/** Time as Go prints it. */
import { expect, test } from "bun:test";
import { formatGoTime } from "../../../src/base/go-time.ts";

test("zeros at the end of the fraction are left out, and the point with them", () => {
  const second = Date.UTC(2026, 10, 21, 7, 1, 13);
  expect(formatGoTime(second + 117)).toBe("2026-11-21 07:01:13.117 +0000 UTC");
  expect(formatGoTime(second + 120)).toBe("2026-11-21 07:01:13.12 +0000 UTC");
  expect(formatGoTime(second)).toBe("2026-11-21 07:01:13 +0000 UTC");
  expect(formatGoTime(second - 13_000 + 10_000)).toBe("2026-11-21 07:01:10 +0000 UTC");
});

test("the monotonic part is added when it is known", () => {
  expect(formatGoTime(Date.UTC(2026, 0, 1), 0.059995724)).toBe(
    "2026-01-01 00:00:00 +0000 UTC m=+0.059995724",
  );
});
