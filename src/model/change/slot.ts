/**
 * Changes of slots: giving them to groups by force, and ordering that they move. Each takes a topology and
 * gives the next one, or throws a `CodisError` with Codis's own text and changes nothing. No data moves
 * here; how an ordered move is carried out is another matter.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../coordinator-path.ts";
import { NO_SLOT_ACTION, type SlotMapping } from "../slot-mapping.ts";
import { getGroupWithServer, getSlot } from "../topology/guard.ts";
import { findFault, type Topology } from "../topology/topology.ts";
import { markGroupsOutOfSync } from "./group.ts";

/** A slot and the group that it is given to, or is to move to; 0: no group. */
export interface SlotTarget {
  readonly id: number;
  readonly groupId: number;
}

/** How slots are assigned. */
export interface AssignOptions {
  /** Overwrite nodes of slots that are garbage, instead of refusing. */
  readonly repairsFaults?: boolean;
}

/**
 * Gives slots to groups: all or none. Running actions of these slots are dropped, no data moves; group 0
 * takes a slot offline. The groups are out of sync until they are pushed.
 */
export function assignSlots(
  topology: Topology,
  targets: readonly SlotTarget[],
  options: AssignOptions = {},
): Topology {
  const repaired = new Set<string>();
  const slots = [...topology.slots];
  for (const { id, groupId } of checkTargets(topology, targets)) {
    const fault = findSlotFault(topology, id);
    if (fault !== undefined && options.repairsFaults === true) {
      repaired.add(fault);
    } else {
      getSlot(topology, id);
    }
    const extra = topology.slots[id]?.extra;
    const kept = extra === undefined ? {} : { extra };
    slots[id] = { id, groupId, action: NO_SLOT_ACTION, ...kept };
  }
  const groupIds = new Set(targets.map((target) => target.groupId));
  const faults =
    repaired.size === 0 ? topology.faults : topology.faults.filter((line) => !repaired.has(line));
  return markGroupsOutOfSync({ ...topology, slots, faults }, groupIds);
}

/** Orders that slots move, in the order of the list, behind all that wait already. All or none. */
export function createSlotActions(topology: Topology, targets: readonly SlotTarget[]): Topology {
  const slots = [...topology.slots];
  let index = highestIndex(topology);
  for (const { id, groupId } of checkTargets(topology, targets)) {
    const slot = getSlot(topology, id);
    if (slot.action.state !== "") {
      throw new CodisError("STATE_CONFLICT", `slot-[${id}] action already exists`);
    }
    if (slot.groupId === groupId) {
      throw new CodisError("STATE_CONFLICT", `slot-[${id}] already in group-[${groupId}]`);
    }
    if (groupId === 0) {
      throw new CodisError("ARGUMENT_INVALID", "invalid group id = 0, out of range");
    }
    index += 1;
    slots[id] = { ...slot, action: { index, state: "pending", targetId: groupId } };
  }
  return { ...topology, slots };
}

/** Takes back the order that a slot moves; only while it waits. */
export function removeSlotAction(topology: Topology, id: number): Topology {
  const slot = getSlot(topology, id);
  if (slot.action.state === "") {
    throw new CodisError("NOT_FOUND", `slot-[${id}] action doesn't exist`);
  }
  if (slot.action.state !== "pending") {
    throw new CodisError("STATE_CONFLICT", `slot-[${id}] action isn't pending`);
  }
  return withSlot(topology, { ...slot, action: NO_SLOT_ACTION });
}

/** The topology with this slot. */
export function withSlot(topology: Topology, slot: SlotMapping): Topology {
  return { ...topology, slots: topology.slots.with(slot.id, slot) };
}

/** The ids from `first` to `last`, both included. Throws ARGUMENT_INVALID. */
export function slotRange(topology: Topology, first: number, last: number): readonly number[] {
  const isGood =
    Number.isInteger(first) &&
    Number.isInteger(last) &&
    first >= 0 &&
    first <= last &&
    last < topology.slotCount;
  if (!isGood) {
    const most = topology.slotCount - 1;
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid slot range [${first},${last}]: expected 0 to ${most}, the smaller one first`,
    );
  }
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}

/** The same list, after its slots exist, each once, and its groups can take slots. */
function checkTargets(topology: Topology, targets: readonly SlotTarget[]): readonly SlotTarget[] {
  const seen = new Set<number>();
  for (const { id, groupId } of targets) {
    if (topology.slots[id] === undefined) {
      throw new CodisError("NOT_FOUND", `slot-[${id}] doesn't exist`);
    }
    if (seen.has(id)) {
      throw new CodisError("ARGUMENT_INVALID", `slot-[${id}] is there twice, expected it once`);
    }
    seen.add(id);
    if (groupId !== 0) {
      getGroupWithServer(topology, groupId);
    }
  }
  return targets;
}

function findSlotFault(topology: Topology, id: number): string | undefined {
  return findFault(topology, coordinatorPath.slot(topology.product, id));
}

function highestIndex(topology: Topology): number {
  return topology.slots.reduce((highest, slot) => Math.max(highest, slot.action.index), 0);
}
