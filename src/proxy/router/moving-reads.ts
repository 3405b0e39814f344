/**
 * Reads of moving slots that one of the two servers answers without a key being moved for them:
 *
 * - the target, when most keys have left the source (`SlotMover.isMostlyGone`): the copy of the target wins wherever
 *   there are two, so a key that it has needs no look at the source. One that it hasn't is wanted as always;
 * - the source, when the target takes no key.
 */
import type { Backend } from "../backend/backend.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import type { MoveStats } from "../stats/move-stats.ts";
import type { HeldRequest } from "./held-request.ts";
import type { MovingEntry } from "./moving-entry.ts";
import { refusalReply } from "./moving-reply.ts";
import type { MovingRequest } from "./moving-request.ts";
import { type ReadOwner, readIfThere } from "./read-if-there.ts";

const MINUS = 45;

/** What reads need of the requests that wait. */
export interface MovingReadsOptions {
  readonly stats: MoveStats;
  readonly commandStats: CommandStats;
  /** Asks for the keys that aren't known to have left the source. */
  readonly want: (entry: MovingEntry, request: MovingRequest) => void;
  /** Sends or answers what can be, from the front of a session's queue. */
  readonly advance: (entry: MovingEntry, sink: ReplySink) => void;
  /** One that was asked has its answer for good. */
  readonly answer: (entry: MovingEntry, request: MovingRequest, deliver: () => void) => void;
  /** One that was asked wasn't carried out. */
  readonly comeBack: (entry: MovingEntry, request: MovingRequest) => void;
  /** The request waits no more. */
  readonly finish: (request: MovingRequest) => void;
  /** One that was asked isn't any more. */
  readonly checkLeft: (entry: MovingEntry) => void;
}

/** See the file head. One for each worker. */
export class MovingReads {
  readonly #options: MovingReadsOptions;

  constructor(options: MovingReadsOptions) {
    this.#options = options;
  }

  /** The request is the first of its session for the slot. The backend must take requests. */
  fromTarget(entry: MovingEntry, request: MovingRequest, backend: Backend): void {
    const { answer, comeBack, want, advance, checkLeft } = this.#options;
    const { held, names } = request;
    const { mover } = entry.slot;
    const notThere = (): void => {
      if (!entry.slot.isCurrent) {
        comeBack(entry, request);
        return;
      }
      entry.asked--;
      want(entry, request);
      if (request.state === "waiting") this.#options.stats.waits++;
      else advance(entry, held.sink);
      checkLeft(entry);
    };
    request.state = "reading";
    entry.asked++;
    readIfThere(backend, held, names, {
      onRead: (chunk, start, end) => {
        mover.noteRead(true);
        for (const name of names) entry.slot.noteSeen(held.db, name);
        answer(entry, request, () => this.#give(held, chunk, start, end));
      },
      onKeysMissing: () => {
        mover.noteRead(false);
        notThere();
      },
      // What speaks against asking so needn't speak against the request itself.
      onRefused: notThere,
      onReadFailure: (error) => answer(entry, request, () => held.sink.onFailure(held.tag, error)),
    });
  }

  /** The request is the first of its session for the slot, and was refused. The backend must take requests. */
  fromSource(entry: MovingEntry, request: MovingRequest, backend: Backend): void {
    const { finish, advance, want } = this.#options;
    const { held, names } = request;
    const answer = (deliver: () => void): void => {
      finish(request);
      deliver();
      advance(entry, held.sink);
    };
    request.state = "reading";
    readIfThere(backend, held, names, {
      ...this.#fromSource(held, answer),
      onKeysMissing: (count) => {
        if (count > 0 || !entry.slot.isCurrent) {
          answer(() => held.sink.onFailure(held.tag, refusalReply(request.refusal)));
          return;
        }
        // They have gone to the target meanwhile.
        want(entry, request);
        if (request.state !== "waiting") advance(entry, held.sink);
      },
    });
  }

  /** A read of keys in several slots, which waits in no queue; `error` when the source can't answer it. */
  ofNoSlot(backend: Backend, held: HeldRequest, names: readonly Buffer[], error: Buffer): void {
    readIfThere(backend, held, names, {
      ...this.#fromSource(held, (deliver) => deliver()),
      onKeysMissing: () => held.sink.onFailure(held.tag, error),
    });
  }

  #fromSource(
    held: HeldRequest,
    answer: (deliver: () => void) => void,
  ): Omit<ReadOwner, "onKeysMissing"> {
    const read = (chunk: Buffer, start: number, end: number): void =>
      answer(() => {
        this.#options.stats.sourceReads++;
        this.#give(held, chunk, start, end);
      });
    return {
      onRead: read,
      onRefused: read,
      onReadFailure: (error) => answer(() => held.sink.onFailure(held.tag, error)),
    };
  }

  #give(
    { commandId, startMs, sink, tag }: HeldRequest,
    chunk: Buffer,
    start: number,
    end: number,
  ): void {
    const { commandStats } = this.#options;
    if (chunk[start] === MINUS) commandStats.recordError(commandId);
    commandStats.record(commandId, performance.now() - startMs);
    sink.onReply(tag, chunk, start, end);
  }
}
