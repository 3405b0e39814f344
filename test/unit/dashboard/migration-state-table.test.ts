/** The table of states against what the code does with a slot: the changes of the model, and what proxies are told. */
import { expect, test } from "bun:test";
import { STATE_TABLE } from "../../../src/dashboard/migration/state-table.ts";
import { SLOT_ACTION_STATES } from "../../../src/model/action.ts";
import { createSlotActions } from "../../../src/model/change/slot.ts";
import {
  beginLocking,
  finishSlots,
  prepareSlots,
  settleSlots,
  storeMigrating,
  storePrepared,
} from "../../../src/model/change/slot-step.ts";
import { viewSlot } from "../../../src/model/slot-view.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { sampleTopology } from "../../support/topology-sample.ts";

const SLOT = 1;
const VIEWER = { datacenter: "", host: "", forwardMethod: 1, moveMethod: 2 } as const;

/** From a state to the next, as the engine does it. */
const STEP: Readonly<Record<string, (topology: Topology) => Topology>> = {
  pending: (topology) => prepareSlots(topology, [SLOT]),
  preparing: (topology) => storePrepared(beginLocking(topology, [SLOT]), [SLOT]),
  prepared: (topology) => storeMigrating(topology, [SLOT]),
  migrating: (topology) => finishSlots(topology, [SLOT]),
  finished: (topology) => settleSlots(topology, [SLOT]),
};

test("has every state of the model, in its order", () => {
  expect(["", ...STATE_TABLE.map(({ state }) => state)]).toEqual([...SLOT_ACTION_STATES]);
});

test("names the state that follows, and whom proxies send to", () => {
  let topology = createSlotActions(sampleTopology(), [{ id: SLOT, groupId: 2 }]);
  for (const { state, next, told } of STATE_TABLE) {
    expect(topology.slots[SLOT]?.action.state).toBe(state);
    const view = viewSlot({ ...topology, handover: new Map() }, SLOT, VIEWER);
    const first =
      view?.locked === true ? "held" : view?.backendAddrGroupId === 1 ? "source" : "target";
    expect(told.split(",")[0]).toBe(first);
    topology = STEP[state]?.(topology) ?? topology;
    const after = topology.slots[SLOT];
    expect(after?.action.state).toBe(next === "owned" ? "" : next);
  }
  expect(topology.slots[SLOT]?.groupId).toBe(2);
});
