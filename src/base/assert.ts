/**
 * Assertion for what can only be false through a defect of the program. Used by every part; it depends
 * on nothing. Never for bad input, wrong configuration or a broken connection: those are `CodisError`
 * or error replies.
 */

/** Thrown by `assert`: the process should end, its supervisor starts a new one. */
export class AssertionError extends Error {
  constructor(sentence: string) {
    super(`assertion failed: ${sentence}`);
    this.name = "AssertionError";
  }
}

/** Throws when the condition doesn't hold. `sentence` says what should have been true. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) {
    throw new AssertionError(sentence);
  }
}
