/** The steps of slots that move: what each takes and leaves alone, and what is written when a hold is given up. */
import { describe, expect, test } from "bun:test";
import { addProxy } from "../../../src/model/change/proxy.ts";
import { createSlotActions } from "../../../src/model/change/slot.ts";
import {
  abandonHandovers,
  beginLocking,
  beginOpening,
  beginTurning,
  finishSlots,
  prepareSlots,
  settleSlots,
  storeMigrating,
  storePrepared,
  turnSlots,
  undoLocking,
} from "../../../src/model/change/slot-step.ts";
import { diffTopology } from "../../../src/model/topology/diff.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { proxyModel, sampleTopology } from "../../support/topology-sample.ts";

const IDS = [1, 2];

type Change = (topology: Topology) => Topology;

/** Slots 1 and 2 of group 1 on their way to group 2, after these steps. */
function after(...steps: readonly ((topology: Topology, ids: readonly number[]) => Topology)[]) {
  const ordered = createSlotActions(
    sampleTopology(),
    IDS.map((id) => ({ id, groupId: 2 })),
  );
  return steps.reduce((topology, step) => step(topology, IDS), ordered);
}

function written(topology: Topology, change: Change): readonly string[] {
  return diffTopology(topology, change(topology)).map(({ path }) => path.split("/").at(-1) ?? "");
}

const MIGRATING = [prepareSlots, beginLocking, storePrepared, storeMigrating];

test("lead from an order to another owner", () => {
  const { slots, handover } = after(...MIGRATING, finishSlots, settleSlots);
  expect(IDS.map((id) => slots[id]?.groupId)).toEqual([2, 2]);
  expect(IDS.map((id) => slots[id]?.action.state)).toEqual(["", ""]);
  expect(handover.size).toBe(0);
});

test("leave slots alone that are in another state, or aren't held", () => {
  const pending = after();
  for (const step of [beginLocking, storePrepared, storeMigrating, finishSlots, settleSlots]) {
    expect(step(pending, IDS)).toBe(pending);
  }
  const preparing = after(prepareSlots);
  expect(storePrepared(preparing, IDS)).toBe(preparing);
  const migrating = after(...MIGRATING);
  expect(turnSlots(migrating, IDS)).toBe(migrating);
});

test("turn a slot round: owner and target change places", () => {
  const turned = after(...MIGRATING, beginTurning, turnSlots);
  const slot = turned.slots[1];
  expect([slot?.groupId, slot?.action.targetId, slot?.action.state]).toEqual([2, 1, "prepared"]);
  expect(turned.handover.get(1)).toBe("opening");
  const back = settleSlots(finishSlots(storeMigrating(turned, IDS), IDS), IDS);
  expect(back.slots[1]?.groupId).toBe(1);
});

describe("a hold that is given up", () => {
  test("before anything was written, writes nothing", () => {
    const held = after(prepareSlots, beginLocking);
    expect(written(held, (now) => undoLocking(now, IDS))).toEqual([]);
    expect(undoLocking(held, IDS).handover.size).toBe(0);
  });

  test("after a write of which nobody knows what became, writes each slot anew, so that it can't follow", () => {
    for (const held of [after(prepareSlots, beginLocking), after(...MIGRATING, beginTurning)]) {
      expect(written(held, abandonHandovers)).toEqual(["slot-0001", "slot-0002"]);
      const served = abandonHandovers(held);
      expect(served.handover.size).toBe(0);
      expect(served.slots[1]?.action.state).toBe(held.slots[1]?.action.state);
      const indexes = served.slots.map(({ action }) => action.index).filter((index) => index > 0);
      expect(new Set(indexes).size).toBe(indexes.length);
    }
  });

  test("leaves slots as they are that the write did reach, and those that are being opened", () => {
    const held = after(prepareSlots, beginLocking);
    const reached = {
      ...storePrepared(held, IDS),
      handover: held.handover,
    };
    expect(written(reached, abandonHandovers)).toEqual([]);
    expect(abandonHandovers(reached).handover.size).toBe(0);
    const opening = beginOpening(abandonHandovers(reached), IDS);
    expect(abandonHandovers(opening)).toBe(opening);
  });
});

test("keep proxies out that can't take part in what is under way", () => {
  const old = proxyModel(2, { forwardMethods: [] });
  expect(addProxy(after(), old).proxies.size).toBe(2);
  expect(() => addProxy(after(...MIGRATING), old)).toThrow(/can't move keys/);
  expect(addProxy(after(...MIGRATING), proxyModel(2)).proxies.size).toBe(2);
});
