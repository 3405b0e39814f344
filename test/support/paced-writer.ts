/**
 * Clients that write without a pause, at a given rate, and keep account of every acknowledged write: counters that grow
 * by one with each SET of a key of their own. At the end they tell which acknowledged write is missing, and how long
 * the longest wait for an answer was.
 *
 * A connection has one command under way; a lost one is made again at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RespConnection } from "./resp-connection.ts";

/** What to write. */
export interface PacedWriterOptions {
  readonly port: number;
  readonly connections: number;
  /** Of all connections together. */
  readonly writesPerSecond: number;
  /** Key number `index` of connection `connection`; the same for the same numbers. */
  readonly keyOf: (connection: number, index: number) => string;
  /** Keys that each connection writes in turn; default 10. */
  readonly keysPerConnection?: number;
  /** A write counts as acknowledged when so many replicas have it (WAIT); default 0, when its master has it. */
  readonly replicas?: number;
}

/** What a writer has seen. */
export interface WriterFigures {
  readonly acknowledged: number;
  /** Error replies and lost connections, by text. */
  readonly errors: ReadonlyMap<string, number>;
  /** Of the acknowledged ones. */
  readonly longestWaitMs: number;
}

const DONE = "+OK\r\n";
const WAIT_MS = 500;
const RECONNECT_MS = 10;
const TICK_MS = 2;

/** See the file head. */
export class PacedWriter {
  readonly #options: PacedWriterOptions;
  readonly #acknowledged = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  /** Times of acknowledgements, newest last; only since the last `reset`. */
  #lastAckAtMs = 0;
  #longestWaitMs = 0;
  #longestSilenceMs = 0;
  #count = 0;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();
  readonly #keyCount: number;

  constructor(options: PacedWriterOptions) {
    this.#options = options;
    this.#keyCount = options.keysPerConnection ?? 10;
  }

  start(): void {
    const { connections } = this.#options;
    this.#lastAckAtMs = performance.now();
    const all = Array.from({ length: connections }, (_, index) => this.#run(index));
    this.#running = Promise.all(all);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** When the last write was acknowledged. */
  get lastAckAtMs(): number {
    return this.#lastAckAtMs;
  }

  /** Longest time in which nothing was acknowledged, since the last `reset`. */
  get longestSilenceMs(): number {
    return Math.max(this.#longestSilenceMs, performance.now() - this.#lastAckAtMs);
  }

  figures(): WriterFigures {
    return {
      acknowledged: this.#count,
      errors: new Map(this.#errors),
      longestWaitMs: this.#longestWaitMs,
    };
  }

  /** Waits and errors count from now on. */
  reset(): void {
    this.#longestWaitMs = 0;
    this.#longestSilenceMs = 0;
    this.#errors.clear();
    this.#count = 0;
  }

  /** Acknowledged writes that aren't there any more, one line each. Only after `stop`. */
  async missing(port = this.#options.port): Promise<readonly string[]> {
    const connection = await RespConnection.open(port);
    const missing: string[] = [];
    try {
      for (const [key, value] of this.#acknowledged) {
        const reply = (await connection.call("GET", key)).toString();
        const found = Number(reply.split("\r\n")[1] ?? Number.NaN);
        if (!(found >= value)) {
          missing.push(`${key}: ${value} was acknowledged, ${JSON.stringify(reply)} is there`);
        }
      }
    } finally {
      connection.destroy();
    }
    return missing;
  }

  async #run(index: number): Promise<void> {
    const { connections, writesPerSecond, keyOf } = this.#options;
    const periodMs = (connections * 1_000) / writesPerSecond;
    let connection: RespConnection | undefined;
    let dueAtMs = performance.now();
    for (let number = 0; !this.#isStopped; number += 1) {
      const earlyMs = dueAtMs - performance.now();
      if (earlyMs > TICK_MS) {
        await sleep(earlyMs);
      }
      // What a pause has held up isn't made good for: the rate is a limit.
      dueAtMs = Math.max(dueAtMs, performance.now() - periodMs * 10) + periodMs;
      const key = keyOf(index, number % this.#keyCount);
      const value = Math.floor(number / this.#keyCount) + 1;
      try {
        connection ??= await RespConnection.open(this.#options.port);
        const sentAtMs = performance.now();
        const reply = await this.#write(connection, key, `${value}`);
        if (reply === DONE) {
          this.#acknowledge(key, value, sentAtMs);
        } else {
          this.#fail(reply.trim());
        }
      } catch (thrown) {
        this.#fail(thrown instanceof Error ? thrown.message : "a failure");
        connection?.destroy();
        connection = undefined;
        await sleep(RECONNECT_MS);
      }
    }
    connection?.destroy();
  }

  /** DONE, or why the write doesn't count. */
  async #write(connection: RespConnection, key: string, value: string): Promise<string> {
    const { replicas = 0 } = this.#options;
    const reply = (await connection.call("SET", key, value)).toString();
    if (replicas === 0 || reply !== DONE) {
      return reply;
    }
    const count = (await connection.call("WAIT", `${replicas}`, `${WAIT_MS}`)).toString();
    return Number(count.slice(1)) >= replicas ? DONE : `WAIT ${count}`;
  }

  #acknowledge(key: string, value: number, sentAtMs: number): void {
    const nowMs = performance.now();
    this.#acknowledged.set(key, value);
    this.#count += 1;
    this.#longestWaitMs = Math.max(this.#longestWaitMs, nowMs - sentAtMs);
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastAckAtMs);
    this.#lastAckAtMs = nowMs;
  }

  #fail(text: string): void {
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
  }
}
