/**
 * Plans in the console: the form and its faults, equal command lines, bars before and after, and the difference of
 * two plans.
 */
import { describe, expect, test } from "bun:test";
import type { V1Plan } from "../../../src/api/v1-operation-schema.ts";
import { curlOf } from "../../../web/src/data/api-call.ts";
import { speedCommand } from "../../../web/src/screens/operations/operation-command.ts";
import {
  NO_LIMIT,
  planCommands,
  startCall,
  startCommand,
} from "../../../web/src/screens/plans/plan-command.ts";
import {
  barsOf,
  differenceOf,
  isStaleAnswer,
  pairsOf,
} from "../../../web/src/screens/plans/plan-figures.ts";
import {
  EMPTY_FORM,
  findFaults,
  formOf,
  isFaultless,
  requestOf,
} from "../../../web/src/screens/plans/plan-form.ts";
import { speedOf, textsOfSpeed } from "../../../web/src/screens/plans/speed-text.ts";

function planOf(moves: readonly (readonly [slot: number, from: number, to: number])[]): V1Plan {
  return {
    id: "p-1-1",
    epoch: 1,
    revision: 7,
    created_at: "2026-01-01T00:00:00.000Z",
    request: { strategy: "slots" },
    moves: moves.map(([slot_id, from_group_id, to_group_id]) => ({
      slot_id,
      from_group_id,
      to_group_id,
      keys: 10,
      bytes: 1000,
    })),
    groups: [
      {
        group_id: 1,
        slots_before: 8,
        slots_after: 4,
        keys_before: 80,
        keys_after: 40,
        bytes_before: 0,
        bytes_after: 0,
      },
      {
        group_id: 2,
        slots_before: 0,
        slots_after: 4,
        keys_before: 0,
        keys_after: 40,
        bytes_before: 0,
        bytes_after: 0,
      },
    ],
    keys: 0,
    bytes: 0,
    expected_ms: 1000,
    exact: true,
    big_keys: [],
    big_key: "move",
    refused_slot_ids: [],
    problems: [],
    warnings: [],
  };
}

describe("the form", () => {
  test("sends only what was filled in, and only what belongs to its strategy", () => {
    expect(requestOf(EMPTY_FORM)).toEqual({ strategy: "slots" });
    const weights = { "1": "2", "2": " ", "3": "0.5" };
    const full = { ...EMPTY_FORM, weights, drainGroupId: 4, maxSlots: " 12 " };
    expect(requestOf(full)).toEqual({ strategy: "slots", max_slots: 12 });
    expect(requestOf({ ...full, strategy: "weight", exceptGroupIds: [9], bigKey: "last" })).toEqual(
      {
        strategy: "weight",
        weights: { "1": 2, "3": 0.5 },
        except_group_ids: [9],
        max_slots: 12,
        big_key: "last",
      },
    );
    expect(requestOf({ ...full, strategy: "drain" })).toMatchObject({ drain_group_id: 4 });
  });

  test("a request becomes the form that asks for it", () => {
    const form = {
      ...EMPTY_FORM,
      strategy: "weight",
      weights: { "2": "3" },
      maxSlots: "5",
    } as const;
    expect(requestOf(formOf(requestOf(form)))).toEqual(requestOf(form));
    const moves = [{ slot_id: 1, group_id: 2 }];
    expect(formOf({ strategy: "move", moves })).toEqual(EMPTY_FORM);
  });

  test("faults are found before anything is sent", () => {
    expect(isFaultless(findFaults(EMPTY_FORM, 1024))).toBe(true);
    expect(findFaults({ ...EMPTY_FORM, strategy: "drain" }, 1024)).toEqual({ drain: "missing" });
    const excepted = { drainGroupId: 2, exceptGroupIds: [2] };
    expect(findFaults({ ...EMPTY_FORM, strategy: "drain", ...excepted }, 1024)).toEqual({
      drain: "excepted",
    });
    const weights = { "1": "0", "2": "1001", "3": "x", "4": "1" };
    expect(findFaults({ ...EMPTY_FORM, strategy: "weight", weights }, 1024)).toEqual({
      weights: ["1", "2", "3"],
    });
    expect(findFaults({ ...EMPTY_FORM, weights }, 1024)).toEqual({});
    for (const maxSlots of ["0", "1.5", "-1", "x", "1025"]) {
      expect(findFaults({ ...EMPTY_FORM, maxSlots }, 1024)).toEqual({ maxSlots: true });
    }
  });
});

describe("equal command lines", () => {
  test("of plans", () => {
    expect(planCommands({ strategy: "memory", max_slots: 9, except_group_ids: [3, 4] })).toEqual([
      "codis rebalance --strategy memory --except 3 4 --max-slots 9 --dry-run",
    ]);
    expect(planCommands({ strategy: "drain", drain_group_id: 3, big_key: "refuse" })).toEqual([
      "codis rebalance --drain 3 --big-key refuse --dry-run",
    ]);
    expect(planCommands({ strategy: "weight", weights: { "1": 2, "2": 0.5 } })).toEqual([
      "codis rebalance --strategy weight --weight 1=2 2=0.5 --dry-run",
    ]);
    expect(planCommands({ strategy: "fill" })).toEqual(["codis rebalance --fill --dry-run"]);
    const moves = [
      { slot_id: 8, group_id: 2 },
      { slot_id: 7, group_id: 2 },
      { slot_id: 1, group_id: 3 },
    ];
    expect(planCommands({ strategy: "move", moves })).toEqual([
      "codis slot migrate 7-8 --to 2 --dry-run",
      "codis slot migrate 1 --to 3 --dry-run",
    ]);
  });

  test("of a start, with its call", () => {
    const speed = { keysPerSecond: 5000, bytesPerSecond: 0, p99GuardMs: 0 };
    expect(startCommand("p-1-3", speed)).toBe("codis plan start p-1-3 --keys-per-second 5000");
    const call = startCall("p-1-3", speed);
    expect(call.body).toEqual({ plan: "p-1-3", keys_per_second: 5000 });
    expect(curlOf(call, "http://c/api/v1/products/it's/")).toContain(
      `-d '{"plan":"p-1-3","keys_per_second":5000}'`,
    );
    // A reason is told too, and what a shell would read otherwise is in quotes.
    const removal = { method: "DELETE", path: "groups/3" } as const;
    expect(curlOf(removal, "http://c/api/v1/products/it's/", "it's old")).toBe(
      `curl -X DELETE -H "Authorization: Bearer $CODIS_TOKEN" -H 'X-Codis-Reason: it'\\''s%20old' ` +
        `'http://c/api/v1/products/it'\\''s/groups/3'`,
    );
    const guarded = { ...speed, p99GuardMs: 8 };
    expect(startCommand("p-1-3", guarded)).toEndWith(" --keys-per-second 5000 --p99-guard-ms 8");
    expect(startCall("p-1-3", guarded).body).toMatchObject({ p99_guard_ms: 8 });
  });

  test("of a speed, and the fields of it", () => {
    const texts = { keys: "500", bytes: "", guard: "8" };
    const speed = speedOf(texts);
    expect(speed).toEqual({ keysPerSecond: 500, bytesPerSecond: 0, p99GuardMs: 8 });
    expect(textsOfSpeed(speed ?? NO_LIMIT)).toEqual(texts);
    expect(speedCommand("op-7", speed ?? NO_LIMIT)).toBe(
      "codis operation speed op-7 --keys-per-second 500 --p99-guard-ms 8 --bytes-per-second 0",
    );
    expect(speedCommand("op-7", NO_LIMIT)).toBe("codis operation speed op-7 --unlimited");
    for (const guard of ["60001", "1.5", "x", "-1"]) {
      expect(speedOf({ ...texts, guard })).toBeUndefined();
    }
  });
});

describe("figures of a plan", () => {
  test("bars have the longest as their measure", () => {
    expect(barsOf(planOf([]), "slots")).toEqual([
      { groupId: 1, before: 8, after: 4, beforeShare: 1, afterShare: 0.5 },
      { groupId: 2, before: 0, after: 4, beforeShare: 0, afterShare: 0.5 },
    ]);
    expect(barsOf(planOf([]), "bytes")[0]?.beforeShare).toBe(0);
  });

  test("moves are added up by pairs of groups", () => {
    expect(
      pairsOf(
        planOf([
          [9, 1, 2],
          [3, 1, 2],
          [4, 0, 3],
        ]).moves,
      ),
    ).toEqual([
      { fromId: 1, toId: 2, slotIds: [3, 9], keys: 20, bytes: 2000 },
      { fromId: 0, toId: 3, slotIds: [4], keys: 10, bytes: 1000 },
    ]);
  });

  test("the difference of two plans names every slot that goes another way", () => {
    const before = planOf([
      [1, 1, 2],
      [2, 1, 2],
      [3, 1, 2],
    ]);
    const after = planOf([
      [1, 1, 2],
      [2, 1, 3],
      [4, 3, 2],
    ]);
    expect(differenceOf(before, after).map(({ slotId }) => slotId)).toEqual([2, 3, 4]);
    expect(differenceOf(before, after)[1]).toEqual({
      slotId: 3,
      before: { fromId: 1, toId: 2 },
      after: undefined,
    });
    expect(differenceOf(before, before)).toEqual([]);
  });

  test("answers that mean that a plan is out of date", () => {
    expect(isStaleAnswer({ status: 409, code: "STATE_CONFLICT" })).toBe(true);
    expect(isStaleAnswer({ status: 412, code: "REVISION_OUTDATED" })).toBe(true);
    expect(isStaleAnswer({ status: 404, code: "NOT_FOUND" })).toBe(true);
    expect(isStaleAnswer({ status: 404, code: "NO_SUCH_PATH" })).toBe(false);
    expect(isStaleAnswer({ status: 503, code: "NOT_LEADER" })).toBe(false);
  });
});
