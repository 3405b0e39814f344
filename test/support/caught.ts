/** What a promise was rejected with, for tests that look at more than one side of an error. */
import { CodisError } from "../../src/base/error.ts";

/** The `CodisError` of a promise that must reject with one. */
export async function caught(promise: Promise<unknown>): Promise<CodisError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error("it was expected to fail, and didn't");
}
