/** The error of a call that must be refused: its code and text are then looked at. */
import { CodisError } from "../../src/base/error.ts";

/** The `CodisError` that the call throws; anything else, or nothing, fails the test. */
export function catchError(change: () => unknown): CodisError {
  try {
    change();
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error("nothing was refused");
}

/** The same for a promise that must be rejected. */
export async function catchRejection(promise: Promise<unknown>): Promise<CodisError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error("nothing was refused");
}
