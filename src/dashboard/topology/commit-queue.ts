/**
 * Runs jobs one after another in the order in which they came, with a bound for those that wait. The store
 * of the topology puts every change and every reload through it: two never overlap.
 */
import { CodisError } from "../../base/error.ts";

/** Jobs that wait or run; more are refused. */
export const COMMITS_WAITING_MAX = 256;

/** A queue of jobs. A job that fails doesn't stop those behind it. */
export class CommitQueue {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(waitingMax = COMMITS_WAITING_MAX) {
    this.#waitingMax = waitingMax;
  }

  /** Settles as the job does. Throws TOO_BUSY at once when the queue is full. */
  run<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#waitingMax) {
      return Promise.reject(
        new CodisError(
          "TOO_BUSY",
          `${this.#waiting} changes of the topology wait already; try again later`,
        ),
      );
    }
    this.#waiting += 1;
    const result = this.#last.then(job);
    this.#last = result.then(
      () => this.#end(),
      () => this.#end(),
    );
    return result;
  }

  #end(): void {
    this.#waiting -= 1;
  }
}
