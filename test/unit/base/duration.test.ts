/** Durations as Go writes them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDurationMs, parseDurationMs } from "../../../src/base/duration.ts";

describe("parseDurationMs", () => {
  test.each([
    ["0", 0],
    ["30", 30_000],
    ["1.5", 1500],
    ["30s", 30_000],
    ["1h15m", 4_500_000],
    ["1h15m30.918s", 4_530_918],
    ["500ms", 500],
    ["250us", 0.25],
    ["250\u00b5s", 0.25],
    ["250\u03bcs", 0.25],
    ["2500ns", 0.003],
    ["-2m", -120_000],
    [".5s", 500],
    ["75s", 75_000],
    [" 5m ", 300_000],
  ])("reads %p as %p ms", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each(["", "s", "30x", "1h 15m", "1d", "5M", "1s2", "--1s", "1..5s", "forever", "1h-5m"])(
    "refuses %p",
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );
});

test("formatDurationMs shows durations as Codis does", () => {
  expect([0, 1000, 75_000, 1_800_000, 7_200_000, 1500, 0.25].map(formatDurationMs)).toEqual([
    "0s",
    "1s",
    "75s",
    "30m",
    "2h",
    "1500ms",
    "250us",
  ]);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => {
      expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
    }),
  );
});
