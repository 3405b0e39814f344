/**
 * All slots of a product in three arrays, packed as base64: 7 kB for 1,024 slots, where the list of ranges of a
 * scattered product has 90.
 */
import { LIVE_SLOT_STATES } from "../../../api/live-slot-state.ts";
import type { V1LiveSlots } from "../../../api/v1-live-schema.ts";
import type { SlotMapping } from "../../../model/slot-mapping.ts";

let newest: { readonly slots: readonly SlotMapping[]; readonly packed: V1LiveSlots } | undefined;

/** The arrays have one entry for each slot, in order of their ids. Made once for each table of slots. */
export function packSlots(slots: readonly SlotMapping[]): V1LiveSlots {
  if (newest?.slots === slots) {
    return newest.packed;
  }
  const owners = Buffer.alloc(slots.length * 2);
  const targets = Buffer.alloc(slots.length * 2);
  const states = Buffer.alloc(slots.length);
  for (const [index, { groupId, action }] of slots.entries()) {
    owners.writeUInt16LE(groupId, index * 2);
    targets.writeUInt16LE(action.state === "" ? 0 : action.targetId, index * 2);
    const state = action.state === "" ? (groupId === 0 ? "offline" : "online") : action.state;
    states[index] = LIVE_SLOT_STATES.indexOf(state);
  }
  const packed = {
    owners: owners.toString("base64"),
    targets: targets.toString("base64"),
    states: states.toString("base64"),
  };
  newest = { slots, packed };
  return packed;
}
