/** The product of the tests of operations: three groups, a proxy that can move keys, a few slots that have keys. */
import { ANY } from "../../src/coordinator/coordinator.ts";
import type { MemoryStore } from "../../src/coordinator/memory/memory-store.ts";
import { addProxy } from "../../src/model/change/proxy.ts";
import { assignSlots, slotRange } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { diffTopology } from "../../src/model/topology/diff.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";
import { type DeskOptions, OperationDesk } from "./operation-desk.ts";
import { proxyModel, withGroups } from "./topology-sample.ts";

/** Slots 0 to 19 in group 1, 20 to 29 in group 2, all others offline; groups 1 to 3. */
export function operationProduct(): Topology {
  const topology = withGroups(emptyTopology("demo", 1024), 3, 1);
  const owned = assignSlots(topology, [
    ...slotRange(topology, 0, 19).map((id) => ({ id, groupId: 1 })),
    ...slotRange(topology, 20, 29).map((id) => ({ id, groupId: 2 })),
  ]);
  return addProxy(owned, proxyModel(1));
}

/** Writes it as if a leader before had. */
export async function fillMemory(
  memory: MemoryStore,
  topology = operationProduct(),
): Promise<void> {
  const nodes = diffTopology(emptyTopology("demo", 1024), topology);
  await memory.open().write(nodes.map((node) => ({ ...node, expected: ANY })));
}

/** The next leader, once the lock of the one before is gone; its operations aren't started. */
export function takeOver(memory: MemoryStore, options: DeskOptions = {}): Promise<OperationDesk> {
  memory.apply([{ path: coordinatorPath.lock("demo"), data: undefined, expected: ANY }]);
  return OperationDesk.open(memory.open(), options);
}

/** Slots with an action, as `id:state>target`. */
export function actionsOf(topology: Topology): readonly string[] {
  return topology.slots
    .filter(({ action }) => action.state !== "")
    .map(({ id, action }) => `${id}:${action.state}>${action.targetId}`);
}

/** Owners of slots, as `id@group`. */
export function ownersOf(topology: Topology, ids: readonly number[]): readonly string[] {
  return ids.map((id) => `${id}@${topology.slots[id]?.groupId}`);
}

/** `move` requests for slots. */
export function movesTo(groupId: number, slotIds: readonly number[]) {
  return {
    strategy: "move" as const,
    moves: slotIds.map((slotId) => ({ slotId, groupId })),
  };
}
