/** What is told of operations, and when: changes at once, progress once a second, the newest last. */
import { beforeEach, expect, test } from "bun:test";
import {
  OperationNews,
  PROGRESS_MS,
} from "../../../../../src/dashboard/admin/reign/operation-news.ts";
import { UNLIMITED } from "../../../../../src/model/operation/operation.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { FakeLeader } from "../../../../support/fake-dashboard-control.ts";
import type { FakeMigration } from "../../../../support/fake-migration-control.ts";

const MOVE = { slotId: 3, fromGroupId: 1, toGroupId: 2, keys: 10, bytes: 100 };

let clock: FakeClock;
let migration: FakeMigration;
let news: OperationNews;
let told: string[];

beforeEach(() => {
  clock = new FakeClock();
  const leader = new FakeLeader();
  migration = leader.migration;
  told = [];
  news = new OperationNews(leader, clock, ({ id, state, progress }) => {
    told.push(`${id} ${state} ${progress.keysMoved}`);
  });
});

/** What was told since the last call. */
function take(): readonly string[] {
  return told.splice(0);
}

test("progress is told once a second, the newest of it, and nothing when nothing happens", () => {
  migration.add([MOVE]);
  expect(take()).toEqual(["op-1 running 0"]);
  for (let keys = 1; keys <= 20; keys++) {
    clock.advance(100);
    migration.setProgress("op-1", { keysMoved: keys });
  }
  expect(take()).toEqual(["op-1 running 9", "op-1 running 19"]);
  clock.advance(PROGRESS_MS);
  expect(take()).toEqual(["op-1 running 20"]);
  clock.advance(10 * PROGRESS_MS);
  expect(take()).toEqual([]);
  migration.setProgress("op-1", { keysMoved: 21 });
  expect(take()).toEqual(["op-1 running 21"]);
});

test("what somebody did is told at once, and the progress that waits isn't told again", () => {
  migration.add([MOVE]);
  migration.setProgress("op-1", { keysMoved: 1 });
  const operation = migration.getOperation("op-1");
  take();
  migration.set({ ...operation, speed: { ...UNLIMITED, keysPerSecond: 5 } });
  const guarded = { keysPerSecond: 2, reason: "slowed", isSlowed: true };
  migration.set({ ...migration.getOperation("op-1"), guarded });
  migration.set({ ...migration.getOperation("op-1"), isSelfPaused: true });
  migration.set({ ...migration.getOperation("op-1"), isRollback: true });
  migration.set({ ...migration.getOperation("op-1"), state: "cancelling" });
  expect(take()).toHaveLength(5);
  clock.advance(10 * PROGRESS_MS);
  expect(take()).toEqual([]);
});

test("a reason that changes many times a second waits like progress", () => {
  migration.add([MOVE]);
  take();
  for (let index = 0; index < 100; index++) {
    migration.set({ ...migration.getOperation("op-1"), reason: `slot ${index}` });
  }
  expect(take()).toEqual([]);
  clock.advance(PROGRESS_MS);
  expect(take()).toHaveLength(1);
});

test("operations don't wait for one another, and the end is told at once", () => {
  migration.add([MOVE]);
  migration.add([MOVE]);
  expect(take()).toEqual(["op-1 running 0", "op-2 running 0"]);
  migration.setProgress("op-1", { keysMoved: 1 });
  migration.set({ ...migration.getOperation("op-1"), state: "done" });
  expect(take()).toEqual(["op-1 done 1"]);
  clock.advance(10 * PROGRESS_MS);
  expect(take()).toEqual([]);
});

test("nothing is told after the end", () => {
  migration.add([MOVE]);
  migration.setProgress("op-1", { keysMoved: 1 });
  take();
  news.close();
  clock.advance(10 * PROGRESS_MS);
  migration.setProgress("op-1", { keysMoved: 2 });
  expect([take(), migration.listenerCount]).toEqual([[], 0]);
});
