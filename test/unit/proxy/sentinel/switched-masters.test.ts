/** Slots with the masters that sentinels have switched. */
import { expect, test } from "bun:test";
import { offlineSlot, type SlotRecord } from "../../../../src/model/slot.ts";
import { SwitchedMasters } from "../../../../src/proxy/sentinel/switched-masters.ts";

const [OLD, NEW, OTHER] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.1.1:6379"] as const;

const served: SlotRecord = {
  ...offlineSlot(3),
  backendAddr: OLD,
  backendAddrGroupId: 1,
  replicaGroups: [[OLD], [NEW, OLD]],
};
const moving: SlotRecord = {
  ...offlineSlot(4),
  locked: true,
  backendAddr: OTHER,
  backendAddrGroupId: 2,
  migrateFrom: OLD,
  migrateFromGroupId: 1,
  replicaGroups: [],
};

function switched(): SwitchedMasters {
  const masters = new SwitchedMasters();
  masters.pushed([served, moving, offlineSlot(5)]);
  masters.heard(new Map([[1, { addr: NEW, epoch: 2 }]]));
  return masters;
}

test("the new master serves, and the old one is no longer read from", () => {
  expect(switched().apply(served)).toEqual({
    ...served,
    backendAddr: NEW,
    replicaGroups: [[NEW]],
  });
});

test("a slot that moves has the new source, and stays locked", () => {
  expect(switched().apply(moving)).toEqual({ ...moving, migrateFrom: NEW });
});

test("slots of nobody, and of groups that weren't switched, are the same objects", () => {
  const masters = switched();
  const offline = offlineSlot(5);
  expect(masters.apply(offline)).toBe(offline);
  const other = { ...served, backendAddr: OTHER, backendAddrGroupId: 2 };
  expect(masters.apply(other)).toBe(other);
});

test("a group is known by the slots that come from it, too", () => {
  const masters = new SwitchedMasters();
  masters.pushed([moving]);
  expect(masters.namedAddr(1)).toBe(OLD);
  expect(masters.namedAddr(2)).toBe(OTHER);
});
