/** Medians, ranges and ratios by round. */
import { describe, expect, test } from "bun:test";
import { byRound, median, spreadOf } from "../../../bench/macro/statistic.ts";

describe("median", () => {
  test("is the middle value, whatever the order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  test("is the mean of the two in the middle for an even count", () => {
    expect(median([4, 1, 2, 100])).toBe(3);
  });

  test("is NaN for no values", () => {
    expect(median([])).toBeNaN();
  });
});

test("a spread has the lowest and the highest value", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([])).toBeUndefined();
});

test("series are combined by round, and rounds that one lacks are left out", () => {
  const ours = new Map([
    [1, 10],
    [2, 30],
    [4, 1],
  ]);
  const theirs = new Map([
    [2, 20],
    [1, 20],
    [3, 5],
  ]);
  expect(byRound(ours, theirs, (a, b) => a / b)).toEqual([0.5, 1.5]);
});
