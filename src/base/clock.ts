/**
 * Time for the control plane: code that waits or measures takes a `Clock`, so that its tests need not
 * wait. The data plane doesn't use it; it reads the monotonic clock once for each chunk.
 */

/** A timer that was set; `cancel` may be called at any time, also twice. */
export interface ClockTimer {
  cancel(): void;
}

/** Wall clock, monotonic clock and timers. */
export interface Clock {
  /** Milliseconds since 1970 in UTC; may jump when the system's clock is set. */
  nowMs(): number;
  /** Milliseconds since some moment; never goes back, whole numbers are not guaranteed. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; doesn't keep the process alive. */
  after(delayMs: number, run: () => void): ClockTimer;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
