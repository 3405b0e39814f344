/**
 * For tests that ask a room of the product once for what its owner asks for again and again: the product gives a server
 * up after a second or two, and a machine that stands still for longer makes a server late that is there.
 *
 * Only what came too late is asked for again; every other answer, and every other failure, is the caller's.
 */
import { isCodisError } from "../../src/base/error.ts";

const TRIES_MAX = 5;

/** Whether a call has failed because nothing came in time. */
export function isLate(thrown: unknown): boolean {
  return isCodisError(thrown) && thrown.context["isTimedOut"] === true;
}

/** The work's outcome; when a server was late the work is done again, some times. */
export async function triedAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (!isLate(thrown) || tries === TRIES_MAX) {
        throw thrown;
      }
    }
  }
}
