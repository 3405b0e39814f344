/**
 * One backend: the connection of a worker to (server, database, protocol, lane), shared by all sessions.
 *
 * The router gives it requests as raw bytes; they are gathered and written once a turn, replies are measured
 * and handed to their sinks in order. A request is never sent twice here, and never before the handshake is done:
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
import { SendWatch } from "../../net/send-watch.ts";
import { dial, type SocketAddr } from "../../net/socket.ts";
import { CallbackReply, ignoredReply, type ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { type BackendSettings, Handshake } from "./handshake.ts";
import type { InFlight } from "./in-flight.ts";
import { ReplyReader, type ReplyReaderOwner } from "./reply-reader.ts";

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

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const BACKOFF_MIN_MS = 50;
/** Of a full queue, how much must be gone before the waiters go on. */
const ROOM_SHARE = 2;
/** Command id of requests that the proxy sends for itself: not counted. */
const COMMAND_NONE = -1;

/** See the file head. */
export class Backend implements ConnectionOwner, ReplyReaderOwner {
  readonly settings: BackendSettings;
  readonly inFlight: InFlight;
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
  readonly #events: BackendEvents;
  #connection: Connection | undefined;
  readonly #replies: ReplyReader;
  #handshake: Handshake | undefined;
  readonly #sendWatch = new SendWatch();
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
    this.#replies = new ReplyReader(stats, this);
    this.inFlight = this.#replies.inFlight;
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
   * replies keep the order. At once when nothing is in flight; a server that hangs is cut after `timeoutMs`.
   */
  drained(timeoutMs: number): Promise<void> {
    if (this.inFlight.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#drop("no answer before the slot was taken away"),
        timeoutMs,
      );
      const onReply = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.push(new CallbackReply(onReply), 0, COMMAND_NONE, performance.now());
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

  /** Begins anew with another login: what is in flight is answered with an error, the next request connects. */
  reconnect(cause: string): void {
    if (this.#state !== "idle" && this.#state !== "closed") this.#drop(cause);
    this.#nextTryMs = 0;
    if (this.#state === "idle") this.gate = GATE_ASLEEP;
  }

  /** Has taken requests that aren't with the server yet, as far as is known here. */
  get hasUnsent(): boolean {
    return this.queuedBytes > 0;
  }

  /** Undoes `retire`. */
  keep(): void {
    this.#isRetiring = false;
  }

  /** Closes at once; what is in flight is answered with an error. */
  close(): void {
    if (this.#state === "closed") return;
    const hadConnection = this.#state === "ready";
    this.#connection?.abandon();
    this.#reset();
    this.#state = "closed";
    this.gate = GATE_CLOSED;
    this.#replies.failAll(hadConnection ? "proxy closed" : "");
    this.#callWaiters();
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
    const { pendingBytes, bytesOut } = this.#connection as Connection;
    const stuckMs = this.#sendWatch.stuckMs(pendingBytes, bytesOut, nowMs);
    if (this.settings.sendTimeoutMs > 0 && stuckMs > this.settings.sendTimeoutMs) {
      this.#drop("i/o timeout");
      return;
    }
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
    let pos = 0;
    if (this.#state === "handshake") {
      pos = this.#readHandshake(chunk);
      if (pos === -1) return;
    }
    if (pos < chunk.length) this.#replies.read(chunk, pos, chunk.length, nowMs);
    if (this.gate === GATE_FULL) this.#offerRoom();
    if (this.#isRetiring && this.inFlight.count === 0) this.close();
  }

  /** False: what is in flight may have written. A connection to a replica overrides this and the next one. */
  get canRepeat(): boolean {
    return false;
  }

  repeatOldest(_word: string): boolean {
    return false;
  }

  onErrorReply(word: string): void {
    if (word === "NOSCRIPT") this.loadedScripts.clear();
    else if (word === "LOADING" || word === "MASTERDOWN") this.isStale = true;
  }

  onBadReply(cause: string): void {
    this.#drop(cause);
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
    const handshake = new Handshake(this.settings);
    this.#handshake = handshake;
    if (handshake.isDone) {
      this.#ready();
      return;
    }
    for (const step of handshake.steps) connection.append(step.frame, 0, step.frame.length);
  }

  /** Reads handshake replies; returns the position after them, or -1 when there is nothing more to do. */
  #readHandshake(chunk: Buffer): number {
    const handshake = this.#handshake as Handshake;
    const pos = handshake.read(chunk);
    if (handshake.failure !== "") {
      if (handshake.isHelloUnknown) this.#events.onNoResp3(this);
      this.#drop(handshake.failure);
      return -1;
    }
    if (!handshake.isDone) return -1;
    this.#ready();
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
    // Its close must not be taken for that of the next one, which a waiting session may begin at once.
    this.#connection?.abandon();
    this.#fail(cause);
  }

  /** The connection is lost or was never made: everything in flight is answered, the backoff begins. */
  #fail(cause: string): void {
    const hadConnection = this.#state === "ready";
    this.#reset();
    this.failureCount++;
    this.#failuresInRow = hadConnection ? 0 : this.#failuresInRow + 1;
    if (this.#failuresInRow >= this.settings.failLimit) this.isDown = true;
    const nowMs = performance.now();
    this.#nextTryMs = nowMs + this.#backoffMs();
    this.gate = this.#failuresInRow === 0 ? GATE_ASLEEP : GATE_CLOSED;
    this.#replies.failAll(hadConnection ? cause : "");
    this.#events.onFailed(this, cause);
    this.#callWaiters();
    if (!hadConnection && !this.#isRetiring) this.#retryLater();
  }

  /** Forgets the connection and what was known through it. */
  #reset(): void {
    this.#state = "idle";
    this.#connection = undefined;
    this.#handshake = undefined;
    this.#early = [];
    this.#earlyBytes = 0;
    this.loadedScripts.clear();
  }

  #backoffMs(): number {
    if (this.#failuresInRow === 0) return 0;
    return Math.min(this.settings.maxRetryDelayMs, BACKOFF_MIN_MS * 2 ** (this.#failuresInRow - 1));
  }

  /** The next try comes by itself, so that a server that is back is found without a client's error. */
  #retryLater(): void {
    setTimeout(() => this.tick(performance.now()), this.#backoffMs() + 1).unref();
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

/** The address of a server as the net stage wants it. */
export function socketAddrOf(addr: string): SocketAddr {
  if (addr.startsWith("/")) return { path: addr };
  const colon = addr.lastIndexOf(":");
  const host = addr.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(addr.slice(colon + 1)) };
}
