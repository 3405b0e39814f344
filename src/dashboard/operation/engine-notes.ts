/**
 * What the engine and its movers tell, noted where it belongs: figures of the operation that a slot is of, reasons
 * why nothing goes on. Called from their loops, so nothing here waits or throws.
 */
import type { Clock } from "../../base/clock.ts";
import {
  goOnOperation,
  hinderOperation,
  selfPauseOperation,
} from "../../model/change/operation.ts";
import type { EngineEvents } from "../migration/contract.ts";
import type { BookEntry, OperationBook } from "./operation-book.ts";

/** Where things are noted. */
export interface EngineNotesOptions {
  readonly book: OperationBook;
  readonly clock: Clock;
  readonly onArrived: () => void;
}

/** See the file head. */
export class EngineNotes implements EngineEvents {
  readonly #options: EngineNotesOptions;
  /** Operation by slot; made anew after every settlement. */
  #owners: ReadonlyMap<number, BookEntry> | undefined;
  /** Slots with a step that fails, and why. */
  readonly #stepTroubles = new Map<number, string>();

  constructor(options: EngineNotesOptions) {
    this.#options = options;
  }

  onMoved(slotId: number, keys: number, bytes: number): void {
    const entry = this.#ownerOf(slotId);
    if (entry !== undefined) {
      entry.figures.noteMoved(slotId, keys, bytes);
      this.#options.book.noteProgress(entry);
    }
  }

  onTrouble(reason: string | undefined, isForPeople: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    this.#noteAtWork((now) =>
      reason === undefined
        ? goOnOperation(now, nowMs)
        : isForPeople
          ? selfPauseOperation(now, reason, nowMs)
          : hinderOperation(now, reason, nowMs),
    );
  }

  onStall(ms: number): void {
    this.#atWork()?.figures.noteStall(ms);
  }

  onRetry(): void {
    this.#atWork()?.figures.noteRetry();
  }

  onArrived(slotId: number): void {
    this.#stepTroubles.delete(slotId);
    this.#options.onArrived();
  }

  onHold(ms: number, slotIds: readonly number[]): void {
    const entry = this.#ownerOf(slotIds[0] ?? -1) ?? this.#atWork();
    entry?.figures.noteHold(ms);
  }

  onStaleKeys(count: number): void {
    this.#atWork()?.figures.noteStaleKeys(count);
  }

  onStepTrouble(slotId: number, reason: string | undefined): void {
    const entry = this.#ownerOf(slotId) ?? this.#atWork();
    const nowMs = this.#options.clock.nowMs();
    if (reason !== undefined) {
      const line = `slot-[${slotId}]: ${reason}`;
      this.#stepTroubles.set(slotId, line);
      if (entry !== undefined) {
        this.#options.book.note(entry, (now) => hinderOperation(now, line, nowMs), "progress");
      }
      return;
    }
    const gone = this.#stepTroubles.get(slotId);
    this.#stepTroubles.delete(slotId);
    if (entry !== undefined && gone !== undefined && entry.operation.reason === gone) {
      const [next] = this.#stepTroubles.values();
      this.#options.book.note(entry, (now) => ({ ...now, reason: next ?? "" }), "progress");
    }
  }

  /** Slots may belong to other operations now. */
  forgetOwners(): void {
    this.#owners = undefined;
  }

  /** Tells listeners of the progress of what is at work. */
  tellProgress(): void {
    for (const entry of this.#options.book.open()) {
      const { state } = entry.operation;
      if (state === "running" || state === "cancelling" || entry.operation.isSelfPaused) {
        this.#options.book.tell(entry);
      }
    }
  }

  #noteAtWork(change: Parameters<OperationBook["note"]>[1]): void {
    const entry = this.#atWork();
    if (entry !== undefined) {
      this.#options.book.note(entry, change);
    }
  }

  /** What doesn't say which slot it is about is about the operation at work. */
  #atWork(): BookEntry | undefined {
    const open = this.#options.book.open();
    return (
      open.find(({ operation }) => operation.state === "running" || operation.isSelfPaused) ??
      open.find(({ operation }) => operation.state === "cancelling")
    );
  }

  #ownerOf(slotId: number): BookEntry | undefined {
    this.#owners ??= this.#options.book.owners();
    return this.#owners.get(slotId);
  }
}
