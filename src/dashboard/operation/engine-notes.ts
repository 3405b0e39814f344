/**
 * What the engine and its movers tell, noted where it belongs: figures of the operation that a slot is of, reasons
 * why nothing goes on. Called from their loops, so nothing here waits or throws.
 */
import type { Clock } from "../../base/clock.ts";
import {
  goOnOperation,
  hinderOperation,
  selfPauseOperation,
  withTrouble,
} from "../../model/change/operation.ts";
import type { Operation } from "../../model/operation/operation.ts";
import { openMovesOf } from "../../model/operation/operation-slot.ts";
import type { Trouble } from "../../model/operation/trouble-code.ts";
import { say } from "../../model/phrase/phrase.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { DirectionWait, EngineEvents, MovingPair } from "../migration/contract.ts";
import { AccessMoves, type CountedProxy } from "./access-moves.ts";
import type { BookEntry, OperationBook } from "./operation-book.ts";

/** Where things are noted. */
export interface EngineNotesOptions {
  readonly book: OperationBook;
  readonly topology: () => Topology;
  readonly clock: Clock;
  readonly onArrived: () => void;
}

/** Why a mover doesn't go on. */
interface PairTrouble {
  readonly told: Trouble;
  readonly isForPeople: boolean;
}

/** See the file head. */
export class EngineNotes implements EngineEvents {
  readonly #options: EngineNotesOptions;
  /** Operation by slot; made anew after every settlement. */
  #owners: ReadonlyMap<number, BookEntry> | undefined;
  readonly #access = new AccessMoves();
  /** Of movers that can't go on, by their pair, the newest last. */
  readonly #pairTroubles = new Map<MovingPair, PairTrouble>();
  /** Slots with a step that fails, and why. */
  readonly #stepTroubles = new Map<number, Trouble>();

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

  onTrouble(pair: MovingPair, trouble: Trouble | undefined, isForPeople: boolean): void {
    const wasKnown = this.#pairTroubles.delete(pair);
    if (trouble !== undefined) {
      const { source, target } = pair;
      const names = { source: source.groupId, target: target.groupId };
      const text = say("op.pair", { ...names, why: trouble.text });
      this.#pairTroubles.set(pair, { told: { text, code: trouble.code }, isForPeople });
    } else if (!wasKnown) {
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    const worst = this.#worstPairTrouble();
    this.#noteAtWork((now) => showPairTrouble(now, worst, nowMs));
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

  onStepTrouble(slotId: number, trouble: Trouble | undefined): void {
    const entry = this.#ownerOf(slotId) ?? this.#atWork();
    const nowMs = this.#options.clock.nowMs();
    if (trouble !== undefined) {
      const text = say("op.slot", { slot: slotId, why: trouble.text });
      const told = { text, code: trouble.code };
      this.#stepTroubles.set(slotId, told);
      if (entry !== undefined) {
        this.#options.book.note(entry, (now) => hinderOperation(now, told, nowMs), "progress");
      }
      return;
    }
    const gone = this.#stepTroubles.get(slotId);
    this.#stepTroubles.delete(slotId);
    if (entry !== undefined && gone !== undefined && entry.operation.reason === gone.text) {
      const [next] = this.#stepTroubles.values();
      this.#options.book.note(entry, (now) => withTrouble(now, next), "progress");
    }
  }

  onWaits(waits: readonly DirectionWait[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const entry of this.#options.book.open()) {
      const wait = waits.find(({ slotId }) => this.#ownerOf(slotId) === entry);
      const { reason, reasonCode } = entry.operation;
      const isOnlyWaiting = reason === "" || reasonCode === "direction";
      // A trouble says more, and comes first.
      if (!isOnlyWaiting || (wait === undefined && reason === "")) {
        continue;
      }
      const trouble = wait && told(wait, this.#pausedBehind(wait));
      const change = (now: Operation): Operation =>
        trouble === undefined ? withTrouble(now, undefined) : hinderOperation(now, trouble, nowMs);
      this.#options.book.note(entry, change, "progress");
    }
  }

  /** Proxies move keys of half-moved slots now, or may do so. */
  get mayProxiesMove(): boolean {
    return this.#access.mayGoOn;
  }

  /** Slots may belong to other operations now. */
  forgetOwners(): void {
    this.#owners = undefined;
  }

  /** About once a second: what proxies have moved by themselves. */
  noteOnAccess(proxies: ReadonlyMap<string, CountedProxy>): void {
    const entry = this.#soleMover();
    const nowMs = this.#options.clock.nowMs();
    const keys = this.#access.take(entry?.operation.id, proxies, nowMs);
    if (entry !== undefined && keys > 0) {
      entry.figures.noteOnAccess(keys);
      this.#options.book.noteProgress(entry);
    }
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

  /** Something that waits for people first, then the newest. */
  #worstPairTrouble(): PairTrouble | undefined {
    const troubles = [...this.#pairTroubles.values()];
    return troubles.findLast(({ isForPeople }) => isForPeople) ?? troubles.at(-1);
  }

  #noteAtWork(change: Parameters<OperationBook["note"]>[1]): void {
    const entry = this.#atWork();
    if (entry !== undefined) {
      this.#options.book.note(entry, change);
    }
  }

  /** The operation that somebody has paused, and whose half-moved slots are waited for. */
  #pausedBehind({ behind }: DirectionWait): string | undefined {
    const topology = this.#options.topology();
    return this.#options.book
      .open()
      .filter(({ operation: { state, isSelfPaused } }) => state === "paused" && !isSelfPaused)
      .find(({ operation }) =>
        openMovesOf(operation, topology).some(({ move: { slotId } }) => {
          const slot = topology.slots[slotId];
          return (
            slot?.action.state === "migrating" &&
            slot.groupId === behind.sourceId &&
            slot.action.targetId === behind.targetId
          );
        }),
      )?.operation.id;
  }

  /** What doesn't say which slot it is about is about the operation at work. */
  #atWork(): BookEntry | undefined {
    const open = this.#options.book.open();
    return (
      open.find(({ operation }) => operation.state === "running" || operation.isSelfPaused) ??
      open.find(({ operation }) => operation.state === "cancelling")
    );
  }

  /** The operation that all half-moved slots are of, at work or paused; the one at work, while there are none. */
  #soleMover(): BookEntry | undefined {
    const owners = this.#options
      .topology()
      .slots.filter(({ action }) => action.state === "migrating")
      .map(({ id }) => this.#ownerOf(id));
    const [first] = owners;
    if (owners.length === 0) {
      return this.#atWork();
    }
    return owners.every((each) => each?.operation.id === first?.operation.id) ? first : undefined;
  }

  #ownerOf(slotId: number): BookEntry | undefined {
    this.#owners ??= this.#options.book.owners();
    return this.#owners.get(slotId);
  }
}

/** `pausedId`: the operation that has to go on first, when it waits for people. */
function told({ direction, behind }: DirectionWait, pausedId: string | undefined): Trouble {
  const ways = {
    source: direction.sourceId,
    target: direction.targetId,
    from: behind.sourceId,
    to: behind.targetId,
  };
  return pausedId === undefined
    ? { text: say("op.direction", ways), code: "direction" }
    : { text: say("op.behind-paused", { ...ways, id: pausedId }), code: "direction" };
}

function showPairTrouble(
  operation: Operation,
  trouble: PairTrouble | undefined,
  nowMs: number,
): Operation {
  if (trouble === undefined) {
    return goOnOperation(operation, nowMs);
  }
  if (trouble.isForPeople) {
    return selfPauseOperation(operation, trouble.told, nowMs);
  }
  // What it paused for is gone.
  const going = operation.isSelfPaused ? goOnOperation(operation, nowMs) : operation;
  return hinderOperation(going, trouble.told, nowMs);
}
