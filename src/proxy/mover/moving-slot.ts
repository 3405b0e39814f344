/**
 * One move of one slot, as this worker takes part in it: from the table that says so until the one that says
 * something else. A slot that moves again is another object, so that nothing is mixed up between two moves.
 */
import { FORWARD_METHOD } from "../../model/slot.ts";
import { type KnownKeys, type KnownOfSlot, keyIdOf } from "./known-keys.ts";
import type { SlotMover } from "./slot-mover.ts";
import type { KeyWaiter } from "./wanted-key.ts";

/** See the file head. */
export class MovingSlot {
  readonly id: number;
  /** Moves the slot's keys; shared with all slots of the same pair. */
  readonly mover: SlotMover;
  readonly #all: KnownKeys;
  readonly #known: KnownOfSlot;
  #isCurrent = true;

  constructor(id: number, mover: SlotMover, known: KnownKeys) {
    this.id = id;
    this.mover = mover;
    this.#all = known;
    this.#known = known.open();
  }

  /** False: the table says something else now, and nothing is moved any more. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Commands run at the source as long as their key is there. */
  get isWrapped(): boolean {
    return this.mover.method === FORWARD_METHOD.semiAsync;
  }

  /**
   * Whether a key is known not to be at the source. Never when it is wrapped: a proxy of Codis may run a command at
   * the source that makes a key there.
   */
  isSure(db: number, name: Buffer): boolean {
    return !this.isWrapped && this.#all.has(this.#known, keyIdOf(db, name));
  }

  /**
   * Whether reads of a key may go to the target: it isn't at the source, or was seen at the target, whose copy wins.
   * What changes a key needs `isSure`: a copy that is left at the source would come after it was deleted.
   */
  isReadable(db: number, name: Buffer): boolean {
    if (this.isWrapped) return false;
    const id = keyIdOf(db, name);
    return this.#all.has(this.#known, id) || this.#all.has(this.#known, seenIdOf(id));
  }

  /** The target has the key. */
  noteSeen(db: number, name: Buffer): void {
    if (this.#isCurrent) this.#all.add(this.#known, seenIdOf(keyIdOf(db, name)));
  }

  /** The waiter hears of the key later, never before this returns. */
  want(db: number, name: Buffer, waiter: KeyWaiter): void {
    this.mover.want(this, db, name, keyIdOf(db, name), waiter);
  }

  /** The key of this id isn't at the source. */
  noteSure(id: string): void {
    if (this.#isCurrent) this.#all.add(this.#known, id);
  }

  /** The table says something else. */
  end(): void {
    this.#isCurrent = false;
    this.#all.close(this.#known);
  }
}

/** Of a key that may be at both sides; no id of `keyIdOf`, which begins with a digit. */
function seenIdOf(id: string): string {
  return `seen ${id}`;
}
