/**
 * The window of slots that move at once: slots that have been begun with come first, pending ones as far as there is
 * room, those of a pair that rests leave their place to others.
 */
import { expect, test } from "bun:test";
import type { DirectionWait } from "../../../src/dashboard/migration/contract.ts";
import { slotsToBegin } from "../../../src/dashboard/migration/window.ts";
import { createSlotActions, withSlot } from "../../../src/model/change/slot.ts";
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
  expect(slotsToBegin(now, ids, { parallelSlots: 3, isResting, turning: [] })).toEqual([4, 1, 2]);
  expect(slotsToBegin(now, ids, { parallelSlots: 1, isResting, turning: [] })).toEqual([4]);
  expect(slotsToBegin(now, ids, { parallelSlots: 100, isResting, turning: [] })).toEqual([
    4, 1, 2, 3, 5,
  ]);
});

test("a slot that rests leaves its place to others", () => {
  const rests = (id: number): boolean => id <= 2;
  expect(slotsToBegin(ordered, ids, { parallelSlots: 2, isResting: rests, turning: [] })).toEqual([
    3, 4,
  ]);
});

test("slots that would go back between two groups wait for all that go there", () => {
  const both = createSlotActions(sampleTopology(), [
    { id: 1, groupId: 2 },
    { id: 600, groupId: 1 },
    { id: 2, groupId: 2 },
  ]);
  const options = { parallelSlots: 100, isResting, turning: [] };
  expect(slotsToBegin(both, [1, 600, 2], options)).toEqual([1, 2]);
  expect(slotsToBegin(both, [600, 1, 2], options)).toEqual([600]);
  // One that is under way decides, also when it is only turned round.
  expect(slotsToBegin(prepareSlots(both, [2]), [600, 1, 2], options)).toEqual([2, 1]);
  expect(slotsToBegin(both, [600, 1], { ...options, turning: [2] })).toEqual([1]);
  // Slots that rest don't keep others waiting.
  expect(slotsToBegin(both, [1, 600], { ...options, isResting: (id) => id === 1 })).toEqual([600]);
});

test("slots wait for half-moved ones of a paused operation too, that go the other way or close a ring", () => {
  const both = createSlotActions(sampleTopology(), [
    { id: 1, groupId: 2 },
    { id: 600, groupId: 1 },
    { id: 2, groupId: 2 },
  ]);
  const slot = both.slots[1];
  if (slot === undefined) {
    throw new Error("there is no slot 1");
  }
  const paused = withSlot(both, { ...slot, action: { ...slot.action, state: "migrating" } });
  const waits: unknown[] = [];
  const options = {
    parallelSlots: 100,
    isResting,
    turning: [],
    onWaits: (all: readonly unknown[]) => void waits.push(...all),
  };
  expect(slotsToBegin(paused, [600, 2], options)).toEqual([2]);
  expect(waits).toEqual([
    {
      slotId: 600,
      direction: { sourceId: 2, targetId: 1 },
      behind: { sourceId: 1, targetId: 2 },
    },
  ]);
});

test("says which slots wait for others that go the other way, and that none does", () => {
  const both = createSlotActions(sampleTopology(), [
    { id: 1, groupId: 2 },
    { id: 600, groupId: 1 },
  ]);
  const told: (readonly DirectionWait[])[] = [];
  const onWaits = (waits: readonly DirectionWait[]): void => void told.push(waits);
  const options = { isResting, turning: [], onWaits };
  slotsToBegin(both, [1, 600], { ...options, parallelSlots: 100 });
  slotsToBegin(both, [600], { ...options, parallelSlots: 100 });
  // Without a place it would wait anyway.
  slotsToBegin(both, [1, 600], { ...options, parallelSlots: 1 });
  const direction = { sourceId: 2, targetId: 1 };
  expect(told).toEqual([
    [{ slotId: 600, direction, behind: { sourceId: 1, targetId: 2 } }],
    [],
    [],
  ]);
});
