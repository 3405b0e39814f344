/**
 * Reads of moving slots that the two servers answer without a key being moved for them.
 *
 * The target's copy of a key wins, and nothing is changed there before the source's copy is gone. So where the target
 * hasn't got a key and the source has, the source's value is the newest, and where both have it, the target's is:
 *
 *     target has all                         its reply
 *     target has none, source has all        the source's reply
 *     source has none                        whatever there is has moved: the target is asked as if nothing moved
 *     anything else                          the keys are wanted, as by a command that changes them
 *
 * Both are asked at once; once most keys have left (`SlotMover.isMostlyGone`), the source only after the target. And
 * when the target takes no key, the source answers alone.
 */
import type { Backend } from "../backend/backend.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import type { MoveStats } from "../stats/move-stats.ts";
import { type HeldRequest, isTaking } from "./held-request.ts";
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
  /** The request waits no more. */
  readonly finish: (request: MovingRequest) => void;
}

/** What one server has said: how many of the keys it had; `unknown`: it can't be asked so. */
interface Said {
  readonly count: number | "unknown";
  /** When it had all: its reply, of this chunk or a copy. */
  readonly reply?: Buffer;
}

const UNKNOWN: Said = { count: "unknown" };

/** See the file head. One for each worker. */
export class MovingReads {
  readonly #options: MovingReadsOptions;

  constructor(options: MovingReadsOptions) {
    this.#options = options;
  }

  /**
   * The request is the first of its session for the slot. The backends must take requests. What they say isn't heard
   * once it is `reading` no more: it waited for too long, or its slot moves otherwise and it goes where that says.
   */
  fromBoth(entry: MovingEntry, request: MovingRequest, target: Backend, source: Backend): void {
    const { mover } = entry.slot;
    const { held, names } = request;
    let [atTarget, atSource]: [Said | undefined, Said | undefined] = [undefined, undefined];
    const isOver = (): boolean => request.state !== "reading";
    const decide = (): void => {
      if (isOver() || atTarget === undefined) return;
      const isThere = atTarget.count === names.length;
      if (isThere && atTarget.reply !== undefined) {
        for (const name of names) entry.slot.noteSeen(held.db, name);
        this.#give(entry, request, atTarget.reply);
      } else if (atTarget.count !== 0) this.#move(entry, request);
      else if (atSource === undefined) return;
      else if (atSource.reply !== undefined) {
        this.#options.stats.sourceReads++;
        this.#give(entry, request, atSource.reply);
      } else if (atSource.count === 0) this.#send(entry, request);
      else this.#move(entry, request);
    };
    const hear = (onSaid: (said: Said) => void): ReadOwner => ({
      onRead: (chunk, start, end) => {
        if (isOver()) return;
        onSaid({ count: names.length, reply: chunk.subarray(start, end) });
      },
      onKeysMissing: (count) => onSaid({ count }),
      // What speaks against asking so needn't speak against the request itself.
      onRefused: () => onSaid(UNKNOWN),
      onReadFailure: () => onSaid(UNKNOWN),
    });
    const onSource = (said: Said): void => {
      // The chunk is reused when this returns, and the target may not have answered yet.
      const reply = said.reply && atTarget === undefined ? Buffer.from(said.reply) : said.reply;
      atSource = reply === undefined ? said : { ...said, reply };
      decide();
    };
    const askSourceNow = (): void => {
      // It may have gone since.
      if (isTaking(source)) readIfThere(source, held, names, hear(onSource));
      else onSource(UNKNOWN);
    };
    const isMostlyGone = mover.isMostlyGone;
    request.state = "reading";
    request.failure = `${mover.source} or ${mover.target} hasn't answered yet`;
    readIfThere(
      target,
      held,
      names,
      hear((said) => {
        atTarget = said;
        mover.noteRead(said.count === names.length);
        if (isMostlyGone && said.count === 0 && !isOver()) askSourceNow();
        else decide();
      }),
    );
    if (!isMostlyGone) readIfThere(source, held, names, hear(onSource));
  }

  /** The request is the first of its session for the slot, and was refused. The backend must take requests. */
  fromSource(entry: MovingEntry, request: MovingRequest, backend: Backend): void {
    const { held, names } = request;
    const answer = (deliver: () => void): void => this.#answer(entry, request, deliver);
    request.state = "reading-source";
    readIfThere(backend, held, names, {
      ...this.#fromSource(held, answer),
      onKeysMissing: (count) => {
        if (count > 0 || !entry.slot.isCurrent) {
          answer(() => held.sink.onFailure(held.tag, refusalReply(request.refusal)));
          return;
        }
        // They have gone to the target meanwhile.
        this.#options.want(entry, request);
        if (request.state !== "waiting") this.#options.advance(entry, held.sink);
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
        this.#deliver(held, chunk, start, end);
      });
    return {
      onRead: read,
      onRefused: read,
      onReadFailure: (error) => answer(() => held.sink.onFailure(held.tag, error)),
    };
  }

  #give(entry: MovingEntry, request: MovingRequest, reply: Buffer): void {
    this.#answer(entry, request, () => this.#deliver(request.held, reply, 0, reply.length));
  }

  #answer(entry: MovingEntry, request: MovingRequest, deliver: () => void): void {
    this.#options.finish(request);
    deliver();
    this.#options.advance(entry, request.held.sink);
  }

  /** Nothing of it is at the source: it goes to the target. */
  #send(entry: MovingEntry, request: MovingRequest): void {
    request.state = "ready";
    this.#options.advance(entry, request.held.sink);
  }

  #move(entry: MovingEntry, request: MovingRequest): void {
    request.failure = undefined;
    this.#options.want(entry, request);
    if (request.state === "waiting") this.#options.stats.waits++;
    else this.#options.advance(entry, request.held.sink);
  }

  #deliver(
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
