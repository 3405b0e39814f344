/**
 * How large the steps of a SCAN are, and how much the source rests between them. A step must be felt as little as a
 * MIGRATE; without keys to move a cycle would otherwise keep the source busy for nothing. While keys move, a step
 * looks for no more than the batches behind it take: the sizes of all that it finds are asked in one go.
 */
import { encodeFrame } from "./frame.ts";

/**
 * Of the bound for a stall, for one step at full speed: a page must hold the keys of both batches that follow it. Their
 * sizes are asked in one go with the next page, and a batch or two go before a server looks at a client again: twice
 * as much moved no more keys, and made the p99 of a PING half as long again.
 */
const SHARE = 0.1;
/** The same while there is nothing to move, as when a cycle only proves that: nothing else of the mover is felt. */
const SHARE_ALONE = 0.3;
/** The same at a limited speed, where clients come first and few keys are wanted. */
const SHARE_SLOW = 0.03;
/** Before anything was measured: as of a slow machine, so that the first steps are short. */
const MS_PER_COUNT_START = 0.002;
const COUNT_MIN = 50;
const COUNT_MAX = 4_000;
/** A step that took longer than expected raises the expectation by no more than this factor. */
const RISE_MAX = 1.1;
/** The source rests so long for each millisecond of steps, at full speed and at a limited one. */
const REST_FAST = 0.1;
const REST_SLOW = 3;
/** Shorter rests are put together: timers are coarse. */
const REST_MIN_MS = 2;

/** Of the keys that were found lately, those of wanted slots: weight of one page. */
const SHARE_WEIGHT = 0.3;

/** What the next step is for. */
export interface StepWish {
  readonly maxStallMs: number;
  /** The mover doesn't go at full speed. */
  readonly isSlow: boolean;
  /** The last one found no key to move, and none is on its way. */
  readonly isAlone: boolean;
  /** Keys of wanted slots that it should find; Infinity: as many as it may. */
  readonly keys: number;
}

/** See the file head. */
export class ScanStride {
  #msPerCount = MS_PER_COUNT_START;
  #wantedShare = 1;
  #restMs = 0;

  /** COUNT of the next step. */
  countFor({ maxStallMs, isSlow, isAlone, keys }: StepWish): number {
    const fastShare = isAlone ? SHARE_ALONE : SHARE;
    const stepMs = maxStallMs * (isSlow ? SHARE_SLOW : fastShare);
    const useful = keys / Math.max(this.#wantedShare, Number.EPSILON);
    const count = Math.floor(Math.min(stepMs / this.#msPerCount, useful));
    return Math.min(COUNT_MAX, Math.max(COUNT_MIN, count));
  }

  /** A page had so many keys, and so many of wanted slots. */
  noteFound(all: number, wanted: number): void {
    if (all > 0) {
      this.#wantedShare += (wanted / all - this.#wantedShare) * SHARE_WEIGHT;
    }
  }

  /** SCAN from `cursor` on. */
  frame(cursor: string, count: number): Buffer {
    return encodeFrame(["SCAN", cursor, "COUNT", `${count}`]);
  }

  /**
   * A step of so many took `ms` while nothing else of the mover was under way. That is never less than it cost, but may
   * be much more, when this process or the source waited for a processor; and once keys move nothing is learnt for
   * the rest of a cycle. So the shorter one is believed at once, the longer one by and by.
   */
  learn(count: number, ms: number): void {
    this.#msPerCount = Math.min(ms / count, this.#msPerCount * RISE_MAX);
  }

  /** A step without any key to move took `ms`: how long to rest before the next one, 0: not yet. */
  restMs(ms: number, isSlow: boolean): number {
    this.#restMs += ms * (isSlow ? REST_SLOW : REST_FAST);
    if (this.#restMs < REST_MIN_MS) {
      return 0;
    }
    const restMs = this.#restMs;
    this.#restMs = 0;
    return restMs;
  }
}
