/**
 * Rests for a server that somebody measures: after each step a share of the time that the step took, and longer
 * while the server is slow to answer others. What others feel is tried with a PING on a connection of its own.
 */
import type { Clock } from "../../base/clock.ts";
import type { RedisCaller } from "../../redis/client.ts";

/** The server rests so long for each millisecond that a step took. */
const REST_SHARE = 0.3;
/** Between two looks at what others feel. */
const PING_EVERY_MS = 100;
/** A PING that takes longer makes the server rest ... */
const PING_SLOW_MS = 10;
/** ... so many times as long, but no longer than the bound. */
const SLOW_REST_FACTOR = 5;
const SLOW_REST_MS_MAX = 500;

/** See the file head. */
export class Courtesy {
  readonly #pinger: RedisCaller;
  readonly #clock: Clock;
  #pingedMs = Number.NEGATIVE_INFINITY;
  #owedMs = 0;

  constructor(pinger: RedisCaller, clock: Clock) {
    this.#pinger = pinger;
    this.#clock = clock;
  }

  /** To be awaited after each step. Rejects as PING does. */
  async rest(stepMs: number): Promise<void> {
    this.#owedMs += stepMs * REST_SHARE;
    const startMs = this.#clock.monotonicMs();
    if (startMs - this.#pingedMs >= PING_EVERY_MS) {
      await this.#pinger.call(["PING"]);
      this.#pingedMs = this.#clock.monotonicMs();
      const tookMs = this.#pingedMs - startMs;
      if (tookMs > PING_SLOW_MS) {
        this.#owedMs += Math.min(tookMs * SLOW_REST_FACTOR, SLOW_REST_MS_MAX);
      }
    }
    // Timers are no finer than a millisecond: small debts are paid together.
    if (this.#owedMs >= 1) {
      const ms = this.#owedMs;
      this.#owedMs = 0;
      await new Promise<void>((resolve) => this.#clock.after(ms, resolve));
    }
  }
}
