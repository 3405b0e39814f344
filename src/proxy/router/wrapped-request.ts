/**
 * A request as its key's source is asked to carry it out while the key is there (`SLOTSMGRT-EXEC-WRAPPER` of
 * codis-server), and what it answers:
 *
 *     SLOTSMGRT-EXEC-WRAPPER key command [argument ...]
 *     [2, reply]   done there; the reply is the command's
 *     [0, text]    the key isn't there: the request goes to the target
 *     [1, text]    the key is on its way: the request is tried again
 *     [-1, error]  no command that the source knows
 */
import { FLAG_BLOCKING } from "../../command/route.ts";
import { FLAGS, SCRIPT_SOURCE } from "../../command/table.ts";
import type { Backend } from "../backend/backend.ts";
import { ReplySink } from "../reply/reply-sink.ts";
import type { HeldRequest } from "./held-request.ts";

/** The request is counted when it has its answer. */
const COMMAND_NONE = -1;

/** See the file head. */
export type WrappedOutcome = "done" | "absent" | "moving" | "refused";

/** An answer; [start, end) of `chunk`: of `done` the command's own reply, of `refused` an error for the client. */
export interface WrappedAnswer {
  readonly outcome: WrappedOutcome;
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Hears once what became of a request. */
export interface WrappedOwner {
  onAnswer(answer: WrappedAnswer): void;
  /** An error of the proxy: the connection was lost, say. */
  onWrapFailure(error: Buffer): void;
}

const LF = 10;
const MINUS = 45;
const HEAD_CHARS_MAX = 16;
const NAME = "$22\r\nSLOTSMGRT-EXEC-WRAPPER\r\n";
const OUTCOMES: Readonly<Record<string, WrappedOutcome>> = {
  "2": "done",
  "0": "absent",
  "1": "moving",
  "-1": "refused",
};

/**
 * Whether the source may carry it out: a command of one key, all of which is in its bytes. All others need their
 * keys in one place first.
 */
export function isWrappable(commandId: number, names: readonly Buffer[]): boolean {
  const flags = FLAGS[commandId] as number;
  return names.length === 1 && (flags & FLAG_BLOCKING) === 0 && SCRIPT_SOURCE[commandId] === 0;
}

/** The bytes for the source. */
export function wrapFrame(frame: Buffer, name: Buffer): Buffer {
  const at = frame.indexOf(LF) + 1;
  const argCount = Number(frame.toString("latin1", 1, at - 2));
  const head = Buffer.from(`*${argCount + 2}\r\n${NAME}$${name.length}\r\n`);
  return Buffer.concat([head, name, CRLF, frame.subarray(at)]);
}

/** Asks the source's backend, which must take requests; the owner hears once. */
export function askWrapped(
  backend: Backend,
  held: HeldRequest,
  name: Buffer,
  owner: WrappedOwner,
): void {
  const frame = wrapFrame(held.frame, name);
  backend.push(new WrappedReply(owner), 0, COMMAND_NONE, held.startMs);
  backend.append(frame, 0, frame.length);
}

/** Takes the answer apart. */
class WrappedReply extends ReplySink {
  readonly #owner: WrappedOwner;

  constructor(owner: WrappedOwner) {
    super(false);
    this.#owner = owner;
  }

  override onReply(_tag: number, chunk: Buffer, start: number, end: number): void {
    if (chunk[start] === MINUS) {
      // Refused before it was looked at: no memory, no right, no such command.
      this.#owner.onAnswer({ outcome: "refused", chunk, start, end });
      return;
    }
    const text = chunk.toString("latin1", start, Math.min(end, start + HEAD_CHARS_MAX));
    const head = /^\*2\r\n:(-?\d+)\r\n/.exec(text);
    const outcome = OUTCOMES[head?.[1] ?? ""];
    if (head === null || outcome === undefined) {
      this.#owner.onWrapFailure(BAD_REPLY);
      return;
    }
    this.#owner.onAnswer({ outcome, chunk, start: start + head[0].length, end });
  }

  override onFailure(_tag: number, error: Buffer): void {
    this.#owner.onWrapFailure(error);
  }
}

/** Whether the source has refused it because it is full: an original one does so with reads as well. */
export function isFullSource(chunk: Buffer, start: number): boolean {
  return chunk.toString("latin1", start, start + OOM.length) === OOM;
}

/** How long to wait before the request is tried again, after so many tries: 5 at once, then 1 to 20 ms. */
export function retryDelayMs(tries: number): number {
  return tries <= TRIES_AT_ONCE ? 0 : Math.min(RETRY_MS_MAX, tries - TRIES_AT_ONCE);
}

const CRLF = Buffer.from("\r\n");
const OOM = "-OOM ";
const TRIES_AT_ONCE = 5;
const RETRY_MS_MAX = 20;
const BAD_REPLY = Buffer.from("-ERR handle response, bad slotsmgrt-exec-wrapper resp\r\n");
