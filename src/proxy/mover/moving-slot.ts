/**
 * One move of one slot, as this worker takes part in it: from the table that says so until the one that says
 * something else. A slot that moves again is another object, so that nothing is mixed up between two moves.
 */
import type { KeyMover } from "./key-mover.ts";
import { type KnownKeys, type KnownOfSlot, keyIdOf } from "./known-keys.ts";
import type { KeyWaiter } from "./wanted-key.ts";

/** See the file head. */
export class MovingSlot {
  readonly id: number;
  /** Moves the slot's keys; shared with all slots of the same pair. */
  readonly mover: KeyMover;
  readonly #all: KnownKeys;
  readonly #known: KnownOfSlot;
  #isCurrent = true;

  constructor(id: number, mover: KeyMover, known: KnownKeys) {
    this.id = id;
    this.mover = mover;
    this.#all = known;
    this.#known = known.open();
  }

  /** False: the table says something else now, and nothing is moved any more. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Whether a key is known not to be at the source. */
  isSure(db: number, name: Buffer): boolean {
    return this.#all.has(this.#known, keyIdOf(db, name));
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
