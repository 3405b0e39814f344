/**
 * The connection to one proxy: made, watched, and made again when it ends.
 *
 *   connecting --answers PING--> ready --ended, PING late--> waiting --pause--> connecting
 *       |                          |                            ^
 *       +--failed------------------|----------------------------+
 *   retired: the registration is gone. The connection ends when the proxy closes it, or when the grace is
 *   over, and isn't made again. A proxy that registers again in time takes it back.
 */

import { Backoff } from "../base/backoff.ts";
import { LATE, within } from "../base/bounded-wait.ts";
import { messageOf } from "../base/error.ts";
import { parseServerAddr } from "../model/address.ts";
import type { ClientAdapter, ProxyTarget } from "./adapter.ts";
import type { DiscoveryListener } from "./event.ts";

const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 3000;

/** How long things may take, in milliseconds. */
export interface LinkTimes {
  readonly connectTimeoutMs: number;
  /** From retirement to the end of the connection, whatever is still in flight. */
  readonly graceMs: number;
  /** Between two PINGs; 0 is never. */
  readonly pingPeriodMs: number;
  /** A PING that isn't answered for so long ends the connection. */
  readonly pingTimeoutMs: number;
}

/** What a link is made of. */
export interface LinkOptions<C extends object> {
  readonly addr: string;
  readonly adapter: ClientAdapter<C>;
  readonly times: LinkTimes;
  readonly onEvent: DiscoveryListener;
  /** Calls may go through now. */
  readonly onReady: () => void;
  /** It is retired and at its end. */
  readonly onGone: () => void;
}

/** See the file head. */
export class ProxyLink<C extends object> {
  readonly addr: string;
  readonly #options: LinkOptions<C>;
  readonly #backoff = new Backoff({ minMs: RECONNECT_MIN_MS, maxMs: RECONNECT_MAX_MS });
  #client: C | undefined;
  /** Why there is no connection; undefined while there is one. */
  #failure: string | undefined = "not connected yet";
  #isRetired = false;
  #isGone = false;
  #isConnecting = false;
  #inFlight = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions<C>) {
    this.addr = options.addr;
    this.#options = options;
  }

  /** Calls that wait for their end. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** One line; undefined while there is a connection. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The client, if a command given to it now would be sent. */
  ready(): C | undefined {
    const client = this.#client;
    return client !== undefined && this.#options.adapter.isReady(client) ? client : undefined;
  }

  /** Connects, and keeps at it. */
  start(): void {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    this.#connect().then(
      () => {
        this.#isConnecting = false;
      },
      (error: unknown) => {
        this.#isConnecting = false;
        this.#wait(messageOf(error));
      },
    );
  }

  /** Counts a call from its begin to its end. */
  async hold<T>(call: () => Promise<T>): Promise<T> {
    this.#inFlight += 1;
    try {
      return await call();
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** The registration is gone. */
  retire(): void {
    if (this.#isRetired || this.#isGone) return;
    this.#isRetired = true;
    clearTimeout(this.#retryTimer);
    this.#graceTimer = setTimeout(() => this.end(), this.#options.times.graceMs);
    this.#graceTimer.unref();
    this.#endIfRetired();
  }

  /** The registration is there, or there again. False when it is too late. */
  revive(): boolean {
    if (this.#isGone) return false;
    if (this.#isRetired) {
      this.#isRetired = false;
      clearTimeout(this.#graceTimer);
    }
    // It has just registered, so it is there: no need to wait for the next try.
    if (this.#client === undefined) this.start();
    return true;
  }

  /** Ends the connection at once. */
  end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#isRetired = true;
    for (const timer of [this.#retryTimer, this.#graceTimer, this.#pingTimer]) clearTimeout(timer);
    const client = this.#client;
    this.#client = undefined;
    this.#failure = "the connection was given up";
    if (client !== undefined) this.#options.adapter.destroy(client);
    this.#options.onGone();
  }

  async #connect(): Promise<void> {
    const { adapter, times } = this.#options;
    const client = adapter.create(targetOf(this.addr), times.connectTimeoutMs);
    try {
      // A proxy that isn't online takes the connection and refuses every command.
      const connect = () => adapter.connect(client).then(() => adapter.ping(client));
      await inTime(times.connectTimeoutMs, "no connection", connect);
    } catch (error) {
      adapter.destroy(client);
      throw error;
    }
    if (this.#isGone) {
      adapter.destroy(client);
      return;
    }
    this.#client = client;
    adapter.onEnd(client, (reason) => this.#lose(client, reason));
    if (!adapter.isReady(client)) {
      this.#lose(client, "the connection ended at once");
      return;
    }
    this.#failure = undefined;
    this.#backoff.reset();
    this.#schedulePing(client);
    this.#options.onEvent({ kind: "connected", addr: this.addr });
    this.#options.onReady();
  }

  #lose(client: C, reason: string): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    clearTimeout(this.#pingTimer);
    // Not from inside the library's own callback: it first fails the calls in flight with its own reason.
    setImmediate(() => this.#options.adapter.destroy(client));
    this.#options.onEvent({ kind: "lost", addr: this.addr, reason });
    this.#failure = reason;
    this.#endIfRetired();
    this.#schedule();
  }

  /** A try to connect failed. */
  #wait(reason: string): void {
    if (this.#isGone) return;
    if (this.#backoff.failures === 0) {
      this.#options.onEvent({ kind: "unreachable", addr: this.addr, reason });
    }
    this.#failure = reason;
    this.#endIfRetired();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isRetired) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.start(), this.#backoff.nextMs());
    this.#retryTimer.unref();
  }

  #schedulePing(client: C): void {
    const { pingPeriodMs, pingTimeoutMs } = this.#options.times;
    if (pingPeriodMs === 0) return;
    this.#pingTimer = setTimeout(() => {
      inTime(pingTimeoutMs, "no answer to PING", () => this.#options.adapter.ping(client)).then(
        () => {
          if (this.#client === client) this.#schedulePing(client);
        },
        (error: unknown) => this.#lose(client, messageOf(error)),
      );
    }, pingPeriodMs);
    this.#pingTimer.unref();
  }

  #endIfRetired(): void {
    if (this.#isRetired && this.#client === undefined) this.end();
  }
}

function targetOf(addr: string): ProxyTarget {
  return parseServerAddr(addr) ?? { path: addr };
}

async function inTime(ms: number, failure: string, work: () => Promise<unknown>): Promise<void> {
  if ((await within(ms, work())) === LATE) {
    throw new Error(`${failure} within ${ms} ms`);
  }
}
