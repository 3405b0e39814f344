/**
 * Runs jobs side by side so that the processors are busy and no more than that: each job says what part of a processor
 * it keeps busy. Most files with servers wait most of their time, for leases and deadlines; many of those fit beside
 * one that works.
 *
 * Jobs begin in the order given, but one that fits now goes before one that doesn't; the caller puts those with most
 * work first, so that none runs alone at the end.
 */

/** What is run. */
export interface Job<T> {
  /** Part of a processor that it keeps busy, above 0; may be more than 1. */
  readonly load: number;
  /** May reject; then no further job begins, and the rest is waited for. */
  readonly run: () => Promise<T>;
}

/** What all running jobs together may take. */
export interface Room {
  /** Sum of their loads; a job with a larger one runs alone. */
  readonly load: number;
  /** Their number. */
  readonly jobs: number;
}

/** Sums of decimal fractions are a little off. */
const ROUNDING = 1e-9;

/** Runs all jobs; results in the order in which the jobs ended. Rejects with the first failure of a job. */
export async function runInRoom<T>(given: readonly Job<T>[], room: Room): Promise<T[]> {
  const waiting = [...given];
  const running = new Set<Promise<void>>();
  const results: T[] = [];
  const failures: unknown[] = [];
  let load = 0;
  const runOne = async (job: Job<T>): Promise<void> => {
    load += job.load;
    try {
      results.push(await job.run());
    } catch (thrown) {
      failures.push(thrown);
    }
    load -= job.load;
  };
  for (;;) {
    const fits = (job: Job<T>): boolean =>
      running.size === 0 || (running.size < room.jobs && load + job.load <= room.load + ROUNDING);
    const next = failures.length === 0 ? waiting.findIndex(fits) : -1;
    const [job] = next < 0 ? [] : waiting.splice(next, 1);
    if (job !== undefined) {
      const ended: Promise<void> = runOne(job).then(() => {
        running.delete(ended);
      });
      running.add(ended);
    } else if (running.size > 0) {
      await Promise.race(running);
    } else {
      break;
    }
  }
  if (failures.length > 0) {
    throw failures[0];
  }
  return results;
}
