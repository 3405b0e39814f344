/**
 * In which directions keys may go at the same time. MIGRATE stops its source until the target has answered: two
 * servers that send to each other wait for each other, and both stand still until one of them gives up after its
 * timeout; a ring of servers does the same. So a direction that would close a ring waits for the others.
 */
import type { SlotMapping } from "../../model/slot-mapping.ts";
import type { Direction, DirectionWait } from "./contract.ts";

/** What is known of a slot; undefined for one that doesn't exist. */
type MovingSlot = Pick<SlotMapping, "groupId" | "action"> | undefined;

/** Directions between groups that are free of rings. */
export class Directions {
  /** Groups that get keys, by the one that they get them from. */
  readonly #targets = new Map<number, Set<number>>();

  /** Slots whose keys go already. */
  constructor(underWay: Iterable<MovingSlot> = []) {
    for (const slot of underWay) {
      this.add(slot);
    }
  }

  /** Whether keys of the slot may go now; from then on its direction counts. True for a slot that has no action. */
  add(slot: MovingSlot): boolean {
    return this.#add(slot) === undefined;
  }

  /** As `add`, of a slot with this id; what it waits for when its keys may not go. */
  addOrWait(slotId: number, slot: MovingSlot): DirectionWait | undefined {
    const behind = this.#add(slot);
    const direction = { sourceId: slot?.groupId ?? 0, targetId: slot?.action.targetId ?? 0 };
    return behind && { slotId, direction, behind };
  }

  /** What stands in the way. */
  #add(slot: MovingSlot): Direction | undefined {
    const sourceId = slot?.groupId ?? 0;
    const targetId = slot?.action.targetId ?? 0;
    if (sourceId === 0 || targetId === 0) {
      return undefined;
    }
    const behind = this.#leads(targetId, sourceId);
    if (behind === undefined) {
      const targets = this.#targets.get(sourceId) ?? new Set();
      this.#targets.set(sourceId, targets.add(targetId));
    }
    return behind;
  }

  /** The first part of a way that keys go from one group to the other, over any number of others. */
  #leads(fromId: number, toId: number): Direction | undefined {
    /** Of each group that is reached, the one that comes first after `fromId`. */
    const firsts = new Map([[fromId, fromId]]);
    for (const [id, firstId] of firsts) {
      if (id === toId) {
        return { sourceId: fromId, targetId: firstId };
      }
      for (const next of this.#targets.get(id) ?? []) {
        if (!firsts.has(next)) {
          firsts.set(next, id === fromId ? next : firstId);
        }
      }
    }
    return undefined;
  }
}
