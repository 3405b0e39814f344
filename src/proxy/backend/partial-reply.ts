/**
 * A reply of which a backend connection has received only the beginning.
 *
 * A large one whose turn it is in its session is streamed: what arrives goes out, nothing is put together, so
 * a value of 500 MB passes through in pieces. Otherwise, and for replies that the proxy reads itself, the
 * pieces are kept in order and joined at the end. Invariant: while `isActive`, the connection's scanner is
 * in the middle of this reply.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { SessionOutput } from "../reply/session-output.ts";

/** At most one for each backend connection. */
export class PartialReply {
  isActive = false;
  /** Type byte of the reply. */
  firstByte = 0;
  #session: SessionOutput | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;

  get isStream(): boolean {
    return this.#session !== undefined;
  }

  /** Bytes of the pieces that are kept. */
  get keptBytes(): number {
    return this.#bytes;
  }

  /** Keeps the pieces until the reply is whole, or is streamed. */
  begin(chunk: Buffer, start: number, end: number): void {
    this.isActive = true;
    this.firstByte = chunk[start] as number;
    this.add(chunk, start, end);
  }

  /** What is kept goes to the session, and the rest as it comes. */
  stream(session: SessionOutput): void {
    this.#session = session;
    for (const piece of this.#pieces) session.deliverPartial(piece, 0, piece.length);
    this.#pieces = [];
    memoryGauge.usedBytes -= this.#bytes;
    this.#bytes = 0;
  }

  /** One more piece, still not the last. */
  add(chunk: Buffer, start: number, end: number): void {
    if (this.#session !== undefined) {
      this.#session.deliverPartial(chunk, start, end);
      return;
    }
    this.#pieces.push(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    this.#bytes += end - start;
    memoryGauge.usedBytes += end - start;
  }

  /** The last piece is [start, end) of the chunk; returns the whole reply. */
  finishWhole(chunk: Buffer, start: number, end: number): Buffer {
    this.#pieces.push(chunk.subarray(start, end));
    const whole = Buffer.concat(this.#pieces);
    this.reset();
    return whole;
  }

  /** The last piece is [start, end) of the chunk; the session's turn moves on. */
  finishStream(chunk: Buffer, start: number, end: number): void {
    const session = this.#session as SessionOutput;
    this.reset();
    session.finishPartial(chunk, start, end);
  }

  /** The rest will never come: the session has a torn reply and must close. */
  break(cause: string): void {
    const session = this.#session as SessionOutput;
    this.reset();
    session.breakPartial(cause);
  }

  reset(): void {
    this.isActive = false;
    this.#session = undefined;
    this.#pieces = [];
    memoryGauge.usedBytes -= this.#bytes;
    this.#bytes = 0;
  }
}
