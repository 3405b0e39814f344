/**
 * Directions in which keys go at the same time: never in a ring of any length, since each server of a ring would wait
 * for the next one.
 */
import { expect, test } from "bun:test";
import { Directions } from "../../../src/dashboard/migration/directions.ts";
import { NO_SLOT_ACTION } from "../../../src/model/slot-mapping.ts";

function slot(groupId: number, targetId: number): Parameters<Directions["add"]>[0] {
  return { groupId, action: { ...NO_SLOT_ACTION, index: 1, state: "pending", targetId } };
}

test("two groups don't send to each other", () => {
  const directions = new Directions();
  expect(directions.add(slot(1, 2))).toBe(true);
  expect(directions.add(slot(2, 1))).toBe(false);
  expect(directions.add(slot(1, 2))).toBe(true);
});

test("a longer ring isn't closed; what joins it from outside may go", () => {
  const directions = new Directions();
  expect(directions.add(slot(1, 2))).toBe(true);
  expect(directions.add(slot(2, 3))).toBe(true);
  expect(directions.add(slot(3, 4))).toBe(true);
  expect(directions.add(slot(4, 1))).toBe(false);
  expect(directions.add(slot(3, 2))).toBe(false);
  expect(directions.add(slot(5, 1))).toBe(true);
  expect(directions.add(slot(1, 4))).toBe(true);
});

test("slots without a source, and those that don't move, wait for nobody", () => {
  const directions = new Directions();
  expect(directions.add(slot(1, 2))).toBe(true);
  expect(directions.add(slot(0, 1))).toBe(true);
  expect(directions.add({ groupId: 2, action: NO_SLOT_ACTION })).toBe(true);
  expect(directions.add(undefined)).toBe(true);
});

test("a slot that waits is told the first part of the way that stands in its way", () => {
  const directions = new Directions([slot(1, 2), slot(2, 3), slot(3, 4)]);
  const behind = (sourceId: number, targetId: number) =>
    directions.addOrWait(7, slot(sourceId, targetId))?.behind;
  expect(directions.addOrWait(7, slot(2, 1))).toEqual({
    slotId: 7,
    direction: { sourceId: 2, targetId: 1 },
    behind: { sourceId: 1, targetId: 2 },
  });
  expect(behind(4, 1)).toEqual({ sourceId: 1, targetId: 2 });
  expect(behind(4, 2)).toEqual({ sourceId: 2, targetId: 3 });
  expect(behind(1, 4)).toBeUndefined();
  expect(behind(4, 1)).toEqual({ sourceId: 1, targetId: 4 });
});
