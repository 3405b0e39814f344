/** Replicas without the slot commands stand in the way of moves that use them, and of no others. */
import { expect, test } from "bun:test";
import { replicaProblems } from "../../../src/dashboard/operation/replica-ability.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../../src/model/slot.ts";
import type { SlotAbility } from "../../../src/redis/slot-ability.ts";
import { serverTopology } from "../../support/server-topology.ts";

const TOPOLOGY = serverTopology({
  groups: { 1: ["10.0.0.1:1", "10.0.0.1:2"], 2: ["10.0.0.2:1", "10.0.0.2:2", "10.0.0.2:3"] },
  owners: [[0, 1023, 1]],
});
const MOVES = [1, 2, 3].map((slotId) => ({ slotId, fromGroupId: 1, toGroupId: 2 }));

function problemsOf(
  method: ForwardMethod | undefined,
  known: Readonly<Record<string, SlotAbility>>,
): readonly string[] {
  return replicaProblems(
    TOPOLOGY,
    MOVES,
    () => method,
    (addr) => known[addr],
  );
}

test("each replica that couldn't take over is named once", () => {
  const known = { "10.0.0.1:2": "async", "10.0.0.2:2": "none", "10.0.0.2:3": "sync" } as const;
  const found = problemsOf(FORWARD_METHOD.semiAsync, known);
  expect(found).toHaveLength(2);
  expect(found[0]).toContain("group 2: replica 10.0.0.2:2 doesn't have the slot commands");
  expect(found[0]).toContain("its master 10.0.0.2:1");
  expect(found[1]).toContain("10.0.0.2:3");
  expect(problemsOf(FORWARD_METHOD.sync, known)).toHaveLength(1);
});

test("nobody stands in the way of MIGRATE, nor does a replica that doesn't answer, nor one of another group", () => {
  expect(problemsOf(FORWARD_METHOD.migrate, { "10.0.0.2:2": "none" })).toEqual([]);
  expect(problemsOf(undefined, { "10.0.0.2:2": "none" })).toEqual([]);
  expect(problemsOf(FORWARD_METHOD.semiAsync, { "10.0.0.3:2": "none" })).toEqual([]);
});
