/**
 * Keeps one connection to one server for calls that come again and again (polling): connects when a call needs
 * it, connects anew after it broke, and after a failed try rests before the next one. While it rests, calls
 * fail at once with what the last try failed with, so a server that hangs costs one socket now and then.
 */
import { Backoff, type BackoffBounds } from "../base/backoff.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { RespValue } from "../resp/value.ts";
import {
  type CallOptions,
  type RedisCaller,
  RedisClient,
  type RedisClientOptions,
} from "./client.ts";
import { connectionLost } from "./server-error.ts";

/** Pauses between tries to connect. */
const RECONNECT: BackoffBounds = { minMs: 500, maxMs: 5_000 };

/** How to connect, and when again. */
export interface ServerConnectionOptions extends RedisClientOptions {
  readonly backoff?: BackoffBounds | undefined;
  readonly clock?: Clock | undefined;
}

/** See the file head. Makes no connection before the first call. */
export class ServerConnection implements RedisCaller {
  readonly addr: string;
  readonly #options: ServerConnectionOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #client: RedisClient | undefined;
  #connecting: Promise<RedisClient> | undefined;
  #lastFailure: unknown;
  /** On the monotonic clock; no try before it. */
  #restsUntilMs = 0;

  constructor(options: ServerConnectionOptions) {
    this.addr = options.addr;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.backoff ?? RECONNECT);
  }

  /** A call now would fail with the last failure, without a try. */
  get isResting(): boolean {
    return this.#lastFailure !== undefined && this.#clock.monotonicMs() < this.#restsUntilMs;
  }

  /** See `RedisCaller.call`; connecting counts against `connectTimeoutMs`, not the call's time. */
  async call(
    args: readonly (string | Uint8Array)[],
    options: CallOptions = {},
  ): Promise<RespValue> {
    const client = this.#client?.isOpen === true ? this.#client : await this.#connect();
    return client.call(args, options);
  }

  /** Ends the connection, also one that is being made; later calls fail. */
  close(): void {
    this.#closing.abort();
    this.#client?.close();
  }

  #connect(): Promise<RedisClient> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(connectionLost(this.addr, "the connection was closed from this side"));
    }
    if (this.#connecting === undefined) {
      if (this.isResting) {
        return Promise.reject(this.#lastFailure);
      }
      this.#connecting = this.#tryOnce().finally(() => {
        this.#connecting = undefined;
      });
    }
    return this.#connecting;
  }

  async #tryOnce(): Promise<RedisClient> {
    try {
      const client = await RedisClient.connect({
        ...this.#options,
        signal: this.#closing.signal,
      });
      this.#client = client;
      this.#lastFailure = undefined;
      this.#backoff.reset();
      return client;
    } catch (thrown) {
      this.#lastFailure = thrown;
      this.#restsUntilMs = this.#clock.monotonicMs() + this.#backoff.nextMs();
      throw thrown;
    }
  }
}
