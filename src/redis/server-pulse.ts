/**
 * Whether one server lives, and since when it is silent: one connection that is kept, a PING again and again, and now
 * and then INFO of its replication. Any answer is the answer of a living process: an error reply counts as PONG does
 * (-LOADING, -MISCONF, -BUSY, -NOAUTH, a refused login, "max number of clients"). What counts as silence is no
 * connection, no reply, or something that doesn't speak RESP.
 *
 * A PING without an answer ends its connection after a second, and the next one is made at once: a new connection
 * sees a server that is back before an old one does that waits for TCP to repeat itself. At most one connection and
 * two calls at a time, so a server that hangs costs one socket.
 */
import type { AwakeTime } from "../base/awake-time.ts";
import { type Clock, type ClockTimer, systemClock } from "../base/clock.ts";
import { isCodisError, messageOf } from "../base/error.ts";
import { RedisClient } from "./client.ts";
import { parseInfo, type ServerInfo } from "./info.ts";
import { textOf } from "./reply.ts";

/** From one PING to the next. */
export const PULSE_PERIOD_MS = 500;
/** Longest wait for a connection with its login, or for a reply. */
const ANSWER_MS = 1_000;
/** Pause after a try that failed at once. */
const RETRY_MS = 200;
/** INFO of the replication has a line for each replica. */
const REPLY_BYTES_MAX = 256 * 1024;

/** How a server is watched. */
export interface ServerPulseOptions {
  readonly addr: string;
  /** Of the product; empty: none. */
  readonly password: string;
  /** What CLIENT LIST shows. */
  readonly name: string;
  /** From one PING to the next; default `PULSE_PERIOD_MS`. */
  readonly periodMs?: number | undefined;
  /** Every so many PINGs INFO is asked for too; default 1. */
  readonly infoEvery?: number | undefined;
  /** By which silence is measured; the owner closes it. */
  readonly awake: AwakeTime;
  readonly clock?: Clock | undefined;
}

/** See the file head. Begins at once. */
export class ServerPulse {
  readonly addr: string;
  readonly #options: ServerPulseOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #client: RedisClient | undefined;
  #timer: ClockTimer | undefined;
  #beats = 0;
  #answeredAtMs: number;
  #hasAnswered = false;
  #replication: ServerInfo | undefined;
  #problem = "";

  constructor(options: ServerPulseOptions) {
    this.addr = options.addr;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#answeredAtMs = options.awake.nowMs();
    this.#schedule(0);
  }

  /** Since the last answer; since the watch began when there was none. Milliseconds awake. */
  get silentMs(): number {
    return Math.max(0, this.#options.awake.nowMs() - this.#answeredAtMs);
  }

  /** It has answered since the watch began. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** INFO of its replication as it was last; undefined before the first. */
  get replication(): ServerInfo | undefined {
    return this.#replication;
  }

  /** Why it doesn't answer, one line; empty while it does. */
  get problem(): string {
    return this.#problem;
  }

  /** Ends the connection and the watch. */
  close(): void {
    this.#timer?.cancel();
    this.#closing.abort();
    this.#client?.close();
  }

  #schedule(delayMs: number): void {
    if (!this.#closing.signal.aborted) {
      this.#timer = this.#clock.after(delayMs, () => void this.#beat());
    }
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    const { periodMs = PULSE_PERIOD_MS } = this.#options;
    const startedAtMs = this.#clock.monotonicMs();
    const isWell = await this.#ask();
    const leftMs = periodMs - (this.#clock.monotonicMs() - startedAtMs);
    this.#schedule(isWell ? Math.max(0, leftMs) : Math.min(RETRY_MS, Math.max(0, leftMs)));
  }

  /** One connection if there is none, one PING. Whether there was an answer. */
  async #ask(): Promise<boolean> {
    try {
      const client = await this.#connected();
      const calls: Promise<unknown>[] = [this.#ping(client)];
      if (this.#beats % (this.#options.infoEvery ?? 1) === 0) {
        calls.push(this.#readReplication(client));
      }
      this.#beats += 1;
      await Promise.all(calls);
      return true;
    } catch (thrown) {
      if (isAnswer(thrown)) {
        this.#noteAnswer();
        return true;
      }
      this.#problem = messageOf(thrown);
      return false;
    }
  }

  async #ping(client: RedisClient): Promise<void> {
    try {
      await client.call(["PING"]);
    } catch (thrown) {
      if (!isAnswer(thrown)) {
        throw thrown;
      }
    }
    this.#noteAnswer();
  }

  async #readReplication(client: RedisClient): Promise<void> {
    try {
      const text = textOf(await client.call(["INFO", "replication"]));
      if (text !== undefined) {
        this.#replication = parseInfo(text);
      }
    } catch (thrown) {
      if (!isAnswer(thrown)) {
        throw thrown;
      }
    }
    this.#noteAnswer();
  }

  async #connected(): Promise<RedisClient> {
    if (this.#client?.isOpen === true) {
      return this.#client;
    }
    const { addr, password, name } = this.#options;
    this.#client = await RedisClient.connect({
      addr,
      password,
      name,
      connectTimeoutMs: ANSWER_MS,
      callTimeoutMs: ANSWER_MS,
      replyBytesMax: REPLY_BYTES_MAX,
      signal: this.#closing.signal,
    });
    // Naming the connection has been answered.
    this.#noteAnswer();
    return this.#client;
  }

  #noteAnswer(): void {
    this.#answeredAtMs = this.#options.awake.nowMs();
    this.#hasAnswered = true;
    this.#problem = "";
  }
}

/** Whether a failure is an error reply, which only a living process gives. */
function isAnswer(thrown: unknown): boolean {
  return isCodisError(thrown, "SERVER_REFUSED", "SERVER_AUTH_FAILED", "SERVER_LOADING");
}
