/**
 * Adds up what has arrived, by slot, and tells it some times a second: a batch holds keys of hundreds of slots, and
 * telling each of them at once would cost as much as moving them.
 */
import type { FoundKey } from "./found-key.ts";

/** How often it is told, milliseconds. */
const TELL_MS = 100;

/** See the file head. */
export class MovedTally {
  readonly #tell: (slotId: number, keys: number, bytes: number) => void;
  readonly #nowMs: () => number;
  /** By slot. */
  readonly #keys: number[] = [];
  readonly #bytes: number[] = [];
  /** Slots with something that wasn't told yet. */
  #slotIds: number[] = [];
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** `nowMs` is a monotonic clock. */
  constructor(
    tell: (slotId: number, keys: number, bytes: number) => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  /**
   * So many of the keys have moved, whichever; the first of them stand for all that have. Told now, if that is due.
   */
  add(keys: readonly FoundKey[], moved = keys.length): void {
    for (const { slotId, bytes } of moved < keys.length ? keys.slice(0, moved) : keys) {
      const count = this.#keys[slotId] ?? 0;
      if (count === 0) {
        this.#slotIds.push(slotId);
        this.#bytes[slotId] = 0;
      }
      this.#keys[slotId] = count + 1;
      this.#bytes[slotId] = (this.#bytes[slotId] ?? 0) + bytes;
    }
    if (this.#nowMs() - this.#toldAtMs >= TELL_MS) {
      this.flush();
    }
  }

  /** Tells everything. */
  flush(): void {
    this.#toldAtMs = this.#nowMs();
    const slotIds = this.#slotIds;
    this.#slotIds = [];
    for (const id of slotIds) {
      const keys = this.#keys[id] ?? 0;
      this.#keys[id] = 0;
      this.#tell(id, keys, this.#bytes[id] ?? 0);
    }
  }
}
