/**
 * Which slots a mover empties, and when one is empty (design section 8): when a full cycle over the source has met
 * none of its keys, begun after the slot was added, after the last move of it that failed, and on one process of
 * the source that stayed a master. Pure bookkeeping; the cycle tells what it sees.
 *
 * Slots that come in the middle of a cycle have their keys moved by it already, and count from the next one.
 * So one cycle verifies some slots while it moves others.
 */

/** See the file head. */
export class SlotLedger {
  readonly #isWanted: Uint8Array;
  /** Wanted slots of which the present cycle has met nothing so far; undefined between cycles. */
  #candidates: Set<number> | undefined;
  #count = 0;

  constructor(slotCount: number) {
    this.#isWanted = new Uint8Array(slotCount);
  }

  /** Wanted slots. */
  get size(): number {
    return this.#count;
  }

  isWanted(slotId: number): boolean {
    return this.#isWanted[slotId] === 1;
  }

  /** Slots that are wanted already are left as they are. */
  add(slotIds: readonly number[]): void {
    for (const id of slotIds) {
      if (this.#isWanted[id] === 0) {
        this.#isWanted[id] = 1;
        this.#count += 1;
      }
    }
  }

  remove(slotIds: readonly number[]): void {
    for (const id of slotIds) {
      if (this.#isWanted[id] === 1) {
        this.#isWanted[id] = 0;
        this.#count -= 1;
      }
      this.#candidates?.delete(id);
    }
  }

  /** A full cycle begins now. What an unfinished one has seen is forgotten. */
  beginCycle(): void {
    const candidates = new Set<number>();
    for (const [id, isWanted] of this.#isWanted.entries()) {
      if (isWanted === 1) {
        candidates.add(id);
      }
    }
    this.#candidates = candidates;
  }

  /** The cycle met a key of the slot. */
  meet(slotId: number): void {
    this.#candidates?.delete(slotId);
  }

  /** The cycle won't come to its end, or something failed that may concern any slot. */
  abandonCycle(): void {
    this.#candidates = undefined;
  }

  /** The cycle has seen everything, and all its moves have ended: the slots that are empty, wanted no more. */
  endCycle(): readonly number[] {
    const emptied = [...(this.#candidates ?? [])];
    this.#candidates = undefined;
    this.remove(emptied);
    return emptied;
  }
}
