/**
 * The machine's clock, but timers and the monotonic clock run some times faster: periods, graces and pauses of the
 * control plane take a part of their time in a test with real servers, in the same order and the same proportion.
 * What sockets wait for isn't measured by it, and the wall clock stays what it is.
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";

/** `times`: 1 or more. */
export function swiftClock(times: number): Clock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs() * times,
    after: (delayMs, run) => systemClock.after(delayMs / times, run),
  };
}
