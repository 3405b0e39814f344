/** The sums of moves for the metrics: only what happened under this leader, and never less than before. */
import { expect, test } from "bun:test";
import { MoveCount } from "../../../../../src/dashboard/admin/reign/move-count.ts";
import { FakeLeader } from "../../../../support/fake-dashboard-control.ts";

const MOVE = { slotId: 3, fromGroupId: 1, toGroupId: 2, keys: 10, bytes: 100 };

test("what earlier leaders moved isn't counted", () => {
  const leader = new FakeLeader();
  leader.migration.add([MOVE]);
  leader.migration.setProgress("op-1", { keysMoved: 100, longestStallMs: 9, retries: 2 });
  const count = new MoveCount(leader);
  leader.migration.setProgress("op-1", { keysMoved: 130, longestStallMs: 9, retries: 2 });
  expect(count.sums()).toMatchObject({ keysMoved: 30, longestStallMs: 0, retries: 0 });
  leader.migration.setProgress("op-1", { longestStallMs: 11, longestHoldMs: 1, bytesMoved: 5 });
  expect(count.sums()).toMatchObject({ longestStallMs: 11, longestHoldMs: 1, bytesMoved: 5 });
});

test("operations add up, also those that have ended", () => {
  const leader = new FakeLeader();
  const count = new MoveCount(leader);
  for (const [index, keys] of [5, 7].entries()) {
    leader.migration.add([MOVE]);
    const id = `op-${index + 1}`;
    leader.migration.setProgress(id, {
      keysMoved: keys - 1,
      staleKeys: 1,
      longestHoldMs: 10 - keys,
    });
    leader.migration.set({
      ...leader.migration.setProgress(id, { keysMoved: keys }),
      state: "done",
    });
  }
  expect(count.sums()).toMatchObject({ keysMoved: 12, staleKeys: 2, longestHoldMs: 5 });
});

test("a figure that falls takes nothing away", () => {
  const leader = new FakeLeader();
  const count = new MoveCount(leader);
  leader.migration.add([MOVE]);
  leader.migration.setProgress("op-1", { keysMoved: 10 });
  leader.migration.setProgress("op-1", { keysMoved: 4 });
  expect(count.sums().keysMoved).toBe(10);
  count.close();
  leader.migration.setProgress("op-1", { keysMoved: 400 });
  expect([count.sums().keysMoved, leader.migration.listenerCount]).toEqual([10, 0]);
});
