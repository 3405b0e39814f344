/**
 * Every kind of change that writes more than one node, and some that write one, on the sample product: the
 * crash tests let a leader die at each write of each of them.
 */
import {
  addServer,
  createGroup,
  markGroupsSynced,
  removeGroup,
  removeServer,
  setAllReplicaGroups,
} from "../../src/model/change/group.ts";
import { addProxy, removeProxy } from "../../src/model/change/proxy.ts";
import { markSentinelsSynced } from "../../src/model/change/sentinel.ts";
import { assignSlots, createSlotActions, slotRange } from "../../src/model/change/slot.ts";
import { offlineMapping } from "../../src/model/slot-mapping.ts";
import type { Topology } from "../../src/model/topology/topology.ts";
import { addrOf, proxyModel, sampleTopology } from "./topology-sample.ts";

/** A change and the number of nodes that it writes. */
export interface TopologyOperation {
  readonly name: string;
  readonly nodes: number;
  readonly change: (topology: Topology) => Topology;
}

/** The product that they are made on: the sample, in sync, with few slots and an empty group 3. */
export function operationBase(): Topology {
  const sample = sampleTopology();
  const few = {
    ...sample,
    slots: sample.slots.map((slot) =>
      slot.id < 8 || (slot.id >= 500 && slot.id < 520) ? slot : offlineMapping(slot.id),
    ),
  };
  return createGroup(markGroupsSynced(markSentinelsSynced(few), [1, 2]), 3);
}

const assign = (topology: Topology, first: number, last: number, groupId: number): Topology =>
  assignSlots(
    topology,
    slotRange(topology, first, last).map((id) => ({ id, groupId })),
  );

/** Small ones: each write of each is tried. */
export const OPERATIONS: readonly TopologyOperation[] = [
  { name: "create group", nodes: 1, change: (topology) => createGroup(topology, 4) },
  { name: "remove group", nodes: 1, change: (topology) => removeGroup(topology, 3) },
  { name: "add server", nodes: 2, change: (topology) => addServer(topology, 3, addrOf(3, 0)) },
  {
    name: "remove server",
    nodes: 2,
    change: (topology) => removeServer(topology, 1, addrOf(1, 1)),
  },
  { name: "replica groups", nodes: 2, change: (topology) => setAllReplicaGroups(topology, true) },
  { name: "add proxy", nodes: 1, change: (topology) => addProxy(topology, proxyModel(2)) },
  {
    name: "remove proxy",
    nodes: 1,
    change: (topology) => removeProxy(topology, proxyModel(1).token),
  },
  { name: "assign slots", nodes: 11, change: (topology) => assign(topology, 500, 509, 2) },
  { name: "slots offline", nodes: 5, change: (topology) => assign(topology, 510, 514, 0) },
  {
    name: "order moves",
    nodes: 6,
    change: (topology) =>
      createSlotActions(
        topology,
        slotRange(topology, 0, 5).map((id) => ({ id, groupId: 2 })),
      ),
  },
  {
    name: "everything at once",
    nodes: 7,
    change: (topology) => {
      const grown = addServer(createGroup(removeGroup(topology, 3), 5), 5, addrOf(5, 0));
      return addProxy(removeProxy(assign(grown, 0, 1, 5), proxyModel(1).token), proxyModel(3));
    },
  },
];

/** A large one: the whole of a product changes hands. */
export const ASSIGN_ALL: TopologyOperation = {
  name: "assign all slots",
  nodes: 1024 - 20 + 1,
  change: (topology) => assign(topology, 0, 1023, 1),
};
