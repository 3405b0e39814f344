/**
 * Keys that requests wait for, and the queue of them for one pair of servers.
 *
 * A key is in the queue once, however many requests want it, from the first wish until it is known to be gone
 * from the source, is refused for good, or nobody waits for it any more. One batch has keys of one database.
 */
import type { MovingSlot } from "./moving-slot.ts";

/** Why a key can't go to the target at all, for now: final for the requests that wait. */
export interface Refusal {
  /**
   * `target-full` and `payload-unknown` leave the key at the source in good order: it can be read there. `no-commands`:
   * a server lacks the commands of this way of moving.
   */
  readonly outcome: "target-full" | "payload-unknown" | "no-commands";
  /** The error that is answered, the target's own where it has one, without type byte and line end. */
  readonly text: string;
}

/** A request that waits for keys. Hears of each of its keys once (failures apart), until `isWaiting` is false. */
export interface KeyWaiter {
  /** False: it has its answer, its keys needn't be moved for it. */
  readonly isWaiting: boolean;
  /** One of its keys isn't at the source. */
  onKeySure(): void;
  /** One of its keys stays at the source. */
  onKeyRefused(refusal: Refusal): void;
  /** One of its keys couldn't be moved and is tried again; why, in one line. */
  onKeyFailed(cause: string): void;
}

/** See the file head. */
export interface WantedKey {
  readonly slot: MovingSlot;
  readonly db: number;
  readonly name: Buffer;
  readonly id: string;
  waiters: KeyWaiter[];
  /** It failed in company: it goes alone, so that its error is known to be its own. */
  isAlone: boolean;
  /** A move of it was broken off half-way, and has to be made good whether somebody waits for it or not. */
  isOwed: boolean;
  /** Not tried before, monotonic ms. */
  notBeforeMs: number;
}

/** Keys in one MIGRATE, and the bytes of their names. */
const BATCH_KEYS_MAX = 128;
const BATCH_BYTES_MAX = 64 * 1024;

/** The keys that are wanted over one pair of servers. */
export class KeyQueue {
  readonly #keys = new Map<string, WantedKey>();

  get size(): number {
    return this.#keys.size;
  }

  /** The waiter hears of the key from now on. */
  want(slot: MovingSlot, db: number, name: Buffer, id: string, waiter: KeyWaiter): void {
    const known = this.#keys.get(id);
    // Of another move of the same slot: what is found out about it says nothing about this one.
    if (known !== undefined && known.slot === slot) {
      known.waiters.push(waiter);
      return;
    }
    this.#keys.delete(id);
    const waiters = [waiter];
    const state = { isAlone: false, isOwed: false, notBeforeMs: 0 };
    this.#keys.set(id, { slot, db, name, id, waiters, ...state });
  }

  /** Drops all keys that nobody waits for, or whose slot doesn't move this way any more. */
  prune(): void {
    for (const [id, key] of this.#keys) {
      key.waiters = key.waiters.filter((waiter) => waiter.isWaiting);
      if (!isWanted(key)) this.#keys.delete(id);
    }
  }

  /** The keys of the next MIGRATE, which stay in the queue; none when there is nothing to do now. */
  next(nowMs: number): readonly WantedKey[] {
    const batch: WantedKey[] = [];
    let bytes = 0;
    for (const [id, key] of this.#keys) {
      const first = batch[0];
      if (!isWanted(key)) {
        this.#keys.delete(id);
        continue;
      }
      if (key.notBeforeMs > nowMs) continue;
      if (first !== undefined && (first.db !== key.db || key.isAlone)) continue;
      batch.push(key);
      bytes += key.name.length;
      if (key.isAlone || batch.length === BATCH_KEYS_MAX || bytes >= BATCH_BYTES_MAX) break;
    }
    return batch;
  }

  /** The key has its answer. */
  remove(key: WantedKey): void {
    if (this.#keys.get(key.id) === key) this.#keys.delete(key.id);
  }

  /** Behind all others, and not before a time. */
  postpone(key: WantedKey, untilMs: number): void {
    if (this.#keys.get(key.id) !== key) return;
    key.notBeforeMs = untilMs;
    this.#keys.delete(key.id);
    this.#keys.set(key.id, key);
  }
}

function isWanted(key: WantedKey): boolean {
  return key.slot.isCurrent && (key.isOwed || key.waiters.some((waiter) => waiter.isWaiting));
}
