/**
 * A read of keys of a moving slot that one server answers, if it has all of the keys at that very moment:
 *
 *     MULTI, EXISTS key …, the request, EXEC        in one append, so nothing comes between them
 *
 * The target, when most keys have left their source: what it has is what counts, whether the source has a copy or
 * not. The source, when a key can't leave it because the target is full or too old for it: nobody writes there while
 * the slot moves. A key that one of them hasn't may be at the other one, so then its answer isn't used.
 */

import { FLAG_BLOCKING, FLAG_READ, ROUTE_FORWARD, ROUTE_MULTI_SHARD } from "../../command/route.ts";
import { FLAGS, ROUTE } from "../../command/table.ts";
import { encodeRequest } from "../../resp/inline-request.ts";
import type { Backend } from "../backend/backend.ts";
import { ignoredReply, ReplySink } from "../reply/reply-sink.ts";
import type { HeldRequest } from "./held-request.ts";

/** Commands around the request aren't counted. */
const COMMAND_NONE = -1;
const MULTI = encodeRequest(["MULTI"]);
const EXEC = encodeRequest(["EXEC"]);
const MINUS = 45;

/** Whether the command only reads keys that it names. */
export function isPlainRead(commandId: number): boolean {
  const flags = FLAGS[commandId] as number;
  const route = ROUTE[commandId];
  return (
    (flags & FLAG_READ) !== 0 &&
    (flags & FLAG_BLOCKING) === 0 &&
    (route === ROUTE_FORWARD || route === ROUTE_MULTI_SHARD)
  );
}

/** What came of it. The bytes are one reply, for the request; the command is counted by whoever gives it out. */
export interface ReadOwner {
  onRead(chunk: Buffer, start: number, end: number): void;
  /** The server has only so many of the keys; 0: none. */
  onKeysMissing(count: number): void;
  /** The server refuses to be asked so, with this error. */
  onRefused(chunk: Buffer, start: number, end: number): void;
  /** An error of the proxy. */
  onReadFailure(error: Buffer): void;
}

/** Sends the request; the owner hears once. The backend must take requests. */
export function readIfThere(
  backend: Backend,
  held: HeldRequest,
  names: readonly Buffer[],
  owner: ReadOwner,
): void {
  const nowMs = performance.now();
  const exists = encodeRequest(["EXISTS", ...names]);
  const frames = Buffer.concat([MULTI, exists, held.frame, EXEC]);
  for (let i = 0; i < 3; i++) backend.push(ignoredReply, 0, COMMAND_NONE, nowMs);
  const reply = new ReadReply(names.length, owner);
  backend.push(reply, 0, COMMAND_NONE, nowMs);
  backend.append(frames, 0, frames.length);
}

/** Takes EXEC's reply apart. */
class ReadReply extends ReplySink {
  readonly #keyCount: number;
  readonly #owner: ReadOwner;

  constructor(keyCount: number, owner: ReadOwner) {
    super(false);
    this.#keyCount = keyCount;
    this.#owner = owner;
  }

  override onReply(_tag: number, chunk: Buffer, start: number, end: number): void {
    const head = /^\*2\r\n:(\d+)\r\n/.exec(
      chunk.toString("latin1", start, Math.min(end, start + 32)),
    );
    if (head === null) {
      // EXEC itself was refused, with the reason.
      if (chunk[start] === MINUS) this.#owner.onRefused(chunk, start, end);
      else this.#owner.onReadFailure(BAD_REPLY);
      return;
    }
    const count = Number(head[1]);
    if (count !== this.#keyCount) this.#owner.onKeysMissing(count);
    else this.#owner.onRead(chunk, start + head[0].length, end);
  }

  override onFailure(_tag: number, error: Buffer): void {
    this.#owner.onReadFailure(error);
  }
}

const BAD_REPLY = Buffer.from("-ERR handle response, bad reply of a server of a move\r\n");
