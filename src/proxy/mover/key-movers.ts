/**
 * All movers of a worker, one for each pair of servers that exchange slots and each way of moving, and the slots
 * that move.
 *
 * A mover comes with the first slot of its pair. It goes a while after the last one, but not before it is known
 * that nothing it sent is still to be carried out at the source: a table that takes a slot away from a pair is
 * acknowledged only then (`settled`).
 */
import { CodisError } from "../../base/error.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { MoveStats } from "../stats/move-stats.ts";
import { KeyMover } from "./key-mover.ts";
import { KnownKeys } from "./known-keys.ts";
import { MovingSlot } from "./moving-slot.ts";
import type { MoverEvents, MoverSettings, SlotMover } from "./slot-mover.ts";
import { TagMover } from "./tag-mover.ts";

/** A mover without slots keeps so long what it has made sure of. */
const UNUSED_MS = 600_000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: CodisError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Pair {
  readonly mover: SlotMover;
  slotCount: number;
  unusedSinceMs: number;
}

/** See the file head. One for each worker. */
export class KeyMovers {
  readonly #settings: MoverSettings;
  readonly #stats: MoveStats;
  readonly #events: MoverEvents;
  readonly #known = new KnownKeys();
  readonly #pairs = new Map<string, Pair>();
  readonly #slots = new Map<number, MovingSlot>();
  #waiting: Waiting[] = [];

  constructor(settings: MoverSettings, stats: MoveStats, events: Omit<MoverEvents, "onProgress">) {
    this.#settings = settings;
    this.#stats = stats;
    this.#events = {
      onDoubt: (mover) => events.onDoubt(mover),
      onTrouble: (mover, trouble) => events.onTrouble(mover, trouble),
      onProgress: () => this.#onProgress(),
    };
  }

  /** The slot begins to move; it doesn't already. Addresses as in the slot table. */
  begin(slotId: number, method: ForwardMethod, source: string, target: string): MovingSlot {
    const key = keyOf({ method, source, target });
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { mover: this.#create(method, source, target), slotCount: 0, unusedSinceMs: 0 };
      this.#pairs.set(key, pair);
    }
    if (pair.slotCount === 0) pair.mover.prepare();
    pair.slotCount++;
    const slot = new MovingSlot(slotId, pair.mover, this.#known);
    this.#slots.set(slotId, slot);
    return slot;
  }

  /** The slot doesn't move this way any more. */
  end(slot: MovingSlot, nowMs: number): void {
    slot.end();
    this.#slots.delete(slot.id);
    const pair = this.#pairs.get(keyOf(slot.mover));
    if (pair === undefined) return;
    pair.slotCount--;
    pair.unusedSinceMs = nowMs;
  }

  /**
   * Resolves when nothing that takes keys away is under way for a slot that doesn't move over that pair any
   * more. Rejects with MOVE_UNSETTLED when that can't be had in time: a source that hangs.
   */
  settled(timeoutMs: number): Promise<void> {
    if (this.#unsettled() === undefined) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((waiting) => waiting.timer !== timer);
      const slot = this.#unsettled();
      if (slot === undefined) resolve();
      else {
        reject(
          new CodisError(
            "MOVE_UNSETTLED",
            `${slot.mover.source} hasn't told within ${timeoutMs} ms what became of keys of slot ${slot.id} ` +
              "that it was asked to move; the table holds, send it again",
          ),
        );
      }
    }, timeoutMs);
    this.#waiting.push({ resolve, reject, timer });
    return promise;
  }

  /** See `KeyMover.cutUnsent`. */
  cutUnsent(): void {
    for (const { mover } of this.#pairs.values()) mover.cutUnsent();
  }

  /** About once a second: movers without use go. */
  tick(nowMs: number): void {
    for (const [key, { mover, slotCount, unusedSinceMs }] of this.#pairs) {
      const isUnused = slotCount === 0 && nowMs - unusedSinceMs > UNUSED_MS;
      if (!isUnused || mover.isBusy || mover.slotsUnderWay.length > 0) continue;
      mover.close();
      this.#pairs.delete(key);
    }
  }

  close(): void {
    for (const { mover } of this.#pairs.values()) mover.close();
    this.#pairs.clear();
    for (const { timer, resolve } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      resolve();
    }
  }

  #create(method: ForwardMethod, source: string, target: string): SlotMover {
    const [settings, stats, events] = [this.#settings, this.#stats, this.#events];
    return method === FORWARD_METHOD.migrate
      ? new KeyMover(source, target, settings, stats, events)
      : new TagMover({ method, source, target, settings, stats, events });
  }

  /** A slot whose keys may be taken away although it doesn't move this way any more. */
  #unsettled(): MovingSlot | undefined {
    for (const { mover } of this.#pairs.values()) {
      for (const slot of mover.slotsUnderWay) {
        if (this.#slots.get(slot.id)?.mover !== mover) return slot;
      }
    }
    return undefined;
  }

  #onProgress(): void {
    if (this.#waiting.length === 0 || this.#unsettled() !== undefined) return;
    for (const { timer, resolve } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      resolve();
    }
  }
}

function keyOf({
  method,
  source,
  target,
}: Pick<SlotMover, "method" | "source" | "target">): string {
  return `${method} ${source}>${target}`;
}
