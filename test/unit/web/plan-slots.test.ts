/**
 * A plan on the slot map: owners before and after, looks and names of cells and rows, the way from one slot that
 * moves to the next; and files of plans.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type PlanFileReading, readPlanFile } from "../../../src/model/operation/plan-file.ts";
import {
  exportCommand,
  importCommand,
  planFileName,
} from "../../../web/src/screens/plans/plan-command.ts";
import {
  labelOfPlanRow,
  lookOfPlanCell,
  nextMoved,
  ownersOf,
  planSlotsOf,
} from "../../../web/src/screens/plans/plan-slots.ts";

const OWNERS = [1, 1, 1, 0, 2, 2, 0, 2] as const;
const MAP = {
  count: OWNERS.length,
  owners: Uint16Array.from(OWNERS),
  targets: Uint16Array.from(OWNERS, () => 0),
  states: Uint8Array.from(OWNERS, (owner) => (owner === 0 ? 0 : 1)),
};

function slotsOf(...ways: readonly (readonly [slot: number, from: number, to: number])[]) {
  const moves = ways.map(([slot_id, from_group_id, to_group_id]) => ({
    slot_id,
    from_group_id,
    to_group_id,
    keys: 1,
    bytes: 1,
  }));
  return planSlotsOf({ moves }, MAP);
}

describe("the map of a plan", () => {
  const slots = slotsOf([5, 2, 1], [1, 1, 2], [3, 0, 2], [900, 1, 2]);

  test("owners before and after", () => {
    expect(ownersOf(slots, 1)).toEqual({ before: 1, after: 2 });
    expect(ownersOf(slots, 3)).toEqual({ before: 0, after: 2 });
    expect(ownersOf(slots, 0)).toEqual({ before: 1, after: 1 });
    // Moved meanwhile: the plan says where it takes it from.
    expect(ownersOf(slotsOf([0, 2, 1]), 0)).toEqual({ before: 2, after: 1 });
    expect(slots.movedIds).toEqual([1, 3, 5]);
  });

  test("slots that move have an edge in every view; only they are filled in the first", () => {
    expect(lookOfPlanCell(slots, "moves", 0)).toEqual({
      classes: "slot-cell plan-stays",
      text: "",
      label: "Slot 0 stays in group 1",
    });
    expect(lookOfPlanCell(slots, "moves", 1)).toEqual({
      classes: "slot-cell hue-2 plan-moved",
      text: "2",
      label: "Slot 1 moves, group 1 to group 2",
    });
    expect(lookOfPlanCell(slots, "before", 1)).toMatchObject({
      classes: "slot-cell hue-1 plan-moved",
      text: "1",
    });
    expect(lookOfPlanCell(slots, "before", 3)).toEqual({
      classes: "slot-cell state-offline plan-moved",
      text: "×",
      label: "Slot 3 moves, offline to group 2",
    });
    expect(lookOfPlanCell(slots, "after", 6).label).toBe("Slot 6 stays offline");
  });

  test("rows in words", () => {
    expect(labelOfPlanRow(slots, 0, 7)).toBe(
      "Slots 0 to 7: 3 move; group 1 to group 2: 1, offline to group 2: 1, group 2 to group 1: 1",
    );
    expect(labelOfPlanRow(slots, 6, 7)).toBe("Slots 6 to 7: none moves");
  });

  test("the next slot that moves, round the end", () => {
    expect([nextMoved(slots, 0, 1), nextMoved(slots, 1, 1), nextMoved(slots, 5, 1)]).toEqual([
      1, 3, 1,
    ]);
    expect([nextMoved(slots, 0, -1), nextMoved(slots, 4, -1)]).toEqual([5, 3]);
    expect(nextMoved(slotsOf(), 0, 1)).toBeUndefined();
  });
});

describe("a plan as a file", () => {
  test("a plan, or its moves alone", () => {
    const whole = JSON.stringify({
      id: "p-1-1",
      moves: [{ slot_id: 4, from_group_id: 0, to_group_id: 2, keys: 9 }],
      big_key: "refuse",
    });
    expect(readPlanFile(whole)).toEqual({
      kind: "plan",
      request: {
        strategy: "move",
        moves: [{ slot_id: 4, group_id: 2, from_group_id: 0 }],
        big_key: "refuse",
      },
    });
    expect(readPlanFile(`{"moves": [{"slot_id": 4, "group_id": 2}]}`)).toEqual({
      kind: "plan",
      request: { strategy: "move", moves: [{ slot_id: 4, group_id: 2 }] },
    });
  });

  test("whatever else is in it, it is told apart", () => {
    const cases: readonly (readonly [string, PlanFileReading])[] = [
      ["", { kind: "not-json" }],
      ["null", { kind: "no-moves" }],
      [`{"moves": []}`, { kind: "no-moves" }],
      [`[{"slot_id": 1, "group_id": 2}]`, { kind: "no-moves" }],
      [`{"moves": [{"slot_id": 1, "group_id": 2}, null]}`, { kind: "bad-move", index: 1 }],
      [`{"moves": [{"slot_id": 1.5, "group_id": 2}]}`, { kind: "bad-move", index: 0 }],
      [`{"moves": [{"slot_id": 1, "group_id": 2}], "big_key": "x"}`, { kind: "bad-rule" }],
    ];
    for (const [text, reading] of cases) {
      expect([text, readPlanFile(text)]).toEqual([text, reading]);
    }
    fc.assert(fc.property(fc.json(), (text) => readPlanFile(text).kind !== undefined));
  });

  test("its name and its command lines", () => {
    expect(planFileName("my shop", "p-1-3")).toBe("codis-plan-my_shop-p-1-3.json");
    expect(exportCommand("shop", "p-1-3")).toBe(
      "codis plan show p-1-3 --json > codis-plan-shop-p-1-3.json",
    );
    expect(importCommand("plan.json")).toBe("codis plan import plan.json --dry-run");
    expect(importCommand("it's (1).json")).toBe("codis plan import 'it'\\''s (1).json' --dry-run");
  });
});
