/**
 * Asks the dashboard that rules this proxy whether the slot table is the newest one. The dashboard calls the proxy, not
 * the other way round, so the question goes with the answer to its next look, and the answer with the look after that:
 *
 *     look, answered "question 7"  ->  look that says "question 7: table 3.112 is the newest"
 *
 * So what confirms was said after the question was asked, however long calls lay in a buffer of a frozen process.
 */
import { randomInt } from "node:crypto";

/** Whoever asked is told that nobody answered, after so long. */
export const ANSWER_TIMEOUT_MS = 3_000;
/** Another process begins with another number: an answer to its predecessor is none for it. */
const FIRST_QUESTION_MAX = 1_000_000_000;

interface Asking {
  readonly number: number;
  readonly settle: (isConfirmed: boolean) => void;
}

/** See the file head. One for each proxy. */
export class TableQuestion {
  #number = randomInt(FIRST_QUESTION_MAX);
  readonly #asking = new Set<Asking>();

  /** Resolves with true when the table is confirmed, with false when that took too long. */
  ask(): Promise<boolean> {
    this.#number++;
    const number = this.#number;
    return new Promise((resolve) => {
      const timer = setTimeout(() => asking.settle(false), ANSWER_TIMEOUT_MS);
      const asking: Asking = {
        number,
        settle: (isConfirmed) => {
          clearTimeout(timer);
          this.#asking.delete(asking);
          resolve(isConfirmed);
        },
      };
      this.#asking.add(asking);
    });
  }

  /** The newest question; undefined: nobody asks. */
  get open(): number | undefined {
    return this.#asking.size === 0 ? undefined : this.#number;
  }

  /** A dashboard has answered this question, and the table was the newest one. */
  confirm(number: number): void {
    for (const asking of [...this.#asking]) {
      if (asking.number <= number) asking.settle(true);
    }
  }
}
