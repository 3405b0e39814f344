/**
 * Reads the replies of one backend connection and hands each to whoever waits for it.
 *
 * Owns the requests in flight and the scanner. Replies come in the order of the requests; consecutive replies
 * whose turn it is in one session travel as a run, copied once. A reply of which a chunk holds only the
 * beginning goes to `PartialReply`. Invariant: the scanner is at the start of a reply, or inside the one
 * that `partial` holds.
 */
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../resp/reply-scanner.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { InFlight } from "./in-flight.ts";
import { PartialReply } from "./partial-reply.ts";

/** A smaller beginning of a reply isn't worth streaming: the rest is likely in the next chunk. */
const STREAM_BYTES_MIN = 64 * 1024;

const MINUS = 45;
/** RESP3 push: belongs to no request. */
const PUSH = 62;

/** The error for requests whose connection was lost, as Codis. */
export const CONN_RESET: Buffer = Buffer.from("-ERR handle response, backend conn reset\r\n");

/** What the reader tells its backend. */
export interface ReplyReaderOwner {
  /** Requests are reads that may be sent again elsewhere. */
  readonly canRepeat: boolean;
  /**
   * Only where `canRepeat`: the oldest request got an error reply with this first word, or none at all (""). True:
   * it was given to somebody else, who sees to its reply; the reader takes it out.
   */
  repeatOldest(word: string): boolean;
  /** An error reply, with its first word. */
  onErrorReply(word: string): void;
  /** The bytes make no sense; the connection must go. */
  onBadReply(cause: string): void;
}

/** See the file head. One for each backend, for all its connections in turn. */
export class ReplyReader {
  readonly inFlight = new InFlight();
  readonly #partial = new PartialReply();
  readonly #scanner = new ReplyScanner();
  readonly #stats: CommandStats;
  readonly #owner: ReplyReaderOwner;

  constructor(stats: CommandStats, owner: ReplyReaderOwner) {
    this.#stats = stats;
    this.#owner = owner;
  }

  /** Replies in [start, end) of a chunk; the chunk may be kept. `nowMs` is the time of arrival. */
  read(chunk: Buffer, start: number, end: number, nowMs: number): void {
    // Hot path.
    let pos = start;
    if (this.#partial.isActive) {
      pos = this.#continuePartial(chunk, pos, end, nowMs);
      if (pos <= 0) return;
    }
    this.#readWhole(chunk, pos, end, nowMs);
  }

  /** Answers everything in flight with an error; the first with `cause`, if it is given. */
  failAll(cause: string): void {
    const partial = this.#partial;
    const { inFlight } = this;
    const count = inFlight.count;
    for (let i = 0; i < count; i++) {
      const sink = inFlight.sinks[inFlight.head] as ReplySink;
      const tag = inFlight.tags[inFlight.head] as number;
      const commandId = inFlight.commands[inFlight.head] as number;
      const isStreamed = i === 0 && partial.isActive && partial.isStream;
      if (this.#owner.canRepeat && !isStreamed && this.#owner.repeatOldest("")) {
        inFlight.shift();
        continue;
      }
      if (commandId >= 0) this.#stats.recordFail(commandId);
      inFlight.shift();
      if (isStreamed) {
        partial.break(cause);
        continue;
      }
      sink.onFailure(tag, i === 0 && cause !== "" ? connFailure(cause) : CONN_RESET);
    }
    partial.reset();
    this.#scanner.reset();
  }

  #readWhole(chunk: Buffer, start: number, end: number, nowMs: number): void {
    // Hot path: no allocation, no call but the scanner's and one for each run.
    const { inFlight } = this;
    const scanner = this.#scanner;
    const stats = this.#stats;
    let run: SessionOutput | undefined;
    let runStart = 0;
    let pos = start;
    while (pos < end) {
      const next = scanner.scan(chunk, pos, end);
      const first = chunk[pos] as number;
      if (next <= 0 || first === PUSH || inFlight.count === 0) {
        if (run !== undefined) endRun(run, chunk, runStart, pos);
        run = undefined;
        if (!this.#readOther(chunk, pos, next, end)) return;
        pos = next;
        continue;
      }
      const head = inFlight.head;
      const sink = inFlight.sinks[head] as ReplySink;
      const tag = inFlight.tags[head] as number;
      const commandId = inFlight.commands[head] as number;
      if (first === MINUS) {
        if (this.#owner.canRepeat) {
          // What was read before must be out before the session hears of this one.
          if (run !== undefined) endRun(run, chunk, runStart, pos);
          run = undefined;
          if (this.#isRepeated(chunk, pos, next)) {
            pos = next;
            continue;
          }
        }
        this.#noteError(chunk, pos, next, commandId);
      }
      if (commandId >= 0) stats.record(commandId, nowMs - (inFlight.starts[head] as number));
      inFlight.shift();
      if (run !== undefined) {
        if (sink === run && tag === run.head && run.keptCount === 0) {
          run.head = (tag + 1) | 0;
          pos = next;
          continue;
        }
        endRun(run, chunk, runStart, pos);
        run = undefined;
      }
      if (sink.isSession) {
        const output = sink as SessionOutput;
        if (tag === output.head && output.keptCount === 0) {
          output.head = (tag + 1) | 0;
          run = output;
          runStart = pos;
          pos = next;
          continue;
        }
      }
      sink.onReply(tag, chunk, pos, next);
      pos = next;
    }
    if (run !== undefined) endRun(run, chunk, runStart, pos);
  }

  /** What isn't a whole reply to a request; false when there is nothing more to read in this chunk. */
  #readOther(chunk: Buffer, pos: number, next: number, end: number): boolean {
    if (next === REPLY_INCOMPLETE) {
      this.#partial.begin(chunk, pos, end);
      this.#streamIfDue();
      return false;
    }
    if (next === REPLY_BAD) {
      this.#owner.onBadReply("bad reply");
      return false;
    }
    if (chunk[pos] === PUSH) return true;
    this.#owner.onBadReply("reply without request");
    return false;
  }

  /** More of a reply that isn't whole is there: once it is large and its turn has come it is streamed. */
  #streamIfDue(): void {
    const { inFlight } = this;
    const partial = this.#partial;
    if (partial.keptBytes <= STREAM_BYTES_MIN) return;
    if (inFlight.count === 0 || partial.firstByte === PUSH) return;
    const sink = inFlight.sinks[inFlight.head] as ReplySink;
    if (sink.isSession && (sink as SessionOutput).head === inFlight.tags[inFlight.head]) {
      partial.stream(sink as SessionOutput);
    }
  }

  /** Position after the reply, or 0 when there is nothing more to read in this chunk. */
  #continuePartial(chunk: Buffer, start: number, end: number, nowMs: number): number {
    const next = this.#scanner.resume(chunk, start, end);
    const partial = this.#partial;
    if (next === REPLY_BAD) {
      this.#owner.onBadReply("bad reply");
      return 0;
    }
    if (next === REPLY_INCOMPLETE) {
      partial.add(chunk, start, end);
      this.#streamIfDue();
      return 0;
    }
    const { inFlight } = this;
    if (partial.firstByte === PUSH) {
      partial.reset();
      return next;
    }
    if (inFlight.count === 0) {
      this.#owner.onBadReply("reply without request");
      return 0;
    }
    const head = inFlight.head;
    const sink = inFlight.sinks[head] as ReplySink;
    const tag = inFlight.tags[head] as number;
    const commandId = inFlight.commands[head] as number;
    const startMs = inFlight.starts[head] as number;
    if (partial.isStream) {
      if (commandId >= 0) this.#stats.record(commandId, nowMs - startMs);
      inFlight.shift();
      partial.finishStream(chunk, start, next);
      return next;
    }
    const whole = partial.finishWhole(chunk, start, next);
    if (whole[0] === MINUS) {
      if (this.#owner.canRepeat && this.#isRepeated(whole, 0, whole.length)) return next;
      this.#noteError(whole, 0, whole.length, commandId);
    }
    if (commandId >= 0) this.#stats.record(commandId, nowMs - startMs);
    inFlight.shift();
    sink.onReply(tag, whole, 0, whole.length);
    return next;
  }

  /** The error reply isn't the answer: somebody else gives it. */
  #isRepeated(chunk: Buffer, start: number, end: number): boolean {
    if (!this.#owner.repeatOldest(errorWord(chunk, start, end))) return false;
    this.inFlight.shift();
    return true;
  }

  #noteError(chunk: Buffer, start: number, end: number, commandId: number): void {
    if (commandId >= 0) this.#stats.recordError(commandId);
    this.#owner.onErrorReply(errorWord(chunk, start, end));
  }
}

function errorWord(chunk: Buffer, start: number, end: number): string {
  const text = chunk.toString("latin1", start + 1, Math.min(end - 2, start + 12));
  return text.split(" ", 1)[0] as string;
}

function endRun(run: SessionOutput, chunk: Buffer, start: number, end: number): void {
  run.deliver(chunk, start, end);
  if (run.keptCount > 0 || run.isWatched) run.afterRun();
}

/** The error for the request at whose turn the connection broke, as Codis. */
function connFailure(cause: string): Buffer {
  return Buffer.from(`-ERR handle response, backend conn failure, ${cause}\r\n`);
}
