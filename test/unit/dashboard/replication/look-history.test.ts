/** What several looks tell that one doesn't: whether a server is written to, and a lag that is never too large. */
import { expect, test } from "bun:test";
import { LookHistory } from "../../../../src/dashboard/availability/replication/look-history.ts";
import type { Sight } from "../../../../src/dashboard/availability/replication/sight.ts";
import { answering, following } from "../../../support/replication-sample.ts";

function at(sight: Sight, atMs: number): Sight {
  return { ...sight, atMs };
}

function historyOf(...looks: readonly (readonly Sight[])[]): LookHistory {
  const history = new LookHistory();
  for (const sights of looks) {
    history.update(new Map(sights.map((sight) => [sight.addr, sight])));
  }
  return history;
}

test("written to: its changes grew between two looks at one process", () => {
  const look = (changes: number, atMs: number, runId = "r"): readonly Sight[] => [
    at(answering("m:1", { changes, runId }), atMs),
  ];
  expect(historyOf(look(5, 1), look(6, 2)).isWritten("m:1")).toBe(true);
  expect(historyOf(look(5, 1), look(5, 2)).isWritten("m:1")).toBe(false);
  expect(historyOf(look(5, 1), look(5, 1)).isWritten("m:1")).toBe(false);
  expect(historyOf(look(0, 1), look(6, 2, "restarted")).isWritten("m:1")).toBe(false);
  expect(historyOf(look(6, 1), look(0, 2)).isWritten("m:1")).toBe(false);
  expect(historyOf().isWritten("m:1")).toBe(false);
});

test("a replica is compared with what its master had written before it was looked at", () => {
  const master = (offset: number, atMs: number): Sight => at(answering("m:1", { offset }), atMs);
  const replica = at(following("r:1", "m:1", { offset: 900 }), 150);
  const history = historyOf([master(1_000, 100)], [master(9_000, 200)]);
  expect(history.lagOf(replica, master(9_000, 200))).toBe(100);
  expect(history.lagOf({ ...replica, atMs: 250 }, master(9_000, 200))).toBe(8_100);
  expect(history.lagOf({ ...replica, atMs: 50 }, master(9_000, 200))).toBeUndefined();
});

test("offsets of two streams say nothing about each other", () => {
  const master = at(answering("m:1", { offset: 9_000 }), 100);
  const other = at(following("r:1", "m:1", { offset: 1, streamId: "another" }), 200);
  expect(historyOf([master]).lagOf(other, master)).toBeUndefined();
});

test("servers that are gone are forgotten", () => {
  const look = (changes: number, atMs: number): Sight => at(answering("m:1", { changes }), atMs);
  expect(historyOf([look(1, 1)], [], [look(2, 2)]).isWritten("m:1")).toBe(false);
});
