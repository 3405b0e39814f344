/**
 * One ZooKeeper session over changing connections: greets, gives signs of life, and goes on to the next server
 * when one is silent or gone. Its requests are in `call-queue.ts`; each has a deadline.
 *
 * A renewed session starts anew when it has expired; one
 * that isn't renewed has ended then. Watches belong to a connection: their owner sets them again in
 * `onConnected`.
 */
import { CodisError } from "../../base/error.ts";
import { CallQueue } from "./call-queue.ts";
import type { ZookeeperServer } from "./connect-string.ts";
import { ANSWER, closedError } from "./failure.ts";
import { Link, type LinkEnd, type Welcome } from "./link.ts";
import {
  closeRequest,
  decodeEvent,
  decodeHead,
  encodePing,
  type NodeEvent,
  type Request,
  XID,
} from "./protocol.ts";

/** Signs of life come so many times within a timeout, and a server that is silent for a third of it is left. */
const PINGS_PER_TIMEOUT = 6;
const PING_MS_MAX = 2_000;
const TICK_MS_MIN = 10;
/** A tick that comes so much later than it could: this process itself was frozen, or very busy. */
const FROZEN_MS = 50;
const SILENCE_MS_MAX = 5_000;
/** Pauses after all servers were tried in vain. */
const BACKOFF_FIRST_MS = 50;
const BACKOFF_MS_MAX = 1_000;
/** A connection that held so long wasn't a failure. */
const STABLE_MS = 1_000;
/** For greeting and login on one server. */
const GREETING_MS_MIN = 300;
const GREETING_MS_MAX = 4_000;
/** A session that can't be taken up again for so long, and two timeouts, is given up. */
const HOPELESS_MS_MIN = 15_000;
/** How long `close` tries to end the session properly; else it runs out by itself. */
const CLOSE_MS = 2_000;

/** What a session is made of. */
export interface SessionOptions {
  readonly servers: readonly ZookeeperServer[];
  /** For messages. */
  readonly label: string;
  /** Asked for; the server gives between 2 and 20 of its ticks unless it is configured otherwise. */
  readonly timeoutMs: number;
  /** `user:password`, or empty. */
  readonly auth: string;
  /** Whether it starts anew when it has expired. */
  readonly isRenewed: boolean;
}

/** Who is told about a session. Nothing is called after `close`. */
export interface SessionOwner {
  /** Also after a reconnect; `isNew`: with another session than before. */
  onConnected(isNew: boolean): void;
  onDisconnected(reason: string): void;
  onEvent(event: NodeEvent): void;
  /** Only for a session that isn't renewed; it has ended. */
  onExpired(): void;
}

/** Connects when `start` is called or with the first request. */
export class Session {
  readonly label: string;
  readonly #options: SessionOptions;
  readonly #servers: readonly ZookeeperServer[];
  readonly #owner: SessionOwner;
  #state: "new" | "running" | "closing" | "ended" = "new";
  #link: Link | undefined;
  #isReady = false;
  /** When the connection was made, or lost. */
  #readyMs = 0;
  #lostMs = 0;
  #sessionId = 0n;
  #password: Buffer = Buffer.alloc(0);
  #lastZxid = 0n;
  #timeoutMs: number;
  readonly #calls: CallQueue;
  #failures = 0;
  #problem = "";
  #serverIndex = 0;
  #pingSentMs: number | undefined;
  #tickedMs = 0;
  #tickTimer: NodeJS.Timeout | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SessionOptions, owner: SessionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.label = options.label;
    this.#timeoutMs = options.timeoutMs;
    this.#servers = shuffle(options.servers);
    this.#calls = new CallQueue(options.label, () => this.#problem);
  }

  /** 0n before the first connection. */
  get id(): bigint {
    return this.#sessionId;
  }

  /** Timeout that the server gave; before the first connection the one asked for. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get isConnected(): boolean {
    return this.#isReady;
  }

  start(): void {
    if (this.#state === "new") {
      this.#state = "running";
      this.#connect();
    }
  }

  /**
   * Sends a request, as soon as there is a connection. `deadlineMs` is on the monotonic clock. Throws
   * COORDINATOR_UNREACHABLE, COORDINATOR_REFUSED when the login is, and what an error answer means.
   */
  call<T>(request: Request<T>, deadlineMs: number): Promise<T> {
    if (this.#state === "closing" || this.#state === "ended") {
      return Promise.reject(closedError(this.label));
    }
    this.start();
    return this.#enqueue(request, deadlineMs);
  }

  /** Ends the session, so that its ephemeral nodes vanish; takes two seconds at most. Never throws. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#state === "ended") {
      return;
    }
    this.#state = "closing";
    this.#calls.rejectAll(() => closedError(this.label));
    if (this.#sessionId !== 0n) {
      await this.#enqueue(closeRequest(), performance.now() + CLOSE_MS).catch(() => undefined);
    }
    this.#finish({ kind: "lost", reason: "closed" });
  }

  #enqueue<T>(request: Request<T>, deadlineMs: number): Promise<T> {
    const answer = this.#calls.add(request, deadlineMs);
    this.#pump();
    return answer;
  }

  #connect(): void {
    const server = this.#servers[this.#serverIndex % this.#servers.length];
    if (server === undefined || this.#state === "ended") {
      return;
    }
    this.#serverIndex += 1;
    this.#forgetHopeless();
    const greeting = {
      lastZxid: this.#lastZxid,
      timeoutMs: this.#options.timeoutMs,
      sessionId: this.#sessionId,
      password: this.#password,
      auth: this.#options.auth,
    };
    // All servers are tried before the session expires; a new one has time.
    const share =
      this.#sessionId === 0n ? GREETING_MS_MAX : this.#timeoutMs / (this.#servers.length + 2);
    const greetingMs = Math.round(Math.min(GREETING_MS_MAX, Math.max(GREETING_MS_MIN, share)));
    const link = new Link(server, greeting, greetingMs, {
      onReady: (welcome) => this.#ready(welcome),
      onFrame: (frame) => this.#take(frame),
      onEnd: (end) => this.#lost(end),
    });
    this.#link = link;
  }

  #ready(welcome: Welcome): void {
    const isNew = welcome.sessionId !== this.#sessionId;
    this.#sessionId = welcome.sessionId;
    this.#password = welcome.password;
    this.#timeoutMs = welcome.timeoutMs;
    this.#isReady = true;
    this.#readyMs = performance.now();
    this.#problem = "";
    this.#startTicking();
    if (this.#state === "running") {
      this.#owner.onConnected(isNew);
    }
    this.#pump();
  }

  /** The connection has ended. */
  #lost(end: LinkEnd): void {
    const now = performance.now();
    const wasReady = this.#isReady;
    this.#link = undefined;
    this.#isReady = false;
    this.#pingSentMs = undefined;
    clearTimeout(this.#tickTimer);
    if (this.#state === "ended") {
      return;
    }
    this.#problem = end.reason;
    this.#lostMs = wasReady ? now : this.#lostMs;
    this.#failures = wasReady && now - this.#readyMs >= STABLE_MS ? 0 : this.#failures + 1;
    this.#calls.takeBack();
    if (end.kind === "refused") {
      const text = `${this.label} refuses the login: check the user and the password`;
      this.#calls.rejectAll(() => new CodisError("COORDINATOR_REFUSED", text));
    }
    if (end.kind === "expired") {
      this.#forget();
      if (this.#state === "closing" || !this.#options.isRenewed) {
        this.#expire();
        return;
      }
    }
    const delayMs = end.kind === "expired" ? 0 : this.#backoffMs();
    this.#connectTimer = setTimeout(() => this.#connect(), delayMs);
    if (this.#state === "running") {
      this.#owner.onDisconnected(end.reason);
    }
  }

  #forget(): void {
    this.#sessionId = 0n;
    this.#password = Buffer.alloc(0);
    this.#lastZxid = 0n;
  }

  /**
   * Servers that have lost their disks refuse whoever has seen more than they have, for ever. A session that
   * was away for so long has expired in any case.
   */
  #forgetHopeless(): void {
    const goneMs = performance.now() - this.#lostMs;
    const isHopeless = goneMs > Math.max(HOPELESS_MS_MIN, 2 * this.#timeoutMs);
    if (isHopeless && this.#sessionId !== 0n && this.#options.isRenewed) {
      this.#forget();
    }
  }

  #expire(): void {
    const wasRunning = this.#state === "running";
    this.#finish({ kind: "expired", reason: "the session has expired" });
    if (wasRunning) {
      this.#owner.onExpired();
    }
  }

  #backoffMs(): number {
    const rounds = Math.floor(this.#failures / this.#servers.length);
    if (rounds === 0) {
      return 0;
    }
    const bound = Math.min(BACKOFF_MS_MAX, Math.max(BACKOFF_FIRST_MS, this.#timeoutMs / 8));
    const delayMs = Math.min(bound, BACKOFF_FIRST_MS * 2 ** Math.min(rounds - 1, 10));
    return delayMs * (0.5 + Math.random() / 2);
  }

  #pump(): void {
    while (this.#isReady && this.#link !== undefined) {
      const frame = this.#calls.next();
      if (frame === undefined) {
        return;
      }
      this.#link.send(frame);
    }
  }

  #take(frame: Buffer): void {
    const { xid, ...answer } = decodeHead(frame);
    if (answer.zxid > this.#lastZxid) {
      this.#lastZxid = answer.zxid;
    }
    if (xid === XID.ping) {
      this.#pingSentMs = undefined;
      return;
    }
    if (xid === XID.event) {
      const event = decodeEvent(answer.body);
      if (event !== undefined && this.#state === "running") {
        this.#owner.onEvent(event);
      }
      return;
    }
    if (answer.code === ANSWER.sessionExpired || answer.code === ANSWER.sessionMoved) {
      // Nothing was done. The next greeting tells whether the session lives.
      throw new Error("the session isn't with this server any more");
    }
    this.#calls.answer(xid, answer);
    this.#pump();
  }

  #startTicking(): void {
    const now = performance.now();
    this.#tickedMs = now;
    const untilSilentMs = this.#oldestMs(now) + this.#silenceMs() - now;
    const delayMs = Math.max(TICK_MS_MIN, Math.min(this.#tickMs(), untilSilentMs));
    this.#tickTimer = setTimeout(() => this.#tick(), delayMs);
  }

  /** When what waits longest for its answer was sent. */
  #oldestMs(now: number): number {
    return Math.min(this.#calls.oldestSentMs() ?? now, this.#pingSentMs ?? now);
  }

  #silenceMs(): number {
    return Math.min(SILENCE_MS_MAX, this.#timeoutMs / 3);
  }

  #tickMs(): number {
    return Math.min(PING_MS_MAX, this.#timeoutMs / PINGS_PER_TIMEOUT);
  }

  /** Gives a sign of life, and leaves a server that gives none. */
  #tick(): void {
    const now = performance.now();
    const oldestMs = this.#oldestMs(now);
    // When this process itself was frozen, the answer may be in the socket already.
    const wasFrozen = now - this.#tickedMs > 2 * this.#tickMs() + FROZEN_MS;
    if (!wasFrozen && now - oldestMs >= this.#silenceMs()) {
      const reason = `no answer for ${Math.round(now - oldestMs)} ms`;
      this.#link?.end({ kind: "lost", reason });
      return;
    }
    if (this.#pingSentMs === undefined) {
      this.#pingSentMs = now;
      this.#link?.send(encodePing());
    }
    this.#startTicking();
  }

  #finish(end: LinkEnd): void {
    this.#state = "ended";
    this.#calls.rejectAll(() => closedError(this.label));
    clearTimeout(this.#connectTimer);
    this.#calls.close();
    clearTimeout(this.#tickTimer);
    this.#isReady = false;
    this.#link?.end(end);
  }
}

function shuffle<T>(items: readonly T[]): readonly T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const item = shuffled[last] as T;
    shuffled[last] = shuffled[other] as T;
    shuffled[other] = item;
  }
  return shuffled;
}
