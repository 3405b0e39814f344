/** Numbers, rates and spans of time for people: units, and the borders between them. */
import { expect, test } from "bun:test";
import { formatAmount, formatSpeed, formatTimeSpan } from "../../../src/cli/figure.ts";

test("a span of time has its two largest units", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [1_499, "1 s"],
    [59_400, "59 s"],
    [59_600, "1m00s"],
    [80_000, "1m20s"],
    [185_000, "3m05s"],
    [3_599_400, "59m59s"],
    [3_599_900, "1h00m"],
    [9_600_000, "2h40m"],
    [86_400_000, "1d00h"],
    [367_200_000, "4d06h"],
  ];
  for (const [ms, text] of cases) {
    expect([ms, formatTimeSpan(ms)]).toEqual([ms, text]);
  }
});

test("an amount keeps three digits, and never says 1000 of a unit", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [9_999, "9999"],
    [10_000, "10.0k"],
    [123_456, "123k"],
    [999_400, "999k"],
    [999_600, "1.00M"],
    [1_250_000, "1.25M"],
    [12_000_000_000, "12.0G"],
    [5e15, "5000T"],
  ];
  for (const [amount, text] of cases) {
    expect([amount, formatAmount(amount)]).toEqual([amount, text]);
  }
  expect(formatSpeed(61_234, 4 * 1024 * 1024)).toBe("61.2k keys/s, 4.0 MB/s");
});
