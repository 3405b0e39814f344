/**
 * Waits that end: for a piece of work, but no longer than some milliseconds. What is late goes on by itself,
 * and nobody hears of its end. The data plane has bounds of its own.
 */
import type { Clock } from "./clock.ts";

/** What a wait gives when the time is over first. */
export const LATE = Symbol("late");

/**
 * Settles as the work does, or resolves with `LATE` after `ms`. Without a clock the wait keeps the process alive;
 * with the machine's it doesn't.
 */
export async function within<T>(
  ms: number,
  work: Promise<T>,
  clock: Pick<Clock, "after"> = keepingAlive,
): Promise<T | typeof LATE> {
  let tellLate: (late: typeof LATE) => void = () => undefined;
  // Not `withResolvers`: Node has it from 22 on.
  const late = new Promise<typeof LATE>((resolve) => {
    tellLate = resolve;
  });
  const timer = clock.after(ms, () => tellLate(LATE));
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.cancel();
  }
}

const keepingAlive: Pick<Clock, "after"> = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
