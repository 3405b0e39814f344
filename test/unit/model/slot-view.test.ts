/** What proxies are told of a slot: the table of the state machine, replicas by nearness, and garbage. */
import { describe, expect, test } from "bun:test";
import type { PromotingState, SlotActionState } from "../../../src/model/action.ts";
import { addServer, setReplicaGroup, withGroup } from "../../../src/model/change/group.ts";
import { withSlot } from "../../../src/model/change/slot.ts";
import { slotToJson } from "../../../src/model/slot.ts";
import { decodeSlotTable } from "../../../src/model/slot-table.ts";
import { type SlotViewer, viewerKey, viewSlot, viewSlots } from "../../../src/model/slot-view.ts";
import {
  emptyTopology,
  type HandoverStep,
  type Topology,
} from "../../../src/model/topology/topology.ts";
import { addrOf, sampleTopology, withGroups } from "../../support/topology-sample.ts";

const NOWHERE: SlotViewer = { datacenter: "", host: "", forwardMethod: 1, moveMethod: 2 };
const MASTER_1 = addrOf(1, 0);
const MASTER_2 = addrOf(2, 0);

function withAction(topology: Topology, state: SlotActionState): Topology {
  return withSlot(topology, { id: 0, groupId: 1, action: { index: 1, state, targetId: 2 } });
}

function withPromoting(topology: Topology, id: number, state: PromotingState): Topology {
  const group = topology.groups.get(id);
  return group === undefined
    ? topology
    : withGroup(topology, { ...group, promoting: { index: 1, state } });
}

function withReplicas(topology: Topology): Topology {
  let next = topology;
  for (const id of [1, 2]) {
    next = setReplicaGroup(next, id, addrOf(id, 1), true);
  }
  return next;
}

describe("the table of states", () => {
  const base = withReplicas(sampleTopology());
  const replicas = [[addrOf(1, 1)]];
  const atSource = { backend: MASTER_1, backendGroup: 1, from: "", fromGroup: 0 };
  const moving = { backend: MASTER_2, backendGroup: 2, from: MASTER_1, fromGroup: 1 };
  const atTarget = { backend: MASTER_2, backendGroup: 2, from: "", fromGroup: 0 };
  const rows = [
    { state: "", ...atSource, replicas, lockedBy: [1], isLocked: false },
    { state: "pending", ...atSource, replicas, lockedBy: [1], isLocked: false },
    { state: "preparing", ...atSource, replicas: [], lockedBy: [1], isLocked: false },
    { state: "prepared", ...moving, replicas: [], lockedBy: [1, 2], isLocked: true },
    { state: "migrating", ...moving, replicas: [], lockedBy: [1, 2], isLocked: false },
    { state: "finished", ...atTarget, replicas: [], lockedBy: [2], isLocked: false },
  ] as const;

  test.each(rows)("$state", (row) => {
    const topology = withAction(base, row.state);
    expect(viewSlot(topology, 0, NOWHERE)).toEqual({
      id: 0,
      locked: row.isLocked,
      backendAddr: row.backend,
      backendAddrGroupId: row.backendGroup,
      migrateFrom: row.from,
      migrateFromGroupId: row.fromGroup,
      forwardMethod: row.backend === MASTER_2 && row.from !== "" ? 2 : 1,
      replicaGroups: row.replicas.map((list) => [...list]),
    });
    for (const id of [1, 2]) {
      const isLocked = row.isLocked || (row.lockedBy as readonly number[]).includes(id);
      expect(viewSlot(withPromoting(topology, id, "prepared"), 0, NOWHERE)?.locked).toBe(isLocked);
      for (const state of ["preparing", "finished"] as const) {
        expect(viewSlot(withPromoting(topology, id, state), 0, NOWHERE)?.locked).toBe(row.isLocked);
      }
    }
  });

  test("the JSON is what an original dashboard sends, but for the method of a moving slot", () => {
    const json = (topology: Topology, id: number): unknown => {
      const slot = viewSlot(topology, id, NOWHERE);
      return slot === undefined ? undefined : slotToJson(slot);
    };
    expect(json(sampleTopology(), 512)).toEqual({
      id: 512,
      backend_addr: MASTER_2,
      backend_addr_group_id: 2,
      forward_method: 1,
    });
    expect(json(emptyTopology("demo", 1024), 7)).toEqual({ id: 7, forward_method: 1 });
    expect(json(withAction(sampleTopology(), "prepared"), 0)).toEqual({
      id: 0,
      locked: true,
      backend_addr: MASTER_2,
      backend_addr_group_id: 2,
      migrate_from: MASTER_1,
      migrate_from_group_id: 1,
      forward_method: 2,
    });
  });

  test("a leader that hands a slot over tells the next state before it is stored", () => {
    const told = (state: SlotActionState, step: HandoverStep | undefined): unknown => {
      const topology = withAction(base, state);
      const handover = new Map(step === undefined ? [] : [[0, step] as const]);
      return viewSlot({ ...topology, handover }, 0, NOWHERE);
    };
    expect(told("preparing", "locking")).toEqual(told("prepared", undefined));
    expect(told("prepared", "opening")).toEqual(told("migrating", undefined));
    // A step that isn't of this state changes nothing.
    expect(told("preparing", "opening")).toEqual(told("preparing", undefined));
    expect(told("prepared", "locking")).toEqual(told("prepared", undefined));
    expect(told("migrating", "locking")).toEqual(told("migrating", undefined));
  });

  test("a slot that moves from nobody has no source", () => {
    const topology = withSlot(sampleTopology(), {
      id: 0,
      groupId: 0,
      action: { index: 1, state: "migrating", targetId: 2 },
    });
    expect(viewSlot(topology, 0, NOWHERE)).toMatchObject({
      backendAddr: MASTER_2,
      migrateFrom: "",
      migrateFromGroupId: 0,
    });
  });

  test("a proxy accepts the table even when a slot moves to the server that it is on", () => {
    const topology = withSlot(sampleTopology(), {
      id: 0,
      groupId: 1,
      action: { index: 1, state: "migrating", targetId: 1 },
    });
    const json = viewSlots(topology, NOWHERE).map((slot) => slot && slotToJson(slot));
    const rules = { source: "push", slotCount: 1024, unknownFields: "ignore" } as const;
    expect(decodeSlotTable(json, rules)).toHaveLength(1024);
  });

  test("a slot that doesn't exist isn't told", () => {
    expect(viewSlot(sampleTopology(), 1024, NOWHERE)).toBeUndefined();
  });
});

describe("replicas", () => {
  /** Group 1: master m (east), a (east), b (east), c (west); all may be read from. */
  function fourServers(): Topology {
    let topology = withGroups(emptyTopology("demo", 1024), 1, 0);
    for (const [addr, datacenter] of [
      ["10.0.0.1:1", "east"],
      ["10.0.0.2:1", "east"],
      ["10.0.0.2:2", "east"],
      ["10.0.0.3:1", "west"],
    ] as const) {
      topology = addServer(topology, 1, addr, datacenter);
      topology = setReplicaGroup(topology, 1, addr, true);
    }
    return withSlot(topology, { id: 0, groupId: 1, action: { index: 0, state: "", targetId: 0 } });
  }

  const listsFor = (datacenter: string, host: string, topology = fourServers()): unknown =>
    viewSlot(topology, 0, { datacenter, host, forwardMethod: 2, moveMethod: 2 })?.replicaGroups;

  test("same host and data centre, then same data centre, then the rest", () => {
    expect(listsFor("east", "10.0.0.2")).toEqual([
      ["10.0.0.2:1", "10.0.0.2:2"],
      ["10.0.0.1:1"],
      ["10.0.0.3:1"],
    ]);
    expect(listsFor("west", "10.0.0.2")).toEqual([
      ["10.0.0.3:1"],
      ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.2:2"],
    ]);
    expect(listsFor("north", "10.0.0.2")).toHaveLength(1);
    expect(listsFor("east", "")).toHaveLength(1);
  });

  test("nobody reads from replicas while the group is promoting", () => {
    for (const state of ["preparing", "prepared", "finished"] as const) {
      expect(listsFor("east", "10.0.0.2", withPromoting(fourServers(), 1, state))).toEqual([]);
    }
  });

  test("a master that is alone isn't listed", () => {
    let topology = withGroups(emptyTopology("demo", 1024), 1, 1);
    topology = setReplicaGroup(topology, 1, addrOf(1, 0), true);
    topology = withSlot(topology, {
      id: 0,
      groupId: 1,
      action: { index: 0, state: "", targetId: 0 },
    });
    expect(listsFor("", "10.0.1.1", topology)).toEqual([]);
  });

  test("viewers with one key are told the same", () => {
    const topology = fourServers();
    const tables = new Map<string, string>();
    const keys = new Set<string>();
    for (const datacenter of ["", "east", "west", "north"]) {
      for (const host of ["", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.9.9"]) {
        for (const forwardMethod of [0, 1, 2] as const) {
          const viewer = { datacenter, host, forwardMethod, moveMethod: 2 as const };
          const key = viewerKey(topology, viewer);
          const table = JSON.stringify(viewSlots(topology, viewer));
          expect(tables.get(key) ?? table).toBe(table);
          tables.set(key, table);
          keys.add(key);
        }
      }
    }
    expect(keys.size).toBe(18);
  });

  test("without replicas all proxies have one key", () => {
    const topology = sampleTopology();
    const keys = Array.from({ length: 200 }, (_, index) =>
      viewerKey(topology, {
        datacenter: `d${index % 3}`,
        host: `10.1.0.${index}`,
        forwardMethod: 2,
        moveMethod: 2,
      }),
    );
    expect(new Set(keys).size).toBe(1);
  });
});

describe("garbage", () => {
  test("slots of a node that can't be understood are told to nobody", () => {
    const topology = {
      ...withAction(sampleTopology(), "migrating"),
      faults: ["/codis3/demo/slots/slot-0005: isn't JSON"],
    };
    const slots = viewSlots(topology, NOWHERE);
    expect(slots).toHaveLength(1024);
    expect(slots.flatMap((slot, id) => (slot === undefined ? [id] : []))).toEqual([5]);
  });

  test("nor slots of a group that can't be understood", () => {
    const sample = withAction(sampleTopology(), "migrating");
    const groups = new Map(sample.groups);
    groups.delete(2);
    const topology = { ...sample, groups, faults: ["/codis3/demo/group/group-0002: isn't JSON"] };
    const untold = viewSlots(topology, NOWHERE).flatMap((slot, id) =>
      slot === undefined ? [id] : [],
    );
    expect(untold).toHaveLength(513);
    expect(untold.slice(0, 2)).toEqual([0, 512]);
  });

  test("a group that nobody made leaves its slots without a server", () => {
    const topology = withSlot(emptyTopology("demo", 1024), {
      id: 0,
      groupId: 9,
      action: { index: 0, state: "", targetId: 0 },
    });
    expect(viewSlot(topology, 0, NOWHERE)).toMatchObject({
      backendAddr: "",
      backendAddrGroupId: 9,
    });
  });
});
