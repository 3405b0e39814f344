/**
 * In which directions keys may go at the same time. MIGRATE stops its source until the target has answered: two
 * servers that send to each other wait for each other, and both stand still until one of them gives up after its
 * timeout; a ring of servers does the same. So a direction that would close a ring waits for the others.
 */
import type { SlotMapping } from "../../model/slot-mapping.ts";

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
    const sourceId = slot?.groupId ?? 0;
    const targetId = slot?.action.targetId ?? 0;
    if (sourceId === 0 || targetId === 0) {
      return true;
    }
    if (this.#leads(targetId, sourceId)) {
      return false;
    }
    const targets = this.#targets.get(sourceId) ?? new Set();
    this.#targets.set(sourceId, targets.add(targetId));
    return true;
  }

  /** Whether keys go from one group to the other, over any number of others. */
  #leads(fromId: number, toId: number): boolean {
    const seen = new Set([fromId]);
    for (const id of seen) {
      if (id === toId) {
        return true;
      }
      for (const next of this.#targets.get(id) ?? []) {
        seen.add(next);
      }
    }
    return false;
  }
}
