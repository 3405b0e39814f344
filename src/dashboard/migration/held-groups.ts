/**
 * Groups that somebody else is at work on, a change of their master for example: no step of a slot that moves from or
 * to one of them is begun. Several may hold one group; it is free when all have let go.
 */
import type { SlotMapping } from "../../model/slot-mapping.ts";
import type { Topology } from "../../model/topology/topology.ts";

/** See the file head. */
export class HeldGroups {
  readonly #holds = new Map<number, number>();

  /** Holds the group until the result is called; calling that again does nothing. */
  add(groupId: number): () => void {
    this.#holds.set(groupId, (this.#holds.get(groupId) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (isHeld) {
        isHeld = false;
        const left = (this.#holds.get(groupId) ?? 0) - 1;
        if (left > 0) {
          this.#holds.set(groupId, left);
        } else {
          this.#holds.delete(groupId);
        }
      }
    };
  }

  /** Whether the slot moves from or to a group that is held; false for a slot that doesn't exist. */
  concerns(slot: SlotMapping | undefined): boolean {
    return (
      slot !== undefined && (this.#holds.has(slot.groupId) || this.#holds.has(slot.action.targetId))
    );
  }
}

/** Ids of slots with an action that are in the group or go there. */
export function movingSlotsOf({ slots }: Topology, groupId: number): readonly number[] {
  return slots
    .filter(
      (slot) =>
        slot.action.state !== "" && (slot.groupId === groupId || slot.action.targetId === groupId),
    )
    .map(({ id }) => id);
}
