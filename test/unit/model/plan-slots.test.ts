/** The plan of rebalance: its rules on small cases, and its promises on random products. */
import { expect, test } from "bun:test";
import { planRebalance } from "../../../src/model/operation/level-slots.ts";
import type { SlotMapping } from "../../../src/model/slot-mapping.ts";
import { formatRanges } from "../../../src/model/slot-range.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { FakeLeader } from "../../support/fake-dashboard-control.ts";
import { Random, SEED } from "../../support/seed.ts";

/** Groups with a server, and the group of each slot. */
function topologyOf(
  groupIds: readonly number[],
  groupOf: (id: number) => number,
  action: (id: number) => Partial<SlotMapping["action"]> = () => ({}),
): Topology {
  const leader = new FakeLeader();
  for (const id of groupIds) {
    leader.setGroup(id, [`10.0.0.${id}:6379`]);
  }
  leader.setGroup(90, []);
  const slots = leader.topology().slots.map(({ id }) => ({
    id,
    groupId: groupOf(id),
    action: { index: 0, state: "" as const, targetId: 0, ...action(id) },
  }));
  leader.change({ slots });
  return leader.topology();
}

/** `ranges => group` for each target. */
function show(plan: ReadonlyMap<number, number>): readonly string[] {
  const byGroup = Map.groupBy(plan, ([, groupId]) => groupId);
  return [...byGroup].map(
    ([groupId, slots]) => `${formatRanges(slots.map(([id]) => id))} => ${groupId}`,
  );
}

test("the recorded case: all slots in one of two groups", () => {
  expect(show(planRebalance(topologyOf([1, 2], () => 1)))).toEqual(["512-1023 => 2"]);
});

test("offline slots, and those of a group without a server, go to the smallest group", () => {
  const offline = topologyOf([1, 2], (id) => (id < 1000 ? 1 + (id % 2) : 0));
  expect(show(planRebalance(offline))).toEqual([
    "1000,1002,1004,1006,1008,1010,1012,1014,1016,1018,1020,1022 => 1",
    "1001,1003,1005,1007,1009,1011,1013,1015,1017,1019,1021,1023 => 2",
  ]);
  const orphans = topologyOf([1], (id) => (id < 1020 ? 1 : 90));
  expect(show(planRebalance(orphans))).toEqual(["1020-1023 => 1"]);
});

test("a slot that moves counts for its target and isn't moved again", () => {
  const moving = topologyOf(
    [1, 2],
    () => 1,
    (id) => (id >= 600 ? { state: "pending", index: id, targetId: 2 } : {}),
  );
  expect(show(planRebalance(moving))).toEqual(["512-599 => 2"]);
});

test("a level product needs nothing", () => {
  expect(planRebalance(topologyOf([1, 2, 3], (id) => (id % 3) + 1)).size).toBe(0);
});

test("without a group that has a server there is no plan", () => {
  expect(() => planRebalance(topologyOf([], () => 0))).toThrow("no valid group could be found");
});

test(`random products become level with as few moves as that takes (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 50; round++) {
    const groupIds = Array.from({ length: 1 + random.below(9) }, (_, index) => index + 1);
    const skew = 1 + random.below(3);
    const owners = Array.from({ length: 1024 }, () =>
      random.chance(0.1) ? 0 : (groupIds[Math.floor(random.next() ** skew * groupIds.length)] ?? 0),
    );
    const topology = topologyOf(groupIds, (id) => owners[id] ?? 0);
    const plan = planRebalance(topology);
    const after = topology.slots.map((slot) => plan.get(slot.id) ?? slot.groupId);
    const counts = groupIds.map((id) => after.filter((groupId) => groupId === id).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    // A slot moves only out of a group that has more than its share, or from nowhere.
    for (const [id, target] of plan) {
      expect(target).not.toBe(topology.slots[id]?.groupId ?? 0);
    }
    const before = groupIds.map((id) => owners.filter((groupId) => groupId === id).length);
    const excess = before.reduce(
      (sum, count) => sum + Math.max(0, count - Math.floor(1024 / groupIds.length)),
      0,
    );
    const offline = owners.filter((groupId) => groupId === 0).length;
    expect(plan.size).toBeLessThanOrEqual(offline + excess);
  }
});
