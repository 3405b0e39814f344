/**
 * Keeps one subscription to `+switch-master` of one sentinel, for as long as it isn't closed:
 *
 *     connect, SUBSCRIBE -> PING every few seconds, each with a deadline -> lost -> a rest that grows -> connect
 *
 * A connection whose other end is gone says nothing, as a quiet one does; the PING tells them apart. What is
 * published while there is no connection is lost, so whoever listens is told of each new one and has to ask.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "../base/backoff.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { SentinelClient } from "./sentinel-client.ts";

/** The channel of masters that have changed. */
const SWITCH_CHANNEL = "+switch-master";

/** A master was switched, as a sentinel says it. */
export interface SwitchEvent {
  readonly sentinel: string;
  /** Of the master, any product's. */
  readonly name: string;
}

/** How long things take, milliseconds. */
export interface SubscriptionTiming {
  readonly timeoutMs: number;
  readonly pingPeriodMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
}

/** What a subscription needs. */
export interface SubscriptionOptions {
  readonly addr: string;
  readonly password: string;
  readonly timing: SubscriptionTiming;
  readonly log: Log;
  /** There is a new connection. */
  readonly onOpen: () => void;
  readonly onSwitch: (event: SwitchEvent) => void;
}

/** See the file head. Begins at once. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #isOpen = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Whether the sentinel is being listened to now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { timing, log, addr } = this.#options;
    const { reconnectMinMs: minMs, reconnectMaxMs: maxMs } = timing;
    const backoff = new Backoff({ minMs, maxMs });
    while (!this.#closing.signal.aborted) {
      try {
        await this.#listen(() => backoff.reset());
      } catch (thrown) {
        if (!this.#closing.signal.aborted && backoff.failures === 0) {
          log.warn("sentinel.lost", `the subscription to sentinel ${addr} is lost, tried again`, {
            sentinel: addr,
            error: messageOf(thrown),
          });
        }
      }
      this.#isOpen = false;
      await this.#rest(backoff.nextMs());
    }
  }

  /** Listens until the connection is lost, which rejects, or closed. */
  async #listen(onOpen: () => void): Promise<void> {
    const { addr, password, timing, log } = this.#options;
    const sentinel = await SentinelClient.connect({
      addr,
      password,
      timeoutMs: timing.timeoutMs,
      signal: this.#closing.signal,
      onMessage: (channel, text) => this.#onMessage(channel, text),
    });
    try {
      await sentinel.subscribe(SWITCH_CHANNEL);
      log.debug("sentinel.subscribed", `listens to sentinel ${addr}`);
      this.#isOpen = true;
      onOpen();
      this.#options.onOpen();
      while (!this.#closing.signal.aborted) {
        await this.#rest(timing.pingPeriodMs);
        await sentinel.ping();
      }
    } finally {
      sentinel.close();
    }
  }

  #onMessage(channel: string, text: string): void {
    // NAME OLD-IP OLD-PORT NEW-IP NEW-PORT; only the name is used, as a majority is asked for the rest.
    const [name = ""] = text.split(" ");
    if (channel === SWITCH_CHANNEL && name !== "") {
      this.#options.onSwitch({ sentinel: this.#options.addr, name });
    }
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
