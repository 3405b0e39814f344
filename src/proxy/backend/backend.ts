/**
 * One backend: the connection of a worker to (server, database, protocol, lane), shared by all sessions.
 *
 * The router gives it requests as raw bytes; they are gathered and written once a turn, replies are measured
 * and handed to their sinks in order. A request is never sent twice and never before the handshake is done:
 * while the connection is being made requests wait here, and when it fails they are answered with an error.
 * The state machine:
 *
 *   idle -> connecting -> handshake -> ready        (request arrives, or the backoff is over)
 *     ^         |             |          |
 *     +---------+-- failed ---+----------+          (all requests answered, next try after a backoff)
 *
 * Invariant: `inFlight` holds exactly the requests whose reply is still due, in the order they were sent.
 */
import type { Connection, ConnectionOwner } from "../../net/connection.ts";
import { dial, type SocketAddr } from "../../net/socket.ts";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../resp/reply-scanner.ts";
import { CallbackReply, ignoredReply, type ReplySink } from "../reply/reply-sink.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import type { BackendSettings, HandshakeStep } from "./handshake.ts";
import { handshakeSteps } from "./handshake.ts";
import { InFlight } from "./in-flight.ts";
import { PartialReply } from "./partial-reply.ts";

/** What a session does before it gives a request to a backend. */
export const GATE_OPEN = 0;
/** No connection and none may be tried yet: answer an error. */
export const GATE_CLOSED = 1;
/** Too much is queued: stop reading from the clients that feed it. */
export const GATE_FULL = 2;
/** No connection yet: call `wake` first. */
export const GATE_ASLEEP = 3;

/** Waits for a full backend to have room again. */
export interface BackendWaiter {
  onBackendRoom(): void;
}

/** What a backend reports to the worker. */
export interface BackendEvents {
  onConnected(backend: Backend): void;
  onFailed(backend: Backend, cause: string): void;
  /** The server doesn't know HELLO 3. */
  onNoResp3(backend: Backend): void;
}

type State = "idle" | "connecting" | "handshake" | "ready" | "closed";

const CONN_RESET = Buffer.from("-ERR handle response, backend conn reset\r\n");
const MINUS = 45;
const PUSH = 62;
const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const BACKOFF_MIN_MS = 50;
/** Of a full queue, how much must be gone before the waiters go on. */
const ROOM_SHARE = 2;
/** Command id of requests that the proxy sends for itself: not counted. */
const COMMAND_NONE = -1;

/** See the file head. */
export class Backend implements ConnectionOwner {
  readonly settings: BackendSettings;
  readonly inFlight = new InFlight();
  /** One of the GATE_ constants; the only thing the hot path looks at. */
  gate = GATE_ASLEEP;
  /** Group that the slot table names for this server. */
  groupId = 0;
  /** Scripts that this connection's server is known to have. */
  readonly loadedScripts = new Set<string>();
  connectCount = 0;
  failureCount = 0;
  /** An error reply said that the server is loading or has lost its master. */
  isStale = false;
  /** Failed so often that nothing waits for it any more. */
  isDown = false;
  #state: State = "idle";
  readonly #stats: CommandStats;
  readonly #events: BackendEvents;
  #connection: Connection | undefined;
  readonly #scanner = new ReplyScanner();
  /** A reply of which only the beginning has arrived. */
  readonly #partial = new PartialReply();
  #steps: HandshakeStep[] = [];
  /** Requests given before the connection is ready. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #waiters: BackendWaiter[] = [];
  #failuresInRow = 0;
  #nextTryMs = 0;
  #lastUseMs = 0;
  #isRetiring = false;

  constructor(settings: BackendSettings, stats: CommandStats, events: BackendEvents) {
    this.settings = settings;
    this.#stats = stats;
    this.#events = events;
  }

  get state(): State {
    return this.#state;
  }

  get queuedBytes(): number {
    return this.#earlyBytes + (this.#connection?.pendingBytes ?? 0);
  }

  /** Notes that a request follows whose bytes are given to `append`. Only when `gate` is open. */
  push(sink: ReplySink, tag: number, commandId: number, nowMs: number): void {
    // Hot path.
    const inFlight = this.inFlight;
    inFlight.push(sink, tag, commandId, nowMs);
    if (inFlight.count >= this.settings.maxPipeline) this.gate = GATE_FULL;
  }

  /** Bytes of the requests just pushed: whole requests, copied before this returns. */
  append(chunk: Buffer, start: number, end: number): void {
    // Hot path.
    if (this.#state === "ready") {
      (this.#connection as Connection).append(chunk, start, end);
      return;
    }
    this.#early.push(Buffer.from(chunk.subarray(start, end)));
    this.#earlyBytes += end - start;
    if (this.#earlyBytes > this.settings.maxQueueBytes) this.gate = GATE_FULL;
  }

  /** Sends a request of the proxy itself, whose reply nobody needs. */
  sendIgnored(frame: Buffer, nowMs: number): void {
    this.push(ignoredReply, 0, COMMAND_NONE, nowMs);
    this.append(frame, 0, frame.length);
  }

  /** The failure just reported is the first after a success: worth a line in the log. */
  get isFirstFailure(): boolean {
    return this.#failuresInRow <= 1;
  }

  /**
   * Resolves when every request given so far has its reply (or its error): a PING goes behind them, and
   * replies keep the order. At once when nothing is in flight.
   */
  drained(): Promise<void> {
    if (this.inFlight.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.push(new CallbackReply(() => resolve()), 0, COMMAND_NONE, performance.now());
      this.append(PING, 0, PING.length);
    });
  }

  /** Starts connecting if that is due; afterwards `gate` tells whether requests may be given. */
  wake(nowMs: number): void {
    if (this.#state !== "idle") return;
    if (nowMs < this.#nextTryMs || this.#isRetiring) {
      this.gate = GATE_CLOSED;
      return;
    }
    this.#connect();
  }

  /** Calls the waiter once there is room, or once the connection fails. */
  waitForRoom(waiter: BackendWaiter): void {
    if (!this.#waiters.includes(waiter)) this.#waiters.push(waiter);
  }

  /** Closes once nothing is in flight: the slot table has no use for it any more. */
  retire(): void {
    this.#isRetiring = true;
    if (this.inFlight.count === 0) this.close();
  }

  /** Undoes `retire`. */
  keep(): void {
    this.#isRetiring = false;
  }

  /** Closes at once; what is in flight is answered with an error. */
  close(): void {
    if (this.#state === "closed") return;
    const connection = this.#connection;
    this.#fail("proxy closed");
    this.#state = "closed";
    this.gate = GATE_CLOSED;
    connection?.destroy();
  }

  /** Called about once a second: timeouts, keep-alive, the next try. */
  tick(nowMs: number): void {
    if (this.#state === "closed") return;
    if (this.#isRetiring && this.inFlight.count === 0) {
      this.close();
      return;
    }
    if (this.#state === "idle") {
      if (this.#failuresInRow > 0 && nowMs >= this.#nextTryMs && !this.#isRetiring) this.#connect();
      return;
    }
    const { recvTimeoutMs, dialTimeoutMs } = this.settings;
    if (this.#state === "handshake") {
      // A stopped server still accepts connections; only its silence tells.
      const limitMs = recvTimeoutMs > 0 ? Math.min(recvTimeoutMs, dialTimeoutMs) : dialTimeoutMs;
      if (nowMs - this.#lastUseMs > limitMs) this.#drop("no answer to the handshake in time");
      return;
    }
    if (this.#state !== "ready") return;
    if (this.inFlight.count > 0) {
      // The silence counts, not the age of a request: a busy server may need long for a full pipeline.
      const silentSinceMs = Math.max(this.inFlight.oldestStartMs, this.#lastUseMs);
      if (recvTimeoutMs > 0 && nowMs - silentSinceMs > recvTimeoutMs) this.#drop("i/o timeout");
      return;
    }
    const period = this.settings.pingPeriodMs;
    if (period > 0 && nowMs - this.#lastUseMs >= period) {
      this.#lastUseMs = nowMs;
      this.isStale = false;
      this.sendIgnored(PING, nowMs);
    }
  }

  onData(chunk: Buffer): void {
    // Hot path.
    const nowMs = performance.now();
    this.#lastUseMs = nowMs;
    const end = chunk.length;
    let pos = 0;
    if (this.#partial.isActive) {
      pos = this.#continuePartial(chunk, end, nowMs);
      if (pos <= 0) return;
    }
    if (this.#state === "handshake") {
      pos = this.#readHandshake(chunk, pos, end);
      if (pos < 0) return;
    }
    this.#readReplies(chunk, pos, end, nowMs);
    if (this.gate === GATE_FULL) this.#offerRoom();
    if (this.#isRetiring && this.inFlight.count === 0) this.close();
  }

  onOutputPending(pendingBytes: number): void {
    if (pendingBytes > this.settings.maxQueueBytes) this.gate = GATE_FULL;
  }

  onDrain(): void {
    if (this.gate === GATE_FULL) this.#offerRoom();
  }

  onEnd(): void {
    this.#drop("EOF");
  }

  onClose(cause: string): void {
    if (this.#state === "closed" || this.#state === "idle") return;
    this.#fail(cause === "" ? "EOF" : cause);
  }

  /** Replies in [start, end): each is measured, counted and handed on; a run for one session at once. */
  #readReplies(chunk: Buffer, start: number, end: number, nowMs: number): void {
    // Hot path: no allocation, no call but the scanner's and one for each run.
    const inFlight = this.inFlight;
    const scanner = this.#scanner;
    const stats = this.#stats;
    let run: SessionOutput | undefined;
    let runStart = 0;
    let pos = start;
    while (pos < end) {
      const next = scanner.scan(chunk, pos, end);
      if (next <= 0) {
        if (run !== undefined) this.#endRun(run, chunk, runStart, pos);
        if (next === REPLY_BAD) this.#drop("bad reply");
        else this.#beginPartial(chunk, pos, end);
        return;
      }
      const first = chunk[pos] as number;
      if (first === PUSH || inFlight.count === 0) {
        if (run !== undefined) this.#endRun(run, chunk, runStart, pos);
        run = undefined;
        if (first !== PUSH) {
          this.#drop("reply without request");
          return;
        }
        pos = next;
        continue;
      }
      const head = inFlight.head;
      const sink = inFlight.sinks[head] as ReplySink;
      const tag = inFlight.tags[head] as number;
      const commandId = inFlight.commands[head] as number;
      if (commandId >= 0) stats.record(commandId, nowMs - (inFlight.starts[head] as number));
      if (first === MINUS) this.#noteError(chunk, pos, next, commandId);
      inFlight.sinks[head] = undefined;
      inFlight.head = (head + 1) & inFlight.mask;
      inFlight.count--;
      if (run !== undefined) {
        if (sink === run && tag === run.head && run.keptCount === 0) {
          run.head = (tag + 1) | 0;
          pos = next;
          continue;
        }
        this.#endRun(run, chunk, runStart, pos);
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
    if (run !== undefined) this.#endRun(run, chunk, runStart, pos);
  }

  #endRun(run: SessionOutput, chunk: Buffer, start: number, end: number): void {
    run.deliver(chunk, start, end);
    if (run.keptCount > 0 || run.isWatched) run.afterRun();
  }

  /** The chunk ends inside a reply: it is streamed if its turn has come, else put together. */
  #beginPartial(chunk: Buffer, start: number, end: number): void {
    const inFlight = this.inFlight;
    if (inFlight.count === 0 || chunk[start] === PUSH) {
      this.#partial.beginWhole(chunk, start, end);
      return;
    }
    const sink = inFlight.sinks[inFlight.head] as ReplySink;
    const tag = inFlight.tags[inFlight.head] as number;
    if (sink.isSession && (sink as SessionOutput).head === tag && end - start > STREAM_BYTES_MIN) {
      this.#partial.beginStream(sink as SessionOutput, chunk, start, end);
    } else {
      this.#partial.beginWhole(chunk, start, end);
    }
  }

  /** Returns the position after the reply, or 0 when it is still not whole, or below 0 when it is bad. */
  #continuePartial(chunk: Buffer, end: number, nowMs: number): number {
    const next = this.#scanner.resume(chunk, 0, end);
    if (next === REPLY_BAD) {
      this.#drop("bad reply");
      return -1;
    }
    const partial = this.#partial;
    if (next === REPLY_INCOMPLETE) {
      partial.add(chunk, 0, end);
      return 0;
    }
    const inFlight = this.inFlight;
    if (this.#state === "handshake" || partial.firstByte === PUSH || inFlight.count === 0) {
      const whole = partial.finishWhole(chunk, next);
      if (this.#state === "handshake") {
        return this.#readHandshake(whole, 0, whole.length) < 0 ? -1 : next;
      }
      if (whole[0] === PUSH) return next;
      this.#drop("reply without request");
      return -1;
    }
    const head = inFlight.head;
    const sink = inFlight.sinks[head] as ReplySink;
    const tag = inFlight.tags[head] as number;
    const commandId = inFlight.commands[head] as number;
    if (commandId >= 0) this.#stats.record(commandId, nowMs - (inFlight.starts[head] as number));
    inFlight.sinks[head] = undefined;
    inFlight.head = (head + 1) & inFlight.mask;
    inFlight.count--;
    if (partial.isStream) {
      partial.finishStream(chunk, next);
    } else {
      const whole = partial.finishWhole(chunk, next);
      if (whole[0] === MINUS) this.#noteError(whole, 0, whole.length, commandId);
      sink.onReply(tag, whole, 0, whole.length);
    }
    return next;
  }

  #noteError(chunk: Buffer, start: number, end: number, commandId: number): void {
    if (commandId >= 0) this.#stats.recordError(commandId);
    const word = chunk.toString("latin1", start + 1, Math.min(end, start + 11));
    if (word.startsWith("NOSCRIPT")) this.loadedScripts.clear();
    if (word.startsWith("LOADING") || word === "MASTERDOWN") this.isStale = true;
  }

  #connect(): void {
    this.#state = "connecting";
    this.gate = this.isDown ? GATE_CLOSED : GATE_OPEN;
    const { addr, dialTimeoutMs, keepAliveMs } = this.settings;
    dial(socketAddrOf(addr), { timeoutMs: dialTimeoutMs, keepAliveMs }, this).then(
      (connection) => this.#connected(connection),
      (error: unknown) => {
        if (this.#state === "connecting") this.#fail((error as Error).message);
      },
    );
  }

  #connected(connection: Connection): void {
    if (this.#state !== "connecting") {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    this.#state = "handshake";
    this.#lastUseMs = performance.now();
    this.#steps = handshakeSteps(this.settings);
    if (this.#steps.length === 0) {
      this.#ready();
      return;
    }
    for (const step of this.#steps) connection.append(step.frame, 0, step.frame.length);
  }

  /** Reads handshake replies from `start`; returns the position after them, or -1 when it is over. */
  #readHandshake(chunk: Buffer, start: number, end: number): number {
    let pos = start;
    while (this.#steps.length > 0 && pos < end) {
      const next = this.#scanner.scan(chunk, pos, end);
      if (next === REPLY_BAD) {
        this.#drop("bad reply to handshake");
        return -1;
      }
      if (next === REPLY_INCOMPLETE) {
        this.#partial.beginWhole(chunk, pos, end);
        return -1;
      }
      const step = this.#steps.shift() as HandshakeStep;
      if (chunk[pos] === MINUS) {
        const text = chunk.toString("latin1", pos + 1, next - 2);
        if (step.name === "HELLO" && isHelloUnknown(text)) this.#events.onNoResp3(this);
        this.#drop(`${step.name} failed: ${text}`);
        return -1;
      }
      pos = next;
    }
    if (this.#steps.length === 0) this.#ready();
    return pos;
  }

  #ready(): void {
    this.#state = "ready";
    this.#failuresInRow = 0;
    this.isDown = false;
    this.connectCount++;
    this.#lastUseMs = performance.now();
    const connection = this.#connection as Connection;
    for (const frames of this.#early) connection.append(frames, 0, frames.length);
    this.#early = [];
    this.#earlyBytes = 0;
    this.gate = this.inFlight.count >= this.settings.maxPipeline ? GATE_FULL : GATE_OPEN;
    this.#events.onConnected(this);
    if (this.gate === GATE_OPEN) this.#callWaiters();
  }

  /** Ends a connection that can't be used any more. */
  #drop(cause: string): void {
    const connection = this.#connection;
    this.#fail(cause);
    connection?.destroy();
  }

  /** The connection is lost or was never made: everything in flight is answered, the backoff begins. */
  #fail(cause: string): void {
    const hadConnection = this.#state === "ready";
    this.#state = "idle";
    this.#connection = undefined;
    this.#scanner.reset();
    this.#steps = [];
    this.#early = [];
    this.#earlyBytes = 0;
    this.loadedScripts.clear();
    this.failureCount++;
    this.#failuresInRow = hadConnection ? 0 : this.#failuresInRow + 1;
    if (this.#failuresInRow >= this.settings.failLimit) this.isDown = true;
    const nowMs = performance.now();
    this.#nextTryMs = nowMs + this.#backoffMs();
    this.gate = this.#failuresInRow === 0 ? GATE_ASLEEP : GATE_CLOSED;
    this.#answerAll(hadConnection ? cause : "");
    this.#events.onFailed(this, cause);
    this.#callWaiters();
    if (!hadConnection && !this.#isRetiring) this.#retryLater();
  }

  #backoffMs(): number {
    if (this.#failuresInRow === 0) return 0;
    return Math.min(this.settings.maxRetryDelayMs, BACKOFF_MIN_MS * 2 ** (this.#failuresInRow - 1));
  }

  /** The next try comes by itself, so that a server that is back is found without a client's error. */
  #retryLater(): void {
    setTimeout(() => this.tick(performance.now()), this.#backoffMs() + 1).unref();
  }

  #answerAll(cause: string): void {
    const inFlight = this.inFlight;
    const partial = this.#partial;
    const count = inFlight.count;
    for (let i = 0; i < count; i++) {
      const head = inFlight.head;
      const sink = inFlight.sinks[head] as ReplySink;
      const tag = inFlight.tags[head] as number;
      const commandId = inFlight.commands[head] as number;
      if (commandId >= 0) this.#stats.recordFail(commandId);
      inFlight.sinks[head] = undefined;
      inFlight.head = (head + 1) & inFlight.mask;
      inFlight.count--;
      if (i === 0 && partial.isActive && partial.isStream) {
        partial.break(cause);
        continue;
      }
      const reply = i === 0 && cause !== "" ? connFailure(cause) : CONN_RESET;
      sink.onFailure(tag, reply);
    }
    partial.reset();
  }

  #offerRoom(): void {
    const { maxPipeline, maxQueueBytes } = this.settings;
    if (this.inFlight.count * ROOM_SHARE > maxPipeline) return;
    if (this.queuedBytes * ROOM_SHARE > maxQueueBytes) return;
    this.gate = GATE_OPEN;
    this.#callWaiters();
  }

  #callWaiters(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.onBackendRoom();
  }
}

/** A smaller beginning of a reply isn't worth streaming: the rest is likely in the next chunk. */
const STREAM_BYTES_MIN = 64 * 1024;

/** The error for the request at whose turn the connection broke, as Codis. */
function connFailure(cause: string): Buffer {
  return Buffer.from(`-ERR handle response, backend conn failure, ${cause}\r\n`);
}

function isHelloUnknown(text: string): boolean {
  return text.startsWith("NOPROTO") || text.startsWith("ERR unknown command");
}

/** The address of a server as the net stage wants it. */
export function socketAddrOf(addr: string): SocketAddr {
  if (addr.startsWith("/")) return { path: addr };
  const colon = addr.lastIndexOf(":");
  const host = addr.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(addr.slice(colon + 1)) };
}
