/** Slots in a row. */
import { expect, test } from "bun:test";
import { formatRanges, spansOf } from "../../../src/model/slot-range.ts";

test("ids in a row become one range", () => {
  expect(spansOf([])).toEqual([]);
  expect(spansOf([5])).toEqual([{ from: 5, to: 5 }]);
  expect(spansOf([0, 1, 2, 7, 9, 10])).toEqual([
    { from: 0, to: 2 },
    { from: 7, to: 7 },
    { from: 9, to: 10 },
  ]);
});

test("ranges as text", () => {
  expect(formatRanges([0, 1, 2, 7, 9, 10])).toBe("0-2,7,9-10");
  expect(formatRanges([])).toBe("");
});
