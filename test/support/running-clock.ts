/**
 * A clock for bounds on how long others may take, on a machine that may stand still for seconds: the time in which
 * this process stood still doesn't count, for the others stood still as well. What a server, a proxy or a lock takes
 * does count, because the test waits meanwhile, and its ticks come in time.
 */
import { AwakeTime } from "../../src/base/awake-time.ts";
import { systemClock } from "../../src/base/clock.ts";

/** A gap between two ticks that is longer is a pause of the machine, milliseconds. */
const BOUNDS = { tickMs: 10, gapMs: 50 };

/** See the file head. It keeps no process alive, so nobody has to end it. */
export class RunningClock {
  readonly #awake = new AwakeTime(systemClock, BOUNDS);

  /** Milliseconds in which the machine ran, since the beginning. */
  nowMs(): number {
    return this.#awake.nowMs();
  }

  /** Does the work; gives its result, and the milliseconds that it took on this clock. */
  async time<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> {
    const startMs = this.nowMs();
    const value = await work();
    return { value, tookMs: this.nowMs() - startMs };
  }
}
