/**
 * Keys of slots as levels: what a colour and an entry of the legend stand for.
 */
import { expect, test } from "bun:test";
import {
  countLevels,
  fullestOf,
  LEVEL_UNKNOWN,
  LEVELS,
  levelOf,
} from "../../../web/src/screens/slots/slot-heat.ts";
import { NO_SLOTS } from "../../../web/src/screens/slots/slot-map.ts";

test("a slot without keys is at level 0, the fullest one at the highest", () => {
  expect(levelOf(0, 1_000)).toBe(0);
  expect(levelOf(1, 1_000)).toBe(1);
  expect(levelOf(200, 1_000)).toBe(1);
  expect(levelOf(201, 1_000)).toBe(2);
  expect(levelOf(1_000, 1_000)).toBe(LEVELS);
  expect(levelOf(null, 1_000)).toBe(LEVEL_UNKNOWN);
  expect(levelOf(undefined, 0)).toBe(LEVEL_UNKNOWN);
  expect(levelOf(0, 0)).toBe(0);
});

test("every slot is in one entry of the legend, and its keys within the entry's bounds", () => {
  const keys = [0, null, 3, 7, 7, 10, 11, 23];
  const map = { ...NO_SLOTS, count: keys.length };
  const levels = countLevels(map, keys);
  expect(levels.reduce((sum, { slots }) => sum + slots, 0)).toBe(keys.length);
  for (const each of keys) {
    const found = levels.filter(({ level }) => level === levelOf(each, fullestOf(keys)));
    expect(found).toHaveLength(1);
    expect(each ?? 0).toBeGreaterThanOrEqual(found[0]?.from ?? Number.NaN);
    expect(each ?? 0).toBeLessThanOrEqual(found[0]?.to ?? Number.NaN);
  }
});
