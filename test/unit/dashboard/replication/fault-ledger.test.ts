/** Since when a fault is there, across looks, and what the log says about it. */
import { beforeEach, expect, test } from "bun:test";
import { silentLog } from "../../../../src/base/log.ts";
import { FaultLedger } from "../../../../src/dashboard/availability/replication/fault-ledger.ts";
import type { FoundFault } from "../../../../src/dashboard/availability/replication/replication-faults.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const DOWN: FoundFault = {
  code: "REPLICA_DOWN",
  groupId: 1,
  addr: "r:1",
  stored: "replica of m:1",
  real: "no answer",
  isMendable: false,
  text: "r:1 is down",
};
const BROKEN: FoundFault = { ...DOWN, code: "LINK_BROKEN", text: "r:1 has no link" };
const NOBODY = (): boolean => false;

let clock: FakeClock;
let lines: string[];
let ledger: FaultLedger;

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  const note = (event: string): number => lines.push(event);
  ledger = new FaultLedger(clock, { ...silentLog, warn: note, info: note });
});

test("a fault keeps its beginning, and is logged once when it comes and once when it goes", () => {
  const beganMs = clock.nowMs();
  ledger.update([DOWN], NOBODY);
  clock.advance(1_000);
  ledger.update([{ ...DOWN, real: "still no answer" }], NOBODY);
  expect(ledger.shown).toMatchObject([{ sinceMs: beganMs, real: "still no answer" }]);
  clock.advance(1_000);
  ledger.update([], NOBODY);
  ledger.update([], NOBODY);
  expect(ledger.shown).toEqual([]);
  expect(lines).toEqual(["replication.fault", "replication.well"]);
  ledger.update([DOWN], NOBODY);
  expect(ledger.shown[0]?.sinceMs).toBe(beganMs + 2_000);
});

test("what may be over in a moment isn't shown, nor logged, before it has lasted", () => {
  ledger.update([BROKEN], NOBODY);
  clock.advance(2_900);
  ledger.update([BROKEN], NOBODY);
  expect(ledger.shown).toEqual([]);
  expect(ledger.ageMs(BROKEN)).toBe(2_900);
  ledger.update([], NOBODY);
  expect(lines).toEqual([]);
  ledger.update([BROKEN], NOBODY);
  clock.advance(3_000);
  ledger.update([BROKEN], NOBODY);
  expect(ledger.shown).toHaveLength(1);
  expect(ledger.isShown(BROKEN)).toBe(true);
});

test("while the group gets another master its faults rest: not shown, neither new nor over", () => {
  const beganMs = clock.nowMs();
  ledger.update([DOWN], NOBODY);
  clock.advance(1_000);
  ledger.update([], (groupId) => groupId === 1);
  expect(ledger.shown).toEqual([]);
  clock.advance(1_000);
  ledger.update([DOWN], NOBODY);
  expect(ledger.shown[0]?.sinceMs).toBe(beganMs);
  expect(lines).toEqual(["replication.fault"]);
});

test("the wall clock may jump: ages don't", () => {
  ledger.update([BROKEN], NOBODY);
  clock.setWallClock(clock.nowMs() + 3_600_000);
  clock.advance(1_000);
  ledger.update([BROKEN], NOBODY);
  expect(ledger.ageMs(BROKEN)).toBe(1_000);
  expect(ledger.shown).toEqual([]);
});
