/**
 * Deadlines for tests: no wait without a bound, and the error names what was waited for. Used by every
 * test that waits for a socket, a process or a file.
 *
 * Invariant: nothing here keeps the process alive after the wait has ended.
 */

/** Settles as the promise does, or rejects with `no <name> within <ms> ms` first. */
export async function withDeadline<T>(name: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${name} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks `probe` again and again until it gives something other than undefined, for state that has no
 * event to await (another process, a file). An exception of `probe` counts as "not yet"; the last one is
 * in the error when the deadline passes.
 */
export async function waitFor<T>(
  name: string,
  ms: number,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const endsAt = performance.now() + ms;
  let lastFailure: unknown;
  for (;;) {
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) {
      throw new Error(`no ${name} within ${ms} ms`, { cause: lastFailure });
    }
    try {
      const value = await withDeadline(name, leftMs, Promise.resolve(probe()));
      if (value !== undefined) {
        return value;
      }
      lastFailure = undefined;
    } catch (thrown) {
      lastFailure = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
