/**
 * Time during which this process could look and listen. A process that was stopped, swapped out or starved sees
 * everybody silent at first when it goes on: that silence is its own. So long gaps between two ticks count as a short
 * one, and whoever measures silence by this clock isn't fooled by them.
 *
 * Counts too little for a process that is only slow, never too much.
 */
import type { Clock, ClockTimer } from "./clock.ts";

/** How an awake time counts, milliseconds. */
export interface AwakeBounds {
  readonly tickMs: number;
  /** What a longer gap between two ticks counts as. */
  readonly gapMs: number;
}

const BOUNDS: AwakeBounds = { tickMs: 100, gapMs: 400 };

/** See the file head. Ticks from its making until `close`. */
export class AwakeTime {
  readonly #clock: Clock;
  readonly #bounds: AwakeBounds;
  #countedMs = 0;
  #tickAtMs: number;
  #timer: ClockTimer | undefined;

  constructor(clock: Clock, bounds: AwakeBounds = BOUNDS) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#tickAtMs = clock.monotonicMs();
    this.#arm();
  }

  /** Milliseconds awake since the start. */
  nowMs(): number {
    const sinceMs = this.#clock.monotonicMs() - this.#tickAtMs;
    return this.#countedMs + Math.min(sinceMs, this.#bounds.gapMs);
  }

  /** Ends the ticks: from now on the time stands still soon. */
  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#bounds.tickMs, () => {
      this.#countedMs = this.nowMs();
      this.#tickAtMs = this.#clock.monotonicMs();
      this.#arm();
    });
  }
}
