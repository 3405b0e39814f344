/**
 * A clock that stands still until a test moves it. Both its clocks start where the test says; timers
 * run inside `advance`, in the order of their times, each at exactly its time.
 */
import type { Clock, ClockTimer } from "../../src/base/clock.ts";

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

/** `Clock` for tests. */
export class FakeClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(wallMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): ClockTimer {
    const waiting = { atMs: this.#elapsedMs + delayMs, run };
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }

  /** Lets time pass and runs the timers that fall due, also those that they set. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#waiting.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.run();
    }
    this.#elapsedMs = endMs;
  }

  /** Sets the wall clock, as an administrator would; the monotonic clock doesn't notice. */
  setWallClock(wallMs: number): void {
    this.#wallMs = wallMs - this.#elapsedMs;
  }

  /** Timers that are set. */
  get timerCount(): number {
    return this.#waiting.size;
  }

  #next(endMs: number): Waiting | undefined {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.atMs <= endMs && (next === undefined || waiting.atMs < next.atMs)) {
        next = waiting;
      }
    }
    return next;
  }
}
