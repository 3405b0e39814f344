/**
 * Brings operations and slots together again: after every change of the topology, once a second, and at the
 * beginning of a leadership. Whatever a crash left between two writes looks here like any other moment:
 *
 *     slot has arrived, or was taken away           it is done with
 *     slot moves, and no operation wants it         an operation is made for it
 *     operation is cancelled, its slot waits        the order is taken back
 *     operation is rolled back, its slot migrates   the slot is turned round
 *     operation wants a slot that has no order      it is ordered (again)
 *     nothing of an operation is left to do         it ends, and the next one begins
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import {
  beginOperation,
  endOperation,
  goOnOperation,
  settleSlots,
  withEvent,
  withTrouble,
} from "../../model/change/operation.ts";
import { createSlotActions, removeSlotAction } from "../../model/change/slot.ts";
import { isSettled, openMovesOf } from "../../model/operation/operation-slot.ts";
import type { PlannedMove } from "../../model/operation/plan.ts";
import { toTrouble } from "../../model/operation/trouble-code.ts";
import { say } from "../../model/phrase/phrase.ts";
import { formatRanges } from "../../model/slot-range.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { MigrationEngine } from "../migration/contract.ts";
import type { BookEntry, OperationBook } from "./operation-book.ts";
import type { TopologyPort } from "./operations.ts";
import type { Ordering } from "./ordering.ts";
import { isTurnable } from "./runnable.ts";

/** What is brought together. */
export interface SettlementOptions {
  readonly book: OperationBook;
  readonly topology: TopologyPort;
  readonly engine: MigrationEngine;
  readonly ordering: Ordering;
  readonly clock: Clock;
  readonly log: Log;
  /** Something that took its time has ended: look again. */
  readonly onSettled: () => void;
}

/** Pauses between tries to turn slots round. */
const REVERSE_BACKOFF = { minMs: 1_000, maxMs: 30_000 };

/** See the file head. Its methods aren't to be called at the same time twice, but for `noteSettled`. */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #reversing = new Set<number>();
  readonly #reverseBackoff = new Backoff(REVERSE_BACKOFF);
  #reverseAfterMs = Number.NEGATIVE_INFINITY;
  #isFirst = true;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  /** Everything in the file head. Rejects with the coordinator's codes; what was done stays done. */
  async run(): Promise<void> {
    const { book } = this.#options;
    if (this.#isFirst) {
      this.#isFirst = false;
      for (const entry of book.open()) {
        // Whether the reason of an earlier leader is still true shows by trying.
        book.note(entry, (now) => goOnOperation(now, this.#options.clock.nowMs()));
      }
    }
    this.noteSettled();
    await this.#adoptOrphans();
    await this.#takeBackCancelled();
    this.#reverseCancelled();
    await this.#orderMissing();
    await this.schedule();
    await book.flush();
  }

  /** Notes which slots are done with, by the newest topology. */
  noteSettled(): void {
    const { book, topology } = this.#options;
    for (const entry of book.open()) {
      const { operation } = entry;
      const settled = openMovesOf(operation, topology.snapshot()).filter(({ standing }) =>
        isSettled(operation, standing),
      );
      if (settled.length === 0) {
        continue;
      }
      const ids = (moves: typeof settled): readonly number[] =>
        moves.map(({ move }) => move.slotId).sort((a, b) => a - b);
      book.note(entry, (now) => settleSlots(now, ids(settled)), "progress");
      const lost = settled.filter(({ standing }) => standing === "elsewhere");
      if (lost.length > 0) {
        book.noteEvent(entry, say("op.lost", { slots: formatRanges(ids(lost)) }));
      }
    }
  }

  /** Ends what has nothing left to do, and begins what is next. */
  async schedule(): Promise<void> {
    const { book, clock, topology } = this.#options;
    for (const entry of book.open()) {
      const { operation } = entry;
      if (operation.doneSlotIds.length < operation.moves.length) {
        continue;
      }
      const { slots } = topology.snapshot();
      const arrived = operation.moves.filter(
        ({ slotId, toGroupId }) => slots[slotId]?.groupId === toGroupId,
      );
      const isDone = operation.state !== "cancelling" && arrived.length > 0;
      const counts = { some: arrived.length, all: operation.moves.length };
      const text = say(isDone ? "op.done" : "op.ended", counts);
      await book.change(entry, (now) =>
        endOperation(now, isDone ? "done" : "cancelled", clock.nowMs(), text),
      );
    }
    const open = book.open();
    const next = open.find(({ operation }) => operation.state === "waiting");
    const isBusy = open.some(
      ({ operation }) => operation.state === "running" || operation.isSelfPaused,
    );
    if (next !== undefined && !isBusy) {
      await book.change(next, (now) => beginOperation(now, clock.nowMs()));
      next.figures.forgetRate();
    }
  }

  /**
   * Does a change after which no operation wants these slots any more. They are given up in writing first: a crash
   * in between leaves slots that move without an operation, as if the change had never been asked for.
   */
  async withoutSlots<Result>(
    slotIds: readonly number[],
    how: string,
    change: () => Promise<Result>,
  ): Promise<Result> {
    this.noteSettled();
    const { book, clock, topology } = this.#options;
    const asked = new Set(slotIds);
    const given = new Map<BookEntry, readonly number[]>();
    for (const entry of book.open()) {
      const open = openMovesOf(entry.operation, topology.snapshot());
      const ids = open.map(({ move }) => move.slotId).filter((id) => asked.has(id));
      if (ids.length > 0) {
        given.set(entry, ids);
        const text = `slots ${formatRanges(ids.toSorted((a, b) => a - b))}: ${how}`;
        book.note(entry, (now) => withEvent(settleSlots(now, ids), clock.nowMs(), text));
      }
    }
    try {
      await book.saveThoseWith(asked);
      return await change();
    } catch (thrown) {
      for (const [entry, ids] of given) {
        const kept = new Set(ids);
        book.note(entry, (now) => ({
          ...now,
          doneSlotIds: now.doneSlotIds.filter((id) => !kept.has(id)),
        }));
        book.noteEvent(entry, `not ${how}: ${messageOf(thrown)}`);
      }
      throw thrown;
    }
  }

  async #adoptOrphans(): Promise<void> {
    const { book, topology, ordering } = this.#options;
    const owners = book.owners();
    const orphans: PlannedMove[] = topology
      .snapshot()
      .slots.filter((slot) => slot.action.state !== "" && !owners.has(slot.id))
      .sort((one, other) => one.action.index - other.action.index)
      .map(({ id, groupId, action }) => ({
        slotId: id,
        fromGroupId: groupId,
        toGroupId: action.targetId,
        keys: 0,
        bytes: 0,
      }));
    if (orphans.length > 0) {
      await book.saveThoseWith(new Set(orphans.map(({ slotId }) => slotId)));
      await ordering.adopt(orphans);
    }
  }

  /** Orders that wait are dropped when their operation is cancelled. */
  async #takeBackCancelled(): Promise<void> {
    const waiting = (topology: Topology): readonly number[] =>
      this.#slotsOf(topology, (entry, standing) => {
        return entry.operation.state === "cancelling" && standing === "pending";
      }).map(({ move }) => move.slotId);
    const { topology } = this.#options;
    const count = waiting(topology.snapshot()).length;
    if (count > 0) {
      // Asked again inside: the engine may have begun one meanwhile, which then is finished.
      await topology.commit(`cancel: take back ${count} slots`, (now) =>
        waiting(now).reduce((next, id) => removeSlotAction(next, id), now),
      );
      this.noteSettled();
    }
  }

  /** Half-moved slots of a roll-back are turned round, in the background: that takes a while. */
  #reverseCancelled(): void {
    const { engine, topology, clock, log, book, onSettled } = this.#options;
    const now = topology.snapshot();
    if (clock.monotonicMs() < this.#reverseAfterMs) {
      return;
    }
    const found = this.#slotsOf(now, ({ operation }, standing, move) => {
      return (
        operation.state === "cancelling" &&
        operation.isRollback &&
        standing === "moving" &&
        isTurnable(move, now) &&
        !this.#reversing.has(move.slotId)
      );
    });
    const ids = found.map(({ move }) => move.slotId);
    if (ids.length === 0) {
      return;
    }
    for (const id of ids) {
      this.#reversing.add(id);
    }
    engine
      .reverse(ids)
      .then(
        () => this.#reverseBackoff.reset(),
        (thrown: unknown) => {
          this.#reverseAfterMs = clock.monotonicMs() + this.#reverseBackoff.nextMs();
          log.warn("operation.not-reversed", messageOf(thrown), { error: thrown });
          for (const entry of new Set(found.map((each) => each.entry))) {
            const { code, text } = toTrouble(thrown);
            const trouble = { text: say("op.not-turned", { why: text }), code };
            book.note(entry, (now) => withTrouble(now, trouble));
          }
        },
      )
      .finally(() => {
        for (const id of ids) {
          this.#reversing.delete(id);
        }
        onSettled();
      });
  }

  /** Orders that were never written, or got lost. Those that can't be given any more are done with. */
  async #orderMissing(): Promise<void> {
    const { topology, book } = this.#options;
    const missing = (now: Topology) =>
      this.#slotsOf(
        now,
        ({ operation }, standing) => operation.state !== "cancelling" && standing === "unordered",
      );
    for (const { entry, move } of missing(topology.snapshot())) {
      try {
        createSlotActions(topology.snapshot(), [targetOf(move)]);
      } catch (thrown) {
        if (!isCodisError(thrown)) {
          throw thrown;
        }
        book.note(entry, (now) => settleSlots(now, [move.slotId]));
        book.noteEvent(entry, say("op.stays", { slot: move.slotId, why: messageOf(thrown) }));
      }
    }
    const count = missing(topology.snapshot()).length;
    if (count > 0) {
      await topology.commit(`order ${count} slots of operations again`, (now) =>
        createSlotActions(
          now,
          missing(now).map(({ move }) => targetOf(move)),
        ),
      );
    }
  }

  #slotsOf(
    topology: Topology,
    isMeant: (
      entry: BookEntry,
      standing: ReturnType<typeof openMovesOf>[number]["standing"],
      move: PlannedMove,
    ) => boolean,
  ): readonly { readonly entry: BookEntry; readonly move: PlannedMove }[] {
    return this.#options.book.open().flatMap((entry) =>
      openMovesOf(entry.operation, topology)
        .filter(({ move, standing }) => isMeant(entry, standing, move))
        .map(({ move }) => ({ entry, move })),
    );
  }
}

function targetOf({ slotId, toGroupId }: PlannedMove): { id: number; groupId: number } {
  return { id: slotId, groupId: toGroupId };
}
