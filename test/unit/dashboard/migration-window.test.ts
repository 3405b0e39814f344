/**
 * The window of slots that move at once: slots that have been begun with come first, pending ones as far as there is
 * room, those of a pair that rests leave their place to others.
 */
import { expect, test } from "bun:test";
import { slotsToBegin } from "../../../src/dashboard/migration/window.ts";
import { createSlotActions } from "../../../src/model/change/slot.ts";
import { prepareSlots } from "../../../src/model/change/slot-step.ts";
import { sampleTopology } from "../../support/topology-sample.ts";

const ids = [1, 2, 3, 4, 5];
const ordered = createSlotActions(
  sampleTopology(),
  ids.map((id) => ({ id, groupId: 2 })),
);
const isResting = (): boolean => false;

test("holds no more slots than it has room for, those first that have been begun with", () => {
  const now = prepareSlots(ordered, [4]);
  expect(slotsToBegin(now, ids, { parallelSlots: 3, isResting })).toEqual([4, 1, 2]);
  expect(slotsToBegin(now, ids, { parallelSlots: 1, isResting })).toEqual([4]);
  expect(slotsToBegin(now, ids, { parallelSlots: 100, isResting })).toEqual([4, 1, 2, 3, 5]);
});

test("a slot that rests leaves its place to others", () => {
  const rests = (id: number): boolean => id <= 2;
  expect(slotsToBegin(ordered, ids, { parallelSlots: 2, isResting: rests })).toEqual([3, 4]);
});
