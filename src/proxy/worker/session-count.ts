/**
 * How many sessions each worker has, in memory that all processes of a proxy share: `proxy_max_clients`
 * counts over all workers, and a worker must know at each accept without asking anybody.
 *
 * One number for each worker, on a cache line of its own, written by that worker only (by the supervisor
 * once the worker is dead). A worker adds itself before it looks, so two that accept at the same moment may
 * both refuse at the limit, and never both pass it.
 *
 *   | worker 0: count, 7 unused | worker 1: count, 7 unused | …
 */
import { createSharedNumbers, inheritSharedNumbers } from "../../net/shared-memory.ts";

const LINE_BYTES = 64;
const LINE_NUMBERS = LINE_BYTES / Float64Array.BYTES_PER_ELEMENT;

/** See the file head. */
export class SessionCounts {
  readonly #numbers: Float64Array;

  private constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  /**
   * Makes the memory for workers 0 to `workerCount` - 1, all counts 0. The descriptor stays open for the
   * children to come. Throws `WORKER_FAILED`.
   */
  static create(workerCount: number): { readonly counts: SessionCounts; readonly fd: number } {
    const { numbers, fd } = createSharedNumbers(workerCount * LINE_NUMBERS);
    return { counts: new SessionCounts(numbers), fd };
  }

  /** Maps the memory behind a descriptor that was inherited, and closes that. */
  static inherit(fd: number): SessionCounts {
    return new SessionCounts(inheritSharedNumbers(fd));
  }

  set(index: number, count: number): void {
    this.#numbers[index * LINE_NUMBERS] = count;
  }

  /** Sessions of all workers but one. */
  sumWithout(index: number): number {
    let sum = 0;
    for (let at = 0; at < this.#numbers.length; at += LINE_NUMBERS) {
      if (at !== index * LINE_NUMBERS) sum += this.#numbers[at] as number;
    }
    return sum;
  }
}
