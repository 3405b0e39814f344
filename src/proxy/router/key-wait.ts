/**
 * A session that waits until keys of one request have left their sources, and offers the request again then: for
 * requests that are split over several servers, and for those that need more than to be sent.
 */
import type { MovingSlot } from "../mover/moving-slot.ts";
import type { KeyWaiter, Refusal } from "../mover/wanted-key.ts";

/** Who waits. */
export interface WaitOrigin {
  /** See `KeyWait.seq`. */
  readonly seq: number;
  /** When the request began to wait, monotonic ms. */
  readonly sinceMs: number;
  /** Called once, when there is something to do. */
  readonly wake: () => void;
}

/** See the file head. */
export class KeyWait implements KeyWaiter {
  /** Monotonic ms. */
  readonly sinceMs: number;
  refusal: Refusal | undefined;
  failure: string | undefined;
  isExpired = false;
  /** Number of the request in its session (`SessionOutput.tail` while it waits). */
  readonly seq: number;
  readonly #slots: ReadonlySet<MovingSlot>;
  readonly #wake: () => void;
  #missing: number;

  /** `wake` is called once, when there is something to do: moved, refused or expired. */
  constructor(slots: ReadonlySet<MovingSlot>, missing: number, origin: WaitOrigin) {
    this.#slots = slots;
    this.#missing = missing;
    this.seq = origin.seq;
    this.sinceMs = origin.sinceMs;
    this.#wake = origin.wake;
  }

  /** Whether it has asked for the request's keys in this slot: one may have begun to move later. */
  covers(slot: MovingSlot): boolean {
    return this.#slots.has(slot);
  }

  get isWaiting(): boolean {
    return this.#missing > 0 && this.refusal === undefined && !this.isExpired;
  }

  /** All keys have left their sources, and the slots still move as they did. */
  get isMoved(): boolean {
    return this.#missing === 0 && this.isCurrent;
  }

  /** False: a slot moves no more or otherwise; what was found out says nothing any more. */
  get isCurrent(): boolean {
    for (const slot of this.#slots) if (!slot.isCurrent) return false;
    return true;
  }

  /** Why it waits, as far as it is known. */
  get trouble(): string | undefined {
    for (const { mover } of this.#slots) {
      if (mover.trouble !== undefined) return mover.trouble;
    }
    return this.failure;
  }

  onKeySure(): void {
    this.#missing--;
    if (this.#missing === 0) this.#wake();
  }

  onKeyRefused(refusal: Refusal): void {
    this.refusal = refusal;
    this.#wake();
  }

  onKeyFailed(cause: string): void {
    this.failure = cause;
  }

  /** It has waited for too long. */
  expire(): void {
    if (!this.isWaiting) return;
    this.isExpired = true;
    this.#wake();
  }
}
