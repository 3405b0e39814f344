/**
 * The operations of a leader in memory, and when they are written down. What people order is durable before it
 * counts (`change`); what happens by itself counts at once and is written soon (`note`), because the next leader
 * finds it out again from the slots.
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { endOperation, withEvent } from "../../model/change/operation.ts";
import type { StoredFigures } from "../../model/operation/figures-record.ts";
import {
  type GuardedSpeed,
  OPERATION_HISTORY_MAX,
  type Operation,
} from "../../model/operation/operation.ts";
import { operationIdOf, operationNumberOf } from "../../model/operation/operation-record.ts";
import { isEnded, openMovesOf } from "../../model/operation/operation-slot.ts";
import { say } from "../../model/phrase/phrase.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { OperationFigures } from "./operation-figures.ts";
import type { OperationStore, StoredOperations } from "./operation-store.ts";

/** One operation. */
export interface BookEntry {
  /** Its progress is that of the last writing; `OperationBook.show` has today's. */
  readonly operation: Operation;
  readonly figures: OperationFigures;
}

/** What a book is made of. */
export interface OperationBookOptions {
  readonly store: OperationStore;
  readonly stored: StoredOperations;
  readonly topology: () => Topology;
  /** What the p99 guard makes of its limits now. */
  readonly guardedOf: (operation: Operation) => GuardedSpeed | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is found out again from the slots is written so often, milliseconds. */
const STORE_PROGRESS_MS = 5_000;
/** Figures aren't written more often; they are about once a second. */
const STORE_FIGURES_MS = 500;

interface Entry {
  operation: Operation;
  figures: OperationFigures;
  /** Something isn't written yet: `progress` can wait. */
  unsaved: "nothing" | "progress" | "state";
  /** The figures have changed since they were written. */
  hasNewFigures: boolean;
  /** Changes so far; tells whether one came while another was written. */
  changes: number;
  savedAtMs: number;
  /** When they were written last; the writing began then. */
  figuresAtMs: number;
}

/** A pure change; may be called twice. */
export type OperationChange = (operation: Operation) => Operation;

/** See the file head. */
export class OperationBook {
  readonly #options: OperationBookOptions;
  /** By id. */
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(operation: Operation) => void>();
  /** Records whose first writing has an unknown outcome: they are to be written as cancelled. */
  readonly #doubtful = new Map<string, Operation>();
  #lastNumber: number;

  constructor(options: OperationBookOptions) {
    this.#options = options;
    this.#lastNumber = options.stored.lastNumber;
    for (const operation of options.stored.operations) {
      this.#add(operation, options.stored.figures.get(operation.id));
    }
  }

  /** Not ended, the oldest first. */
  open(): readonly BookEntry[] {
    return this.#sorted().filter(({ operation }) => !isEnded(operation.state));
  }

  /** All, the newest first, with today's progress. */
  all(): readonly Operation[] {
    return this.#sorted()
      .map((entry) => this.show(entry))
      .reverse();
  }

  /** Throws NOT_FOUND. */
  get(id: string): BookEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new CodisError("NOT_FOUND", `operation ${id} doesn't exist`);
    }
    return entry;
  }

  /** The operation with its progress and speed of now; of what has moved, that which is stored. */
  show({ operation, figures }: BookEntry): Operation {
    if (isEnded(operation.state)) {
      return operation;
    }
    const { clock, topology, guardedOf } = this.#options;
    const guarded = guardedOf(operation);
    return {
      ...operation,
      progress: figures.shownOf(operation, topology(), clock.monotonicMs()),
      ...(guarded === undefined ? {} : { guarded }),
    };
  }

  /** Calls back after every change; the result ends that. */
  onOperation(listener: (operation: Operation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The id of the next operation; each call gives another one. */
  nextId(): string {
    this.#lastNumber += 1;
    return operationIdOf(this.#lastNumber);
  }

  /** Makes it durable, then known. Rejects with the coordinator's codes. */
  async create(operation: Operation): Promise<BookEntry> {
    try {
      await this.#options.store.save(operation, undefined);
    } catch (thrown) {
      if (isCodisError(thrown, "COORDINATOR_UNREACHABLE")) {
        this.#doubtful.set(operation.id, operation);
      }
      throw thrown;
    }
    const entry = this.#add(operation);
    this.tell(entry);
    return entry;
  }

  /** Makes a change durable; only then it counts. Rejects with what `change` throws and the coordinator's codes. */
  async change({ operation: { id } }: BookEntry, change: OperationChange): Promise<void> {
    const entry = this.#entryOf(id);
    const before = entry.operation;
    const next = change(before);
    if (next === before) {
      return;
    }
    const { changes } = entry;
    const saved = await this.#write(entry, next);
    // Meanwhile things may have been noted: they aren't lost.
    entry.operation = { ...change(entry.operation), progress: saved.progress };
    this.#noteSaved(entry, changes);
    this.#log(next);
    this.tell(entry);
  }

  /**
   * Counts at once, is written at the next `flush`; with `progress` in some seconds, for what comes often and is
   * found out again anyway.
   */
  note(
    { operation: { id } }: BookEntry,
    change: OperationChange,
    what: "state" | "progress" = "state",
  ): void {
    const entry = this.#entryOf(id);
    const next = change(entry.operation);
    if (next !== entry.operation) {
      entry.operation = next;
      entry.changes += 1;
      entry.unsaved = entry.unsaved === "state" ? "state" : what;
      this.tell(entry);
    }
  }

  /** Its figures have changed. */
  noteProgress({ operation: { id } }: BookEntry): void {
    this.#entryOf(id).hasNewFigures = true;
  }

  /** Tells the listeners. */
  tell(entry: BookEntry): void {
    const shown = this.show(entry);
    for (const listener of [...this.#listeners]) {
      try {
        listener(shown);
      } catch (thrown) {
        this.#options.log.error("operation.listener-failed", messageOf(thrown), { error: thrown });
      }
    }
  }

  /**
   * Writes what isn't written yet and may not wait any longer; at the end, everything. Rejects with the coordinator's
   * codes.
   */
  async flush(isEnd = false): Promise<void> {
    for (const [id, operation] of this.#doubtful) {
      const { clock, store } = this.#options;
      const text = say("op.unstored", {});
      const ended = endOperation(operation, "cancelled", clock.nowMs(), text);
      await store.save(ended, undefined);
      this.#doubtful.delete(id);
      this.#add(ended);
    }
    for (const entry of this.#entries.values()) {
      const nowMs = this.#options.clock.monotonicMs();
      const isDue = (sinceMs: number, everyMs: number): boolean =>
        isEnd || nowMs - sinceMs >= everyMs;
      const isLate = entry.unsaved === "progress" && isDue(entry.savedAtMs, STORE_PROGRESS_MS);
      if (entry.unsaved === "state" || isLate) {
        await this.save(entry);
      } else if (entry.hasNewFigures && isDue(entry.figuresAtMs, STORE_FIGURES_MS)) {
        await this.#writeFigures(entry);
      }
    }
    await this.#trim();
  }

  /** Writes it as it is now. */
  async save({ operation: { id } }: BookEntry): Promise<void> {
    const entry = this.#entryOf(id);
    const { changes } = entry;
    await this.#write(entry, entry.operation);
    this.#noteSaved(entry, changes);
  }

  /**
   * Before slots are ordered to move, or given away: operations that had them must have written that they are done
   * with them, or the next leader would take the new place of a slot for an order that got lost.
   */
  async saveThoseWith(slotIds: ReadonlySet<number>): Promise<void> {
    for (const entry of this.#sorted()) {
      const isLive = !isEnded(entry.operation.state) || entry.unsaved === "state";
      if (isLive && entry.operation.moves.some(({ slotId }) => slotIds.has(slotId))) {
        await this.save(entry);
      }
    }
  }

  /** The open operation by the slots that it still works on. */
  owners(): ReadonlyMap<number, BookEntry> {
    const owners = new Map<number, BookEntry>();
    for (const entry of this.open()) {
      for (const { move } of openMovesOf(entry.operation, this.#options.topology())) {
        owners.set(move.slotId, entry);
      }
    }
    return owners;
  }

  /** Adds a line to the history. */
  noteEvent(entry: BookEntry, text: string): void {
    this.note(entry, (now) => withEvent(now, this.#options.clock.nowMs(), text));
  }

  #sorted(): readonly Entry[] {
    const number = ({ operation }: Entry): number => operationNumberOf(operation.id) ?? 0;
    return [...this.#entries.values()].sort((one, other) => number(one) - number(other));
  }

  /** Writes an operation with its figures, and gives it back as it is written. Of one that ends they stay in it. */
  async #write(entry: Entry, operation: Operation): Promise<Operation> {
    const { figures } = entry;
    const saved = this.#withProgress({ operation, figures });
    const stored = this.#beginFigures(entry);
    await this.#options.store.save(saved, isEnded(operation.state) ? undefined : stored);
    figures.noteStored(stored);
    return saved;
  }

  async #writeFigures(entry: Entry): Promise<void> {
    const { operation, figures } = entry;
    if (isEnded(operation.state)) {
      entry.hasNewFigures = false;
      return;
    }
    const stored = this.#beginFigures(entry);
    try {
      await this.#options.store.saveFigures(operation.id, stored);
    } catch (thrown) {
      entry.hasNewFigures = true;
      throw thrown;
    }
    figures.noteStored(stored);
  }

  /** What is to be written; what comes meanwhile is written the next time. */
  #beginFigures(entry: Entry): StoredFigures {
    entry.hasNewFigures = false;
    entry.figuresAtMs = this.#options.clock.monotonicMs();
    const open = openMovesOf(entry.operation, this.#options.topology());
    return entry.figures.toStore(open.map(({ move }) => move.slotId));
  }

  #noteSaved(entry: Entry, changes: number): void {
    entry.unsaved = entry.changes === changes ? "nothing" : entry.unsaved;
    entry.savedAtMs = this.#options.clock.monotonicMs();
  }

  #add(operation: Operation, stored?: StoredFigures): Entry {
    const entry: Entry = {
      operation,
      figures: new OperationFigures(operation, stored),
      unsaved: "nothing",
      hasNewFigures: false,
      changes: 0,
      savedAtMs: this.#options.clock.monotonicMs(),
      figuresAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#entries.set(operation.id, entry);
    return entry;
  }

  #entryOf(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new CodisError("NOT_FOUND", `operation ${id} doesn't exist`);
    }
    return entry;
  }

  /** Also of one that has just ended: its last progress is kept for good. */
  #withProgress({ operation, figures }: BookEntry): Operation {
    const { clock, topology } = this.#options;
    return {
      ...operation,
      progress: figures.progressOf(operation, topology(), clock.monotonicMs()),
    };
  }

  /** Forgets the oldest of those that have ended. */
  async #trim(): Promise<void> {
    const ended = this.#sorted().filter(({ operation }) => isEnded(operation.state));
    for (const { operation } of ended.slice(0, Math.max(0, ended.length - OPERATION_HISTORY_MAX))) {
      await this.#options.store.remove(operation.id);
      this.#entries.delete(operation.id);
    }
  }

  #log({ id, state, events }: Operation): void {
    this.#options.log.info("operation.changed", `${id}: ${events.at(-1)?.text ?? state}`, {
      operation: id,
      state,
    });
  }
}
