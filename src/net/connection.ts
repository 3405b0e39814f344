/**
 * One TCP or unix connection: bytes in to its owner, bytes out gathered and written once a turn.
 *
 * Sessions and backends both stand on this class; only this folder knows Bun's sockets. Output goes out in
 * the order of `write` and `append`. What the kernel doesn't take is kept, and the owner hears of it: growing
 * output is the owner's to bound (`onOutputPending`), draining is told once (`onDrain`).
 */
import type { Socket } from "bun";
import { acquireBuffer, releaseBuffer } from "./buffer-pool.ts";
import { atTurnEnd, beginTurn, type TurnEndTask } from "./turn.ts";

/** What a connection tells its owner. No call comes after `onClose`. */
export interface ConnectionOwner {
  /** Bytes arrived. The chunk is the owner's to keep; nobody writes to it. */
  onData(chunk: Buffer): void;
  /** The kernel didn't take everything; `pendingBytes` are kept. May come often. */
  onOutputPending(pendingBytes: number): void;
  /** Everything kept was written. */
  onDrain(): void;
  /** The peer sends no more (half-close); output still goes out. */
  onEnd(): void;
  /** The connection is gone; `cause` is empty when the peer or we closed it in good order. */
  onClose(cause: string): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Output that isn't complete may wait this many turns for the rest, as long as it is small: replies of two
 * servers to one pipeline arrive in neighbouring turns as a rule, and one write costs half of two.
 */
const HOLD_TURNS_MAX = 3;
const HOLD_BYTES_MAX = 16 * 1024;

/** Output above this is written at once instead of at the end of the turn: it keeps buffers small. */
const EARLY_FLUSH_BYTES = 128 * 1024;

/** A connection, open from construction until `onClose`. */
export class Connection implements TurnEndTask {
  readonly #socket: Socket<Connection>;
  #owner: ConnectionOwner | undefined;
  /** Output not yet written: [#outStart, #outEnd) of #out. */
  #out: Buffer = NOTHING;
  #outStart = 0;
  #outEnd = 0;
  /** Registered for the end of the turn. */
  #isQueued = false;
  /** The kernel's buffer is full; `drain` will come. */
  #isBlocked = false;
  #isOpen = true;
  /** Close when the output is out. */
  #isEnding = false;
  #isPaused = false;
  /** More output is about to come: what there is may be held for a turn. Set by the owner. */
  mayHold = false;
  #heldTurns = 0;
  /** Bytes read and written, for statistics. */
  bytesIn = 0;
  bytesOut = 0;

  constructor(socket: Socket<Connection>) {
    this.#socket = socket;
  }

  /** Sets who is told; once, before the first event. */
  attach(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes given to this connection that the kernel has yet to take. */
  get pendingBytes(): number {
    return this.#outEnd - this.#outStart;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Peer as `ip:port`; empty for a unix socket. */
  get peerAddr(): string {
    return formatAddr(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  get localAddr(): string {
    return formatAddr(this.#socket.localAddress, this.#socket.localPort);
  }

  /** Writes [start, end) of `chunk` now, if nothing is waiting before it; the rest is copied and kept. */
  write(chunk: Buffer, start: number, end: number): void {
    // Hot path.
    if (!this.#isOpen) return;
    if (this.#outEnd !== this.#outStart) {
      this.append(chunk, start, end);
      return;
    }
    const written = this.#socket.write(chunk, start, end - start);
    if (written === end - start) {
      this.bytesOut += written;
      return;
    }
    if (written < 0) return;
    this.bytesOut += written;
    this.#copy(chunk, start + written, end);
    this.#blocked();
  }

  /** Copies [start, end) of `chunk` to the output, to be written at the end of the turn. */
  append(chunk: Buffer, start: number, end: number): void {
    // Hot path.
    if (!this.#isOpen) return;
    this.#copy(chunk, start, end);
    if (this.#isBlocked) {
      this.#owner?.onOutputPending(this.#outEnd - this.#outStart);
      return;
    }
    if (!this.#isQueued) {
      this.#isQueued = true;
      atTurnEnd(this);
    } else if (this.#outEnd - this.#outStart > EARLY_FLUSH_BYTES) {
      this.#flush();
    }
  }

  onTurnEnd(): void {
    this.#isQueued = false;
    if (
      this.mayHold &&
      this.#heldTurns < HOLD_TURNS_MAX &&
      this.#outEnd - this.#outStart < HOLD_BYTES_MAX
    ) {
      this.#heldTurns++;
      this.#isQueued = true;
      atTurnEnd(this);
      return;
    }
    this.#heldTurns = 0;
    if (this.#outEnd !== this.#outStart && !this.#isBlocked && this.#isOpen) this.#flush();
  }

  /** Stops reading; what was already read still arrives. */
  pause(): void {
    if (this.#isPaused || !this.#isOpen) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || !this.#isOpen) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Closes in good order once the output is out. */
  end(): void {
    if (!this.#isOpen) return;
    if (this.#outEnd === this.#outStart) this.#socket.end();
    else this.#isEnding = true;
  }

  /** Closes at once; output is lost. `onClose` follows. */
  destroy(): void {
    if (this.#isOpen) this.#socket.terminate();
  }

  /** As `destroy`, and the owner hears nothing more, not even `onClose`. */
  abandon(): void {
    this.#owner = undefined;
    this.destroy();
  }

  /** Called by this folder's socket handlers only. */
  handleData(chunk: Buffer): void {
    beginTurn();
    this.bytesIn += chunk.length;
    this.#owner?.onData(chunk);
  }

  /** Called by this folder's socket handlers only. */
  handleDrain(): void {
    beginTurn();
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    if (this.#outEnd !== this.#outStart) this.#flush();
    if (!this.#isBlocked) this.#owner?.onDrain();
  }

  /** Called by this folder's socket handlers only. */
  handleEnd(): void {
    this.#owner?.onEnd();
  }

  /** Called by this folder's socket handlers only. */
  handleClose(cause: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#releaseOutput();
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.onClose(cause);
  }

  #flush(): void {
    const length = this.#outEnd - this.#outStart;
    const written = this.#socket.write(this.#out, this.#outStart, length);
    if (written === length) {
      this.bytesOut += written;
      this.#releaseOutput();
      if (this.#isEnding) this.#socket.end();
      return;
    }
    if (written > 0) {
      this.bytesOut += written;
      this.#outStart += written;
    }
    this.#blocked();
  }

  #blocked(): void {
    this.#isBlocked = true;
    this.#owner?.onOutputPending(this.#outEnd - this.#outStart);
  }

  #releaseOutput(): void {
    if (this.#out !== NOTHING) {
      releaseBuffer(this.#out);
      this.#out = NOTHING;
    }
    this.#outStart = 0;
    this.#outEnd = 0;
  }

  #copy(chunk: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#outEnd + length > this.#out.length) this.#makeRoom(length);
    // Buffer.copy costs 26 ns at any small length; a loop wins below 24 bytes (bench/micro/copy.bench.ts).
    chunk.copy(this.#out, this.#outEnd, start, end);
    this.#outEnd += length;
  }

  #makeRoom(length: number): void {
    const pending = this.#outEnd - this.#outStart;
    const old = this.#out;
    if (pending + length <= old.length && this.#outStart >= old.length / 2) {
      old.copyWithin(0, this.#outStart, this.#outEnd);
    } else {
      const needed = pending + length;
      this.#out = acquireBuffer(pending === 0 ? needed : Math.max(needed, old.length * 2));
      if (pending > 0) old.copy(this.#out, 0, this.#outStart, this.#outEnd);
      if (old !== NOTHING) releaseBuffer(old);
    }
    this.#outStart = 0;
    this.#outEnd = pending;
  }
}

function formatAddr(address: string | undefined, port: number | undefined): string {
  if (address === undefined || port === undefined) return "";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
