/**
 * Notices an operation that is stuck: it should work, but for some time no key has moved and no slot has arrived. A
 * reason that the server gives is another matter; it may be there without a stall, and a stall without it.
 */

/** What is known at one moment. */
export interface StallSample {
  /** Milliseconds of any clock that doesn't go back. */
  readonly atMs: number;
  readonly keysMoved: number;
  readonly slotsDone: number;
  /** It should work: it runs, or is being cancelled. */
  readonly isWorking: boolean;
}

/** From so long on without progress it is stuck. */
export const STUCK_AFTER_MS = 15_000;

/** Looks at one operation; see the head of the file. */
export class StallWatch {
  #last: StallSample | undefined;
  #sinceMs = 0;

  /** Takes what is known now; how long nothing has moved, 0 while it works well or isn't at work. */
  note(sample: StallSample): number {
    const last = this.#last;
    const hasMoved =
      last === undefined ||
      !sample.isWorking ||
      !last.isWorking ||
      last.keysMoved !== sample.keysMoved ||
      last.slotsDone !== sample.slotsDone;
    this.#last = sample;
    if (hasMoved) {
      this.#sinceMs = sample.atMs;
    }
    return sample.atMs - this.#sinceMs;
  }
}
