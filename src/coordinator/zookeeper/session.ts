/**
 * One ZooKeeper session over changing connections: sends requests in order, matches answers, gives signs of
 * life, and goes on to the next server when one is silent or gone. Every request has a deadline.
 *
 * A request that changes nothing is sent again on the next connection; one that does is rejected when its
 * connection breaks, since it may have been done. A renewed session starts anew when it has expired; one
 * that isn't renewed has ended then. Watches belong to a connection: their owner sets them again in
 * `onConnected`.
 */
import { CodisError } from "../../base/error.ts";
import type { ZookeeperServer } from "./connect-string.ts";
import { ANSWER, AnswerError, closedError, toCodisError } from "./failure.ts";
import { Link, type LinkEnd, type Welcome } from "./link.ts";
import {
  type Answer,
  closeRequest,
  decodeEvent,
  decodeHead,
  encodePing,
  type NodeEvent,
  type Request,
  XID,
} from "./protocol.ts";

/** Requests on the wire at once; the others wait. */
const IN_FLIGHT_MAX = 128;
/** Requests that wait for their turn or for a connection; more are refused. */
const WAITING_MAX = 20_000;
/** How exact deadlines are. */
const SWEEP_MS = 50;
/** Signs of life come so many times within a timeout, and a server that is silent for a third of it is left. */
const PINGS_PER_TIMEOUT = 6;
const PING_MS_MAX = 2_000;
const TICK_MS_MIN = 10;
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

/** A request with its caller. */
interface Call {
  readonly request: Request<unknown>;
  readonly deadlineMs: number;
  readonly settle: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  sentMs: number;
  xid: number;
  /** The caller was told already; the answer is still to come. */
  isAbandoned: boolean;
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
  #lastXid = 0;
  #waiting: Call[] = [];
  #inFlight: Call[] = [];
  #failures = 0;
  #problem = "";
  #serverIndex = 0;
  #pingSentMs: number | undefined;
  #tickedMs = 0;
  #tickTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: SessionOptions, owner: SessionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.label = options.label;
    this.#timeoutMs = options.timeoutMs;
    this.#servers = shuffle(options.servers);
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
    this.#rejectAll(() => closedError(this.label));
    if (this.#sessionId !== 0n) {
      await this.#enqueue(closeRequest(), performance.now() + CLOSE_MS).catch(() => undefined);
    }
    this.#finish({ kind: "lost", reason: "closed" });
  }

  #enqueue<T>(request: Request<T>, deadlineMs: number): Promise<T> {
    if (this.#waiting.length >= WAITING_MAX) {
      const text = `more than ${WAITING_MAX} requests wait for ${this.label}`;
      return Promise.reject(new CodisError("COORDINATOR_UNREACHABLE", text));
    }
    return new Promise<T>((resolve, reject) => {
      const settle = (answer: Answer): void => {
        try {
          resolve(request.decode(answer));
        } catch (thrown) {
          if (!(thrown instanceof AnswerError)) {
            const text = `${this.label} gave an answer about ${request.path} that can't be read`;
            reject(new CodisError("COORDINATOR_UNREACHABLE", text, { cause: thrown }));
            throw thrown;
          }
          reject(toCodisError(this.label, request.path, thrown.answer));
        }
      };
      this.#waiting.push({
        request,
        deadlineMs,
        settle,
        reject,
        sentMs: 0,
        xid: 0,
        isAbandoned: false,
      });
      this.#pump();
      this.#sweepTimer ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    });
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
    this.#takeBack();
    if (end.kind === "refused") {
      const text = `${this.label} refuses the login: check the user and the password`;
      this.#rejectAll(() => new CodisError("COORDINATOR_REFUSED", text));
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

  /** What was on the wire is sent again if it changes nothing, else rejected. */
  #takeBack(): void {
    const calls = this.#inFlight.filter((call) => !call.isAbandoned);
    this.#inFlight = [];
    this.#waiting.unshift(...calls.filter((call) => call.request.isRead));
    for (const call of calls.filter((one) => !one.request.isRead)) {
      call.reject(this.#lostInFlight(call.request.path));
    }
  }

  #lostInFlight(path: string): CodisError {
    const text = `the connection broke while ${path} was written; it may or may not have been`;
    return new CodisError(
      "COORDINATOR_UNREACHABLE",
      `${this.label}: ${text} done${this.#problem === "" ? "" : ` (${this.#problem})`}`,
    );
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
    if (!this.#isReady || this.#link === undefined) {
      return;
    }
    const now = performance.now();
    while (this.#inFlight.length < IN_FLIGHT_MAX) {
      const call = this.#waiting.shift();
      if (call === undefined) {
        return;
      }
      if (call.deadlineMs <= now) {
        call.reject(this.#late(call.request.path));
        continue;
      }
      this.#lastXid = this.#lastXid >= 0x7fff_fff0 ? 1 : this.#lastXid + 1;
      call.xid = this.#lastXid;
      call.sentMs = now;
      this.#inFlight.push(call);
      this.#link.send(call.request.encode(call.xid));
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
    const call = this.#inFlight[0];
    if (call?.xid !== xid) {
      throw new Error("the answers are out of order");
    }
    this.#inFlight.shift();
    if (!call.isAbandoned) {
      call.settle(answer);
    }
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
    return Math.min(this.#inFlight[0]?.sentMs ?? now, this.#pingSentMs ?? now);
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
    const wasFrozen = now - this.#tickedMs > 2 * this.#tickMs() + SWEEP_MS;
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

  /** Rejects what is past its deadline. */
  #sweep(): void {
    this.#sweepTimer = undefined;
    const now = performance.now();
    const isLate = (call: Call): boolean => call.deadlineMs <= now;
    if (this.#waiting.some(isLate)) {
      const late = this.#waiting.filter(isLate);
      this.#waiting = this.#waiting.filter((call) => !isLate(call));
      for (const call of late) {
        call.reject(this.#late(call.request.path));
      }
    }
    for (const call of this.#inFlight) {
      if (!call.isAbandoned && isLate(call)) {
        call.isAbandoned = true;
        const isWrite = !call.request.isRead;
        call.reject(this.#late(call.request.path, isWrite));
      }
    }
    const isBusy = this.#waiting.length > 0 || this.#inFlight.some((call) => !call.isAbandoned);
    if (isBusy && this.#state !== "ended") {
      this.#sweepTimer ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    }
  }

  #late(path: string, mayBeDone = false): CodisError {
    const reason = this.#problem === "" ? "" : ` (${this.#problem})`;
    const outcome = mayBeDone ? "; what was asked may or may not have been done" : "";
    return new CodisError(
      "COORDINATOR_UNREACHABLE",
      `${this.label} gave no answer about ${path} in time${reason}${outcome}`,
    );
  }

  #rejectAll(toError: () => CodisError): void {
    const calls = [...this.#inFlight.filter((call) => !call.isAbandoned), ...this.#waiting];
    this.#waiting = [];
    for (const call of calls) {
      call.isAbandoned = true;
      call.reject(toError());
    }
  }

  #finish(end: LinkEnd): void {
    this.#state = "ended";
    this.#rejectAll(() => closedError(this.label));
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#sweepTimer);
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
