/** Keys of slots in a row. */
import { expect, test } from "bun:test";
import { sumOfKeys } from "../../../src/model/slot-keys.ts";

test("a sum is known only when every part is", () => {
  expect(sumOfKeys([1, 2, null, 4], { from: 0, to: 1 })).toBe(3);
  expect(sumOfKeys([1, 2, null, 4], { from: 1, to: 3 })).toBeNull();
  expect(sumOfKeys([1], { from: 0, to: 1 })).toBeNull();
  expect(sumOfKeys([0], { from: 0, to: 0 })).toBe(0);
});
