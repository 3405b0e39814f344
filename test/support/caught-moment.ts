/**
 * For tests of what is only true for a moment, or not while the machine stands still: they do all of it again when
 * the moment was missed. Unlike with `waitFor`, what is wrong in any try fails the test.
 */

/** Between two tries. */
const PAUSE_MS = 20;

/** Runs until `run` says that it was in time; rejects as `run` does, or when no try of so many ms was in time. */
export async function untilCaught(
  what: string,
  ms: number,
  run: () => Promise<boolean>,
): Promise<void> {
  const endsAt = performance.now() + ms;
  while (!(await run())) {
    if (performance.now() > endsAt) {
      throw new Error(`${what} wasn't met within ${ms} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
