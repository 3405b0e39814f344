/**
 * Requests for slots whose keys come from another server: whether they may be sent to the target now, or what they
 * wait for. The keys are named here, the router has them moved and keeps what waits (`router/moving-slots.ts`).
 *
 * An ordinary request waits in the router, and its session goes on. One that is split over several servers, or that
 * takes more than to be sent, waits in its session, which offers it again when its keys have moved.
 */
import { FLAG_WRITE } from "../../command/route.ts";
import { FLAGS } from "../../command/table.ts";
import type { MovingSlot } from "../mover/moving-slot.ts";
import type { HeldRequest } from "../router/held-request.ts";
import type { KeyWait } from "../router/key-wait.ts";
import type { SlotKeys } from "../router/moving-slots.ts";
import { isPlainRead } from "../router/read-if-there.ts";
import { namesOfRequest, type RequestArguments } from "../router/request-keys.ts";
import type { Router } from "../router/router.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { DISPATCHED, type SessionPort, WAIT_IDLE, WAIT_SLOT } from "./session-port.ts";

/** The request may be sent: none of its keys is at a source. No value of `session-port.ts`. */
export const ADMITTED = -1;
/** As ADMITTED: no value of `session-port.ts`. */
const REFUSED = -2;

/** One request as it lies in the session's input. */
export interface OfferedRequest {
  readonly commandId: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly args: RequestArguments;
  readonly nowMs: number;
}

/** See the file head. One for each worker. */
export class MovingDispatcher {
  readonly #router: Router;
  readonly #stats: CommandStats;

  constructor(router: Router, stats: CommandStats) {
    this.#router = router;
    this.#stats = stats;
  }

  /**
   * A request whose keys are all in one moving slot. ADMITTED, or the outcome. `isSentAsIs`: nothing but its bytes
   * has to be sent, so it may wait in the router.
   */
  admit(
    session: SessionPort,
    slot: MovingSlot,
    request: OfferedRequest,
    isSentAsIs: boolean,
  ): number {
    const { moving } = this.#router;
    const { commandId, buffer, start, end, args } = request;
    const names = namesOfRequest(commandId, buffer, args);
    if (names === undefined) return this.#fail(session, commandId, moving.cannotName());
    const { db } = session.view;
    const isQueued = moving.isQueued(slot, session.output);
    if (!isQueued && isAtTarget(slot, commandId, db, names)) return ADMITTED;
    if (isSentAsIs && moving.hasRoom(end - start)) {
      moving.add(slot, this.#hold(session, request), names);
      return DISPATCHED;
    }
    if (isQueued) return WAIT_IDLE;
    const outcome = this.#awaitKeys(session, request, [{ slot, names }]);
    return outcome === REFUSED ? this.#fail(session, commandId, errorOf(session.keyWait)) : outcome;
  }

  /**
   * A request that is split, with its keys in moving slots; `areAll`: it has no others. ADMITTED, or the outcome.
   */
  admitParts(
    session: SessionPort,
    request: OfferedRequest,
    wanted: readonly SlotKeys[],
    areAll: boolean,
  ): number {
    const { moving } = this.#router;
    const [first] = wanted;
    if (first !== undefined && areAll && wanted.length === 1) {
      return this.admit(session, first.slot, request, true);
    }
    // What the session asked of these slots before must be sent before.
    if (wanted.some(({ slot }) => moving.isQueued(slot, session.output))) return WAIT_IDLE;
    const outcome = this.#awaitKeys(session, request, wanted);
    if (outcome !== REFUSED) return outcome;
    const { commandId } = request;
    const error = errorOf(session.keyWait);
    const hasOneSource = wanted.every(({ slot }) => slot.mover.source === first?.slot.mover.source);
    if (first === undefined || !areAll || !hasOneSource || !isPlainRead(commandId)) {
      return this.#fail(session, commandId, error);
    }
    session.keyWait = undefined;
    const names = wanted.flatMap((keys) => keys.names);
    moving.readFromSource(first.slot, this.#hold(session, request), names, error);
    return DISPATCHED;
  }

  /** As the outcomes, or REFUSED: the target takes no key. */
  #awaitKeys(
    session: SessionPort,
    { commandId, nowMs }: OfferedRequest,
    wanted: readonly SlotKeys[],
  ): number {
    const { moving } = this.#router;
    const seq = session.output.tail;
    // One that an earlier request has left says nothing about this one.
    let wait = session.keyWait?.seq === seq ? session.keyWait : undefined;
    if (wait?.isCurrent !== true || !wanted.every(({ slot }) => wait?.covers(slot) === true)) {
      const sinceMs = wait?.sinceMs ?? nowMs;
      const wake = (): void => session.onTableChanged();
      wait = moving.waitForKeys(wanted, session.db, { seq, sinceMs, wake });
      session.keyWait = wait;
      if (wait === undefined) return ADMITTED;
    }
    if (wait.isMoved) return ADMITTED;
    if (wait.refusal !== undefined) return REFUSED;
    if (wait.isExpired) return this.#fail(session, commandId, moving.tryAgain(wait.trouble));
    return WAIT_SLOT;
  }

  #hold(session: SessionPort, request: OfferedRequest): HeldRequest {
    const { commandId, buffer, start, end, nowMs } = request;
    const { db, proto, lane } = session.view;
    return {
      sink: session.output,
      tag: session.output.reserve(),
      commandId,
      frame: Buffer.from(buffer.subarray(start, end)),
      db,
      proto,
      lane,
      startMs: nowMs,
      writer: ((FLAGS[commandId] as number) & FLAG_WRITE) !== 0 ? session : undefined,
    };
  }

  #fail(session: SessionPort, commandId: number, reply: Buffer): number {
    session.keyWait = undefined;
    session.slotWaitStartMs = 0;
    this.#stats.recordFail(commandId);
    const { output } = session;
    output.onFailure(output.reserve(), reply);
    return DISPATCHED;
  }
}

/** Whether the target may be asked at once. */
function isAtTarget(
  slot: MovingSlot,
  commandId: number,
  db: number,
  names: readonly Buffer[],
): boolean {
  return isPlainRead(commandId)
    ? names.every((name) => slot.isReadable(db, name))
    : names.every((name) => slot.isSure(db, name));
}

/** What the target said to a key. */
function errorOf(wait: KeyWait | undefined): Buffer {
  return Buffer.from(`-${wait?.refusal?.text ?? "ERR the keys can't be moved"}\r\n`, "latin1");
}
