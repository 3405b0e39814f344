/**
 * When a slot is empty: one full cycle that began after the slot came and met nothing of it.
 */
import { describe, expect, test } from "bun:test";
import { SlotLedger } from "../../../../src/dashboard/migration/mover/slot-ledger.ts";

describe("a slot is empty", () => {
  test("when a whole cycle has met none of its keys, and is wanted no more then", () => {
    const ledger = new SlotLedger(1024);
    ledger.add([1, 2, 3]);
    ledger.beginCycle();
    ledger.meet(2);
    expect(ledger.endCycle()).toEqual([1, 3]);
    expect([1, 2, 3].map((id) => ledger.isWanted(id))).toEqual([false, true, false]);
    expect(ledger.size).toBe(1);
    ledger.beginCycle();
    expect(ledger.endCycle()).toEqual([2]);
    expect(ledger.size).toBe(0);
  });

  test("not by a cycle that had begun before it came", () => {
    const ledger = new SlotLedger(1024);
    ledger.add([1]);
    ledger.beginCycle();
    ledger.add([2, 1]);
    expect(ledger.isWanted(2)).toBe(true);
    expect(ledger.endCycle()).toEqual([1]);
    ledger.beginCycle();
    expect(ledger.endCycle()).toEqual([2]);
  });

  test("not by a cycle that was abandoned", () => {
    const ledger = new SlotLedger(1024);
    ledger.add([1]);
    ledger.beginCycle();
    ledger.abandonCycle();
    expect(ledger.endCycle()).toEqual([]);
    expect(ledger.isWanted(1)).toBe(true);
  });

  test("not when it was taken away and came again in the middle of the cycle", () => {
    const ledger = new SlotLedger(1024);
    ledger.add([1, 2]);
    ledger.beginCycle();
    ledger.remove([1, 5]);
    expect(ledger.size).toBe(1);
    ledger.add([1]);
    expect(ledger.endCycle()).toEqual([2]);
    expect(ledger.isWanted(1)).toBe(true);
  });
});
