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
import type { SlotKeys } from "../router/moving-slots.ts";
import { namesOfRequest, type RequestArguments } from "../router/request-keys.ts";
import type { Router } from "../router/router.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { DISPATCHED, type SessionPort, WAIT_IDLE, WAIT_SLOT } from "./session-port.ts";

/** The request may be sent: none of its keys is at a source. No value of `session-port.ts`. */
export const ADMITTED = -1;

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
    const { commandId, buffer, start, end, args, nowMs } = request;
    const names = namesOfRequest(commandId, buffer, args);
    if (names === undefined) return this.#fail(session, commandId, moving.cannotName());
    const { db, proto, lane } = session.view;
    const isQueued = moving.isQueued(slot, session.output);
    if (!isQueued && names.every((name) => slot.isSure(db, name))) return ADMITTED;
    if (isSentAsIs && moving.hasRoom(end - start)) {
      const held = {
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
      moving.add(slot, held, names);
      return DISPATCHED;
    }
    if (isQueued) return WAIT_IDLE;
    return this.#awaitKeys(session, commandId, [{ slot, names }], nowMs);
  }

  /** A request that is split, with its keys in moving slots. ADMITTED, or the outcome. */
  admitParts(
    session: SessionPort,
    commandId: number,
    wanted: readonly SlotKeys[],
    nowMs: number,
  ): number {
    const { moving } = this.#router;
    // What the session asked of these slots before must be sent before.
    if (wanted.some(({ slot }) => moving.isQueued(slot, session.output))) return WAIT_IDLE;
    return this.#awaitKeys(session, commandId, wanted, nowMs);
  }

  #awaitKeys(
    session: SessionPort,
    commandId: number,
    wanted: readonly SlotKeys[],
    nowMs: number,
  ): number {
    const { moving } = this.#router;
    let wait = session.keyWait;
    if (wait?.isCurrent !== true) {
      const sinceMs = wait?.sinceMs ?? nowMs;
      wait = moving.waitForKeys(wanted, session.db, sinceMs, () => session.onTableChanged());
      session.keyWait = wait;
      if (wait === undefined) return ADMITTED;
    }
    if (wait.isMoved) return ADMITTED;
    if (wait.refusal !== undefined) {
      return this.#fail(session, commandId, Buffer.from(`-${wait.refusal.text}\r\n`, "latin1"));
    }
    if (wait.isExpired) return this.#fail(session, commandId, moving.tryAgain(wait.trouble));
    return WAIT_SLOT;
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
