/**
 * A wait that ends early when its mover is closed or has something else to do. The sleeps of a mover have no other
 * form: every one of them can be broken off, at once.
 */

/** Ends a cycle or a wait: the mover is closed, or has something else to do. No failure. */
export class CycleStopped extends Error {}

/** Resolves after `ms`; throws `CycleStopped` as soon as the signal is set. */
export function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new CycleStopped());
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(new CycleStopped());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
