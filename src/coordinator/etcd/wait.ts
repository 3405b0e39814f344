/**
 * Waits of the etcd coordinator: on the monotonic clock, and ended at once by a signal. A wait of an
 * operation keeps the process alive, the rest between two signs of life doesn't.
 */

import type { BackoffBounds } from "../../base/backoff.ts";

/** Pauses between tries, when every server was tried. */
export const RETRY: BackoffBounds = { minMs: 50, maxMs: 1_000 };

/** Milliseconds on the monotonic clock of this process; goes on while the process is frozen. */
export function monotonicMs(): number {
  return performance.now();
}

/** Resolves after `ms`, never earlier, or as soon as the signal is given. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return rest(ms, signal, true);
}

/** As `sleep`, but a process that has nothing else to do may end meanwhile. */
export function sleepIdle(ms: number, signal: AbortSignal): Promise<void> {
  return rest(ms, signal, false);
}

function rest(ms: number, signal: AbortSignal, keepsAlive: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, Math.ceil(ms)));
    if (!keepsAlive) {
      timer.unref();
    }
    signal.addEventListener("abort", end);
  });
}
