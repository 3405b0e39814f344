/** Which sync action comes next: begun ones first, then by index; groups that are promoted wait. */
import { expect, test } from "bun:test";
import { nextSyncTask } from "../../../../src/dashboard/group/sync-executor.ts";
import { serverTopology } from "../../../support/server-topology.ts";

const groups = { 1: ["a:1", "a:2", "a:3"], 2: ["b:1", "b:2"] };

test("nothing ordered, nothing to do; what has ended isn't done again", () => {
  expect(nextSyncTask(serverTopology({ groups }))).toBeUndefined();
  const actions = { "a:2": [1, "synced"], "b:2": [2, "synced_failed"] } as const;
  expect(nextSyncTask(serverTopology({ groups, actions }))).toBeUndefined();
});

test("the lowest index is first, over all groups", () => {
  const actions = { "a:2": [7, "pending"], "a:3": [5, "pending"], "b:2": [3, "pending"] } as const;
  expect(nextSyncTask(serverTopology({ groups, actions }))).toEqual({
    addr: "b:2",
    groupId: 2,
    masterAddr: "b:1",
    state: "pending",
  });
});

test("what was begun goes before what waits", () => {
  const actions = { "a:2": [1, "pending"], "b:2": [0, "syncing"] } as const;
  expect(nextSyncTask(serverTopology({ groups, actions }))).toMatchObject({
    addr: "b:2",
    state: "syncing",
  });
});

test("the first server of a group is to be a master", () => {
  const actions = { "a:1": [1, "pending"] } as const;
  expect(nextSyncTask(serverTopology({ groups, actions }))).toMatchObject({
    addr: "a:1",
    masterAddr: undefined,
  });
});

test("a group that gets another master waits", () => {
  const actions = { "a:2": [1, "pending"], "b:2": [2, "pending"] } as const;
  const topology = serverTopology({ groups, actions });
  const group = topology.groups.get(1);
  const promoting = { index: 1, state: "preparing" } as const;
  const changed = new Map(topology.groups);
  if (group !== undefined) {
    changed.set(1, { ...group, promoting });
  }
  expect(nextSyncTask({ ...topology, groups: changed })?.addr).toBe("b:2");
});
