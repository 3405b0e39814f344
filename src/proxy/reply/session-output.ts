/**
 * The ordered replies of one session: the last stage of a request.
 *
 * Each request gets a sequence number when it is read (`reserve`); replies may come in any order from
 * several backends, and leave in the order of the numbers. A reply whose turn it is goes out from the chunk
 * it came in; any other is kept as (chunk, start, end), without a copy:
 *
 *       head                    tail
 *        v                       v
 *   ... | 7 | 8 | 9 | 10 | 11 | 12        7 is due; 9 and 10 are here already and kept
 *                 k    k
 *
 * Numbers are 32-bit and wrap; only equality and differences are used. Invariant: a number is completed once.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { Connection } from "../../net/connection.ts";
import { type RepeatGuard, ReplySink } from "./reply-sink.ts";

const KEPT_INITIAL = 32;
const NO_CHUNKS: (Buffer | undefined)[] = [];
const NO_OFFSETS = new Int32Array(0);

/** A kept small reply must not hold a large chunk alive: above this size it is copied out. */
const PINNED_CHUNK_BYTES_MAX = 64 * 1024;
/** A reply that is at least this part of its chunk is kept in place all the same. */
const PINNED_SHARE = 8;

/** The session hears of kept replies only above this: most pipelines keep a few small ones. */
const KEPT_BYTES_UNTOLD = 1024;

/** What the output tells its session. */
export interface SessionOutputOwner {
  /** A reply left; called only while `isWatched` is set. */
  onProgress(): void;
  /** Bytes that wait for the client, besides `keptBytes`, or more of those than before. */
  onOutputPending(pendingBytes: number): void;
  /** A request failed on the proxy's side; its error is on the way to the client. */
  onRequestFailed(): void;
  /** A reply that was partly sent can't be finished: the session must close. */
  onBrokenReply(cause: string): void;
}

/** See the file head. */
export class SessionOutput extends ReplySink {
  /** Number of the request whose reply is due next. */
  head = 0;
  /** Number for the next request. */
  tail = 0;
  /** Replies kept because it isn't their turn, and their bytes. */
  keptCount = 0;
  keptBytes = 0;
  /** True while the session reads a chunk: replies are gathered instead of written one by one. */
  isGathering = false;
  /** The session wants `onProgress` (it is paused, or waits until nothing is in flight). */
  isWatched = false;
  /** Replies are dropped (CLIENT REPLY OFF, or the session is gone). */
  isMuted = false;
  /** Of a session that reads from replicas. */
  repeatGuard: RepeatGuard | undefined;
  readonly connection: Connection;
  readonly #owner: SessionOutputOwner;
  #keptChunks = NO_CHUNKS;
  #keptStarts = NO_OFFSETS;
  #keptEnds = NO_OFFSETS;
  #keptMask = -1;

  constructor(connection: Connection, owner: SessionOutputOwner) {
    super(true);
    this.connection = connection;
    this.#owner = owner;
  }

  /** Requests read and not yet answered. */
  get inFlightCount(): number {
    return (this.tail - this.head) | 0;
  }

  /** The number of the next request. */
  reserve(): number {
    const seq = this.tail;
    this.tail = (seq + 1) | 0;
    return seq;
  }

  override onReply(seq: number, chunk: Buffer, start: number, end: number): void {
    // Hot path.
    if (seq !== this.head) {
      this.#keep(seq, chunk, start, end);
      return;
    }
    this.head = (seq + 1) | 0;
    this.deliver(chunk, start, end);
    if (this.keptCount > 0) this.#deliverKept();
    if (this.isWatched) this.#owner.onProgress();
  }

  override mayRepeat(seq: number, slot: number): boolean {
    return !this.isMuted && this.repeatGuard?.mayRepeat(seq, slot) === true;
  }

  override onFailure(seq: number, error: Buffer): void {
    this.onReply(seq, error, 0, error.length);
    this.#owner.onRequestFailed();
  }

  /**
   * Sends bytes whose turn it is: one or several whole replies. The caller has moved `head` behind them, and
   * there was nothing kept; afterwards it calls `afterRun`.
   */
  deliver(chunk: Buffer, start: number, end: number): void {
    // Hot path.
    if (this.isMuted) return;
    const { connection } = this;
    if (this.head !== this.tail) {
      connection.mayHold = true;
      connection.append(chunk, start, end);
      return;
    }
    connection.mayHold = false;
    if (this.isGathering) connection.append(chunk, start, end);
    else connection.write(chunk, start, end);
  }

  /** After a run was delivered. */
  afterRun(): void {
    if (this.keptCount > 0) this.#deliverKept();
    if (this.isWatched) this.#owner.onProgress();
  }

  /** Sends the beginning of a reply that is due and hasn't arrived whole; `head` stays. */
  deliverPartial(chunk: Buffer, start: number, end: number): void {
    if (!this.isMuted) this.connection.append(chunk, start, end);
  }

  /** The reply sent in parts is finished with [start, end). */
  finishPartial(chunk: Buffer, start: number, end: number): void {
    this.onReply(this.head, chunk, start, end);
  }

  /** The reply sent in parts will never be whole. */
  breakPartial(cause: string): void {
    this.head = (this.head + 1) | 0;
    this.#owner.onBrokenReply(cause);
  }

  /** The session is gone: what is kept is dropped, what is still to come too. */
  abandon(): void {
    this.isMuted = true;
    this.isWatched = false;
    for (let i = 0; i < this.#keptChunks.length; i++) {
      const chunk = this.#keptChunks[i];
      if (chunk === undefined) continue;
      memoryGauge.usedBytes -= (this.#keptEnds[i] as number) - (this.#keptStarts[i] as number);
      this.#keptChunks[i] = undefined;
    }
    this.keptCount = 0;
    this.keptBytes = 0;
  }

  #keep(seq: number, chunk: Buffer, start: number, end: number): void {
    if (this.isMuted) {
      // The order doesn't matter any more, only the count does; see `abandon`.
      this.#keepMuted(seq);
      return;
    }
    const distance = (seq - this.head) | 0;
    if (distance > this.#keptMask) this.#growKept(distance + 1);
    const index = seq & this.#keptMask;
    const length = end - start;
    memoryGauge.usedBytes += length;
    this.keptBytes += length;
    if (chunk.length > PINNED_CHUNK_BYTES_MAX && length * PINNED_SHARE < chunk.length) {
      this.#keptChunks[index] = Buffer.from(chunk.subarray(start, end));
      this.#keptStarts[index] = 0;
      this.#keptEnds[index] = length;
    } else {
      this.#keptChunks[index] = chunk;
      this.#keptStarts[index] = start;
      this.#keptEnds[index] = end;
    }
    this.keptCount++;
    if (this.keptBytes > KEPT_BYTES_UNTOLD) {
      this.#owner.onOutputPending(this.connection.pendingBytes);
    }
  }

  #keepMuted(seq: number): void {
    const distance = (seq - this.head) | 0;
    if (distance > this.#keptMask) this.#growKept(distance + 1);
    const index = seq & this.#keptMask;
    this.#keptChunks[index] = EMPTY;
    this.#keptStarts[index] = 0;
    this.#keptEnds[index] = 0;
    this.keptCount++;
  }

  /** Sends what is kept from `head` on; neighbours in one chunk go as one piece. */
  #deliverKept(): void {
    const mask = this.#keptMask;
    while (this.keptCount > 0) {
      let index = this.head & mask;
      const chunk = this.#keptChunks[index];
      if (chunk === undefined) return;
      const start = this.#keptStarts[index] as number;
      let end = this.#keptEnds[index] as number;
      for (;;) {
        this.#keptChunks[index] = undefined;
        this.keptCount--;
        this.head = (this.head + 1) | 0;
        if (this.keptCount === 0) break;
        index = this.head & mask;
        if (this.#keptChunks[index] !== chunk || this.#keptStarts[index] !== end) break;
        end = this.#keptEnds[index] as number;
      }
      memoryGauge.usedBytes -= end - start;
      this.keptBytes -= end - start;
      this.deliver(chunk, start, end);
    }
  }

  #growKept(needed: number): void {
    let capacity = Math.max(KEPT_INITIAL, this.#keptChunks.length);
    while (capacity < needed) capacity *= 2;
    const chunks = new Array<Buffer | undefined>(capacity).fill(undefined);
    const starts = new Int32Array(capacity);
    const ends = new Int32Array(capacity);
    const oldMask = this.#keptMask;
    for (let i = 0; i < this.#keptChunks.length; i++) {
      const seq = (this.head + i) | 0;
      const from = seq & oldMask;
      const to = seq & (capacity - 1);
      chunks[to] = this.#keptChunks[from];
      starts[to] = this.#keptStarts[from] as number;
      ends[to] = this.#keptEnds[from] as number;
    }
    this.#keptChunks = chunks;
    this.#keptStarts = starts;
    this.#keptEnds = ends;
    this.#keptMask = capacity - 1;
  }
}

const EMPTY = Buffer.alloc(0);
