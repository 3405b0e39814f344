/**
 * The steps of slots that move, one function for each arrow of the state machine (`docs/slot-migration.md`).
 * Each takes the slots of the list that are in the state that it begins with and leaves the others alone: what
 * was done already, or isn't wanted any more, is nothing to do. Pure; nothing throws.
 */
import type { SlotActionState } from "../action.ts";
import { NO_SLOT_ACTION, type SlotMapping } from "../slot-mapping.ts";
import type { HandoverStep, Topology } from "../topology/topology.ts";

/** The state that slots of a hand-over are stored in. */
const HELD_STATE: Readonly<Record<HandoverStep, SlotActionState>> = {
  locking: "preparing",
  opening: "prepared",
  turning: "migrating",
};

/** pending -> preparing. */
export function prepareSlots(topology: Topology, ids: readonly number[]): Topology {
  return step(topology, ids, { from: "pending", to: "preparing" });
}

/** preparing: proxies are told to hold the slots; nothing is stored. */
export function beginLocking(topology: Topology, ids: readonly number[]): Topology {
  return handOver(topology, ids, "preparing", "locking");
}

/** Proxies serve the slots again as before `beginLocking` or `beginTurning`; nothing is stored. */
export function undoLocking(topology: Topology, ids: readonly number[]): Topology {
  const undone = ids.filter((id) => isStep(topology, id, "locking", "turning"));
  return undone.length === 0 ? topology : withHandover(topology, undone, undefined);
}

/** preparing -> prepared: every proxy holds the slots. They are told to move keys on access at once. */
export function storePrepared(topology: Topology, ids: readonly number[]): Topology {
  const locked = ids.filter((id) => isStep(topology, id, "locking"));
  return handOver(
    step(topology, locked, { from: "preparing", to: "prepared" }),
    locked,
    "prepared",
    "opening",
  );
}

/** prepared: proxies are told to move keys on access; nothing is stored. For a leader that found it stored. */
export function beginOpening(topology: Topology, ids: readonly number[]): Topology {
  return handOver(topology, ids, "prepared", "opening");
}

/** prepared -> migrating: every proxy moves keys on access. */
export function storeMigrating(topology: Topology, ids: readonly number[]): Topology {
  const opened = ids.filter((id) => isStep(topology, id, "opening"));
  const stored = step(topology, opened, { from: "prepared", to: "migrating" });
  return opened.length === 0 ? topology : withHandover(stored, opened, undefined);
}

/** migrating -> finished: no key is left at the source. */
export function finishSlots(topology: Topology, ids: readonly number[]): Topology {
  return step(topology, ids, { from: "migrating", to: "finished" });
}

/** finished -> owned by the target, no action: every proxy knows. */
export function settleSlots(topology: Topology, ids: readonly number[]): Topology {
  return mapSlots(topology, ids, "finished", (slot) => ({
    ...slot,
    groupId: slot.action.targetId,
    action: NO_SLOT_ACTION,
  }));
}

/** migrating: proxies are told to hold the slots, before they are turned round; nothing is stored. */
export function beginTurning(topology: Topology, ids: readonly number[]): Topology {
  return handOver(topology, ids, "migrating", "turning");
}

/**
 * migrating -> prepared the other way: every proxy holds the slots. Owner and target change places, and they
 * are told to move keys on access at once.
 */
export function turnSlots(topology: Topology, ids: readonly number[]): Topology {
  const held = ids.filter((id) => isStep(topology, id, "turning"));
  const turned = mapSlots(topology, held, "migrating", (slot) => ({
    ...slot,
    groupId: slot.action.targetId,
    action: { ...slot.action, state: "prepared", targetId: slot.groupId },
  }));
  return handOver(turned, held, "prepared", "opening");
}

/**
 * Nobody is at work on a hand-over: slots that are held are served as they are stored, and entries of slots in other
 * states (assigned by force, say) are dropped. Slots that were held are written anew, so that a write of which
 * nobody knows what became of it can't take effect later, when they aren't held any more.
 */
export function abandonHandovers(topology: Topology): Topology {
  const held = [...topology.handover.keys()].filter((id) =>
    isStep(topology, id, "locking", "turning"),
  );
  const stale = [...topology.handover.keys()].filter(
    (id) => topology.slots[id]?.action.state !== "prepared" || !isStep(topology, id, "opening"),
  );
  const rewritten = rewriteActions(topology, held);
  return stale.length === 0 ? rewritten : withHandover(rewritten, stale, undefined);
}

/** Ids of the slots in this state, in the order of the list. */
export function slotsIn(
  topology: Topology,
  ids: readonly number[],
  state: SlotActionState,
): readonly number[] {
  return ids.filter((id) => topology.slots[id]?.action.state === state);
}

/** Those of the slots that still are in the state that they are held in: their actions get other numbers. */
function rewriteActions(topology: Topology, ids: readonly number[]): Topology {
  const isAsHeld = (id: number): boolean =>
    topology.slots[id]?.action.state === HELD_STATE[topology.handover.get(id) ?? "opening"];
  const held = ids.filter(isAsHeld);
  let index = topology.slots.reduce((highest, slot) => Math.max(highest, slot.action.index), 0);
  const slots = [...topology.slots];
  for (const id of held) {
    const slot = slots[id];
    if (slot !== undefined) {
      index += 1;
      slots[id] = { ...slot, action: { ...slot.action, index } };
    }
  }
  return held.length === 0 ? topology : { ...topology, slots };
}

function step(
  topology: Topology,
  ids: readonly number[],
  { from, to }: { readonly from: SlotActionState; readonly to: SlotActionState },
): Topology {
  return mapSlots(topology, ids, from, (slot) => ({
    ...slot,
    action: { ...slot.action, state: to },
  }));
}

function mapSlots(
  topology: Topology,
  ids: readonly number[],
  from: SlotActionState,
  change: (slot: SlotMapping) => SlotMapping,
): Topology {
  const slots = [...topology.slots];
  let hasChanged = false;
  for (const id of ids) {
    const slot = slots[id];
    if (slot?.action.state === from) {
      slots[id] = change(slot);
      hasChanged = true;
    }
  }
  return hasChanged ? { ...topology, slots } : topology;
}

function isStep(topology: Topology, id: number, ...steps: readonly HandoverStep[]): boolean {
  const told = topology.handover.get(id);
  return told !== undefined && steps.includes(told);
}

function handOver(
  topology: Topology,
  ids: readonly number[],
  state: SlotActionState,
  told: HandoverStep,
): Topology {
  const fresh = slotsIn(topology, ids, state).filter((id) => topology.handover.get(id) !== told);
  return fresh.length === 0 ? topology : withHandover(topology, fresh, told);
}

function withHandover(
  topology: Topology,
  ids: readonly number[],
  told: HandoverStep | undefined,
): Topology {
  const handover = new Map(topology.handover);
  for (const id of ids) {
    if (told === undefined) {
      handover.delete(id);
    } else {
      handover.set(id, told);
    }
  }
  return { ...topology, handover };
}
