/**
 * Pushes something again and again: once a period, and after a failure later and later. One push at a time;
 * a push that fails is lost, nothing is kept for later. The log gets a line when pushes begin to fail and
 * when they work again, and none in between.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock, ClockTimer } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";

/** Pauses after failures, as the original: the first is at least a second. */
const RETRY_MIN_MS = 2000;
const RETRY_MAX_MS = 15_000;

/** What is pushed, where to and how often. */
export interface ReporterOptions {
  /** The receiver's kind, for the log: `InfluxDB`. */
  readonly name: string;
  /** From the beginning of a push to that of the next. */
  readonly periodMs: number;
  /** One push; must settle within a bound of its own. */
  readonly send: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A running reporter. */
export interface Reporter {
  /** No push begins after this; one that is under way may still end. */
  stop(): void;
}

/** Starts pushing: for the first time after one period. */
export function startReporter(options: ReporterOptions): Reporter {
  const reporter = new PeriodicReporter(options);
  reporter.schedule(options.periodMs);
  return reporter;
}

class PeriodicReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  #timer: ClockTimer | undefined;
  #isStopped = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  schedule(delayMs: number): void {
    if (!this.#isStopped) {
      this.#timer = this.#options.clock.after(delayMs, () => {
        this.#push().then((pauseMs) => this.schedule(pauseMs));
      });
    }
  }

  /** One push, which never rejects; gives the pause until the next. */
  async #push(): Promise<number> {
    const { name, periodMs, send, clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      await send();
    } catch (error) {
      if (this.#backoff.failures === 0 && !this.#isStopped) {
        const message = `can't push metrics to ${name}: ${messageOf(error)}`;
        log.warn("metrics.push_failed", message, { receiver: name });
      }
      return Math.max(periodMs, this.#backoff.nextMs());
    }
    if (this.#backoff.failures > 0) {
      const message = `metrics are pushed to ${name} again`;
      log.info("metrics.push_works", message, { receiver: name, failed: this.#backoff.failures });
      this.#backoff.reset();
    }
    return Math.max(0, periodMs - (clock.monotonicMs() - startedMs));
  }
}
