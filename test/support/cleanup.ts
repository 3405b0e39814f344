/**
 * What a test starts, it ends: each piece of a set-up says how it is undone, and after the test all is undone, the
 * newest first. Called once at the top of a test file.
 */
import { afterEach } from "bun:test";

/** Undoes one piece; may take its time. */
export type Cleanup = () => unknown;

/**
 * Registers an `afterEach`; the result takes what has to be undone then. All is undone even where a piece fails; the
 * test fails with the first failure.
 */
export function cleanupsAfterEach(timeoutMs = 60_000): (clean: Cleanup) => void {
  const cleanups: Cleanup[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const clean of cleanups.splice(0).toReversed()) {
      try {
        await clean();
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }, timeoutMs);
  return (clean) => {
    cleanups.push(clean);
  };
}
