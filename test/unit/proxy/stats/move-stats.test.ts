/** Figures of keys moved on access: added up over workers, and over the processes of one. */
import { expect, test } from "bun:test";
import { addMoves, MoveStats, NO_MOVES } from "../../../../src/proxy/stats/move-stats.ts";

test("what grows and what waits adds up; the longest wait is the longest", () => {
  const [a, b] = [new MoveStats(), new MoveStats()];
  a.keysMoved = 3;
  b.keysMoved = 4;
  a.tryAgains = 1;
  for (const outcome of ["moved", "moved", "nothing"] as const) a.countMigrate(outcome);
  b.countMigrate("in-doubt");
  for (const ms of [5, 70, 6]) a.noteWait(ms);
  b.noteWait(20);
  const sum = addMoves(addMoves(NO_MOVES, a.figures(2)), b.figures(1));
  expect(sum).toEqual({
    ...NO_MOVES,
    keysMoved: 7,
    migrates: { moved: 2, nothing: 1, "in-doubt": 1 },
    tryAgains: 1,
    waiting: 3,
    longestWaitMs: 70,
  });
});

test("figures that were given don't change afterwards", () => {
  const stats = new MoveStats();
  const before = stats.figures(0);
  stats.countMigrate("moved");
  stats.doubts++;
  expect(before).toEqual(NO_MOVES);
});
