/** What counts as a difference between the desired slots and the answer of an original proxy. */
import { describe, expect, test } from "bun:test";
import { findSlotDifference } from "../../../../src/dashboard/fleet/slot-comparison.ts";
import { offlineSlot, type SlotRecord, slotToJson } from "../../../../src/model/slot.ts";

const RULES = { addr: "127.0.0.1:11080", isPrimaryOnly: false };
const SLOT: SlotRecord = {
  ...offlineSlot(5),
  backendAddr: "10.0.0.1:6379",
  backendAddrGroupId: 1,
  migrateFrom: "10.0.0.2:6379",
  migrateFromGroupId: 2,
  forwardMethod: 1,
  replicaGroups: [["10.0.0.3:6379"]],
};

function differenceTo(has: Partial<SlotRecord>, rules = RULES): string | undefined {
  return findSlotDifference([SLOT], [slotToJson({ ...SLOT, ...has })], rules);
}

describe("the answer of an original proxy", () => {
  test("that has the desired slots, and others, is no difference", () => {
    expect(differenceTo({})).toBeUndefined();
    expect(findSlotDifference([], [slotToJson(SLOT)], RULES)).toBeUndefined();
    expect(findSlotDifference([offlineSlot(7)], [], RULES)).toBeUndefined();
  });

  test("differs in any field", () => {
    const changes: Partial<SlotRecord>[] = [
      { locked: true },
      { backendAddr: "10.0.0.9:6379" },
      { backendAddrGroupId: 9 },
      { migrateFrom: "" },
      { migrateFromGroupId: 9 },
      { forwardMethod: 0 },
      { replicaGroups: [] },
    ];
    for (const change of changes) {
      expect(differenceTo(change)).toStartWith(`slot 5: ${Object.keys(change)[0]} is `);
    }
    expect(differenceTo({ locked: true })).toBe("slot 5: locked is true, should be false");
  });

  test("needn't have what an original leaves out", () => {
    expect(differenceTo({ replicaGroups: [] }, { ...RULES, isPrimaryOnly: true })).toBeUndefined();
    const empty = { ...SLOT, backendAddr: "", migrateFrom: "" };
    const has = slotToJson({ ...empty, backendAddrGroupId: 0, migrateFromGroupId: 0 });
    expect(findSlotDifference([empty], [has], RULES)).toBeUndefined();
  });

  test("that lacks a slot, or is nonsense, is a difference", () => {
    expect(findSlotDifference([SLOT], [], RULES)).toContain("slot 5: backendAddr");
    expect(findSlotDifference([SLOT], { slots: 1 }, RULES)).toContain("127.0.0.1:11080");
  });
});
