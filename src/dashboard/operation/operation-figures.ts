/**
 * The figures of one operation under one leader: what has moved, how fast, how much is left and how long that
 * takes. Begins with what the leader before has stored; what was moved after its last note is missed, but
 * nothing is decided by these figures. So that nobody sees them go back when the leader changes, what has moved is
 * shown (`shownOf`) only once it is stored, a second later.
 */
import type { MovedAmount, StoredFigures } from "../../model/operation/figures-record.ts";
import type { Operation, OperationProgress } from "../../model/operation/operation.ts";
import { openMovesOf } from "../../model/operation/operation-slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { type Rates, RateWindow } from "./rate-window.ts";

/** See the file head. */
export class OperationFigures {
  readonly #window = new RateWindow();
  /** Keys and bytes by slot. */
  readonly #moved: Map<number, MovedAmount>;
  #keysMoved: number;
  #keysOnAccess: number;
  #bytesMoved: number;
  #longestStallMs: number;
  #longestHoldMs: number;
  #retries: number;
  #staleKeys: number;

  /** What is stored; what has moved never shrinks. */
  #stored: Pick<StoredFigures, "keysMoved" | "keysOnAccess" | "bytesMoved">;

  /** `stored`: what the leader before has noted since it wrote the operation down. */
  constructor({ progress }: Operation, stored?: StoredFigures) {
    // An earlier release knows nothing of them, and has gone on counting in the operation alone.
    const isNewer = stored !== undefined && stored.keysMoved >= progress.keysMoved;
    const from = isNewer ? stored : progress;
    this.#stored = from;
    this.#moved = new Map(stored?.slots ?? []);
    this.#keysMoved = from.keysMoved;
    this.#keysOnAccess = from.keysOnAccess;
    this.#bytesMoved = from.bytesMoved;
    this.#longestStallMs = from.longestStallMs;
    this.#longestHoldMs = from.longestHoldMs;
    this.#retries = from.retries;
    this.#staleKeys = from.staleKeys;
  }

  noteMoved(slotId: number, keys: number, bytes: number): void {
    const slot = this.#moved.get(slotId) ?? { keys: 0, bytes: 0 };
    this.#moved.set(slotId, { keys: slot.keys + keys, bytes: slot.bytes + Math.round(bytes) });
    this.#keysMoved += keys;
    this.#bytesMoved += Math.round(bytes);
  }

  /** Proxies moved so many keys, of whatever slots. What is left of slots counts them when a slot has arrived. */
  noteOnAccess(keys: number): void {
    this.#keysMoved += keys;
    this.#keysOnAccess += keys;
  }

  noteStall(ms: number): void {
    this.#longestStallMs = Math.max(this.#longestStallMs, Math.ceil(ms));
  }

  noteHold(ms: number): void {
    this.#longestHoldMs = Math.max(this.#longestHoldMs, Math.ceil(ms));
  }

  noteRetry(): void {
    this.#retries += 1;
  }

  noteStaleKeys(count: number): void {
    this.#staleKeys += count;
  }

  /** The speed changed, or it stood still: the rate of before tells nothing any more. */
  forgetRate(): void {
    this.#window.reset();
  }

  /** Keys that are left of a slot, as far as that is known. */
  keysLeftOf({ slotId, keys }: { readonly slotId: number; readonly keys: number }): number {
    return Math.max(0, keys - (this.#moved.get(slotId)?.keys ?? 0));
  }

  /** What the next leader has to know; `openSlotIds` are those of the operation that haven't arrived. */
  toStore(openSlotIds: Iterable<number>): StoredFigures {
    const slots = new Map<number, MovedAmount>();
    for (const id of openSlotIds) {
      const moved = this.#moved.get(id);
      if (moved !== undefined) {
        slots.set(id, moved);
      }
    }
    return {
      keysMoved: this.#keysMoved,
      keysOnAccess: this.#keysOnAccess,
      bytesMoved: this.#bytesMoved,
      longestStallMs: this.#longestStallMs,
      longestHoldMs: this.#longestHoldMs,
      retries: this.#retries,
      staleKeys: this.#staleKeys,
      slots,
    };
  }

  /** That has been stored. */
  noteStored(stored: StoredFigures): void {
    this.#stored = stored;
  }

  /** The progress as people may see it; as `progressOf`. */
  shownOf(operation: Operation, topology: Topology, atMs: number): OperationProgress {
    const { keysMoved, keysOnAccess, bytesMoved } = this.#stored;
    return { ...this.progressOf(operation, topology, atMs), keysMoved, keysOnAccess, bytesMoved };
  }

  /** The progress now; `atMs` is monotonic. To be asked about once a second, that makes the rate. */
  progressOf(operation: Operation, topology: Topology, atMs: number): OperationProgress {
    const open = openMovesOf(operation, topology);
    const left = { keys: 0, bytes: 0 };
    let slotsMoving = 0;
    for (const { move, standing } of open) {
      left.keys += this.keysLeftOf(move);
      left.bytes += Math.max(0, move.bytes - (this.#moved.get(move.slotId)?.bytes ?? 0));
      slotsMoving += Number(standing === "moving" || standing === "returning");
    }
    const slotsDone = operation.moves.length - open.length;
    const totals = { keys: this.#keysMoved, bytes: this.#bytesMoved, slots: slotsDone };
    const isActive = operation.state === "running" || operation.state === "cancelling";
    const rates = this.#window.rates(atMs, totals);
    this.#window.note(atMs, totals);
    return {
      slotsTotal: operation.moves.length,
      slotsDone,
      slotsMoving,
      keysMoved: this.#keysMoved,
      keysOnAccess: this.#keysOnAccess,
      bytesMoved: this.#bytesMoved,
      keysTotal: this.#keysMoved + left.keys,
      bytesTotal: this.#bytesMoved + left.bytes,
      keysPerSecond: isActive ? Math.round(rates.keys) : 0,
      bytesPerSecond: isActive ? Math.round(rates.bytes) : 0,
      etaMs:
        open.length === 0 ? 0 : isActive ? etaMsOf({ ...left, slots: open.length }, rates) : -1,
      longestStallMs: this.#longestStallMs,
      longestHoldMs: this.#longestHoldMs,
      retries: this.#retries,
      staleKeys: this.#staleKeys,
    };
  }
}

interface Amounts {
  readonly keys: number;
  readonly bytes: number;
  readonly slots: number;
}

/** -1: nothing tells. */
function etaMsOf(left: Amounts, rates: Rates): number {
  const times = (
    [left.keys > 0 ? "keys" : undefined, left.bytes > 0 ? "bytes" : undefined] as const
  )
    .filter((what) => what !== undefined)
    .map((what) => (left[what] / rates.lasting[what]) * 1000);
  if (times.length === 0) {
    // Slots without keys, or none were counted: the hand-overs are what takes time.
    return rates.slots > 0 ? Math.ceil((left.slots / rates.slots) * 1000) : -1;
  }
  const longest = Math.max(...times);
  return Number.isFinite(longest) ? Math.ceil(longest) : -1;
}
