/**
 * Products of real processes that are built by orders to a dashboard with a short lease and short bounds: on a machine
 * that stands still for longer than that, the dashboard has lost its leadership in the middle of the orders, or a
 * server didn't answer it in time. That is right, and no fault of what is tested with the product: it is thrown away
 * and built anew.
 */
import { isCodisError } from "../../src/base/error.ts";

/** Products that may be begun; each takes seconds. */
const TRIES = 6;
/** Failures of orders to which a process that was asked hadn't answered in time. */
const PAUSE_CODES = [
  "LEADERSHIP_LOST",
  "NOT_LEADER",
  "NOT_ONLINE",
  "SERVER_UNREACHABLE",
  "PROXY_CALL_FAILED",
  "REMOTE_UNREACHABLE",
] as const;

/**
 * Starts a product and builds it; `start` is told the number of the try, from 1 on, and begins with an empty store in
 * each. What was started for a try that failed is stopped. Rejects with what `build` rejects
 * with when that is nothing that a pause of the machine explains, or when it happens every time.
 */
export async function startBuilt<T extends { stop(): Promise<void> }>(
  start: (attempt: number) => Promise<T>,
  build: (started: T) => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const started = await start(attempt);
    try {
      await build(started);
      return started;
    } catch (thrown) {
      await started.stop();
      if (attempt === TRIES || !isOfPause(thrown)) {
        throw thrown;
      }
    }
  }
}

function isOfPause(thrown: unknown): boolean {
  return PAUSE_CODES.some((code) => isCodisError(thrown, code));
}
