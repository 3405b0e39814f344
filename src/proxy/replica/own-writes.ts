/**
 * The slots that a session has written and that a replica may not have yet: its reads of them go to the master,
 * so that a session always reads what it wrote itself.
 *
 * Two generations of bits, one for each slot. Writes are noted in the younger one; the older one is forgotten
 * when all its writes were answered, and after that every replica in use was seen to have all that its master
 * had then (`floorMs`). Then the younger one becomes the older.
 *
 *     write -> [ young ] -> [ old: answered at T ] -> forgotten once floorMs >= T
 *
 * Sequence numbers are those of `SessionOutput`, 32-bit; only differences are used.
 */

const BITS = 5;
const BIT_MASK = 31;

/** See the file head. One for each session that reads from replicas. */
export class OwnWrites {
  /** Something may be noted; while false no read has to look further. */
  isActive = false;
  #young: Uint32Array;
  #old: Uint32Array;
  #hasYoung = false;
  #hasOld = false;
  /** Number of the last write of all, and of the old generation. */
  #lastSeq = 0;
  #oldLastSeq = 0;
  /** When all writes of the old generation were seen to be answered; 0 before. */
  #oldAnsweredMs = 0;

  constructor(slotCount: number) {
    this.#young = new Uint32Array(slotCount >> BITS);
    this.#old = new Uint32Array(slotCount >> BITS);
  }

  /** A write with this number goes to a key of the slot. */
  add(slot: number, seq: number): void {
    // Hot path.
    const index = slot >> BITS;
    this.#young[index] = (this.#young[index] as number) | (1 << (slot & BIT_MASK));
    this.#hasYoung = true;
    this.isActive = true;
    this.#lastSeq = seq;
  }

  /** Something with this number may have written anywhere. */
  addAll(seq: number): void {
    this.#young.fill(0xffffffff);
    this.#hasYoung = true;
    this.isActive = true;
    this.#lastSeq = seq;
  }

  /**
   * Whether the slot must be read from the master. `head`: number of the oldest request without an answer;
   * `floorMs`: all replicas in use have what their masters had then; on the clock of `nowMs`.
   */
  has(slot: number, head: number, nowMs: number, floorMs: number): boolean {
    // Hot path of sessions that write and read.
    this.#forget(head, nowMs, floorMs);
    return this.isActive && this.#isNoted(slot);
  }

  /** Whether the slot may have been written by a request after the one with this number. */
  hasAfter(slot: number, seq: number): boolean {
    return this.isActive && ((this.#lastSeq - seq) | 0) > 0 && this.#isNoted(slot);
  }

  #isNoted(slot: number): boolean {
    const index = slot >> BITS;
    const both = (this.#young[index] as number) | (this.#old[index] as number);
    return (both & (1 << (slot & BIT_MASK))) !== 0;
  }

  #forget(head: number, nowMs: number, floorMs: number): void {
    if (this.#hasOld) {
      if (this.#oldAnsweredMs === 0) {
        if (((head - this.#oldLastSeq) | 0) <= 0) return;
        this.#oldAnsweredMs = nowMs;
      }
      if (floorMs < this.#oldAnsweredMs) return;
      this.#old.fill(0);
      this.#hasOld = false;
    }
    if (!this.#hasYoung) {
      this.isActive = false;
      return;
    }
    const free = this.#old;
    this.#old = this.#young;
    this.#young = free;
    this.#hasYoung = false;
    this.#hasOld = true;
    this.#oldLastSeq = this.#lastSeq;
    this.#oldAnsweredMs = ((head - this.#lastSeq) | 0) > 0 ? nowMs : 0;
  }
}
