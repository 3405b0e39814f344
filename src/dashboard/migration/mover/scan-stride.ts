/**
 * How large the steps of a SCAN are, and how much the source rests between them. A step must be felt as little as a
 * MIGRATE; without keys to move a cycle would otherwise keep the source busy for nothing.
 */
import { encodeFrame } from "./frame.ts";

/** Of the bound for a stall, for one step at full speed: a page must hold the keys of both batches that follow it. */
const SHARE = 0.2;
/** The same at a limited speed, where clients come first and few keys are wanted. */
const SHARE_SLOW = 0.03;
const COUNT_START = 500;
const COUNT_MIN = 50;
const COUNT_MAX = 4_000;
const WEIGHT = 0.2;
/** The source rests so long for each millisecond of steps, at full speed and at a limited one. */
const REST_FAST = 0.1;
const REST_SLOW = 3;
/** Shorter rests are put together: timers are coarse. */
const REST_MIN_MS = 2;

/** See the file head. */
export class ScanStride {
  #msPerCount = 0;
  #restMs = 0;

  /** COUNT of the next step. */
  countFor(maxStallMs: number, isSlow: boolean): number {
    const stepMs = maxStallMs * (isSlow ? SHARE_SLOW : SHARE);
    const count = this.#msPerCount === 0 ? COUNT_START : Math.floor(stepMs / this.#msPerCount);
    return Math.min(COUNT_MAX, Math.max(COUNT_MIN, count));
  }

  /** SCAN from `cursor` on. */
  frame(cursor: string, count: number): Buffer {
    return encodeFrame(["SCAN", cursor, "COUNT", `${count}`]);
  }

  /** A step of so many took `ms` while nothing else of the mover was under way. */
  learn(count: number, ms: number): void {
    const seen = ms / count;
    this.#msPerCount += (seen - this.#msPerCount) * (this.#msPerCount === 0 ? 1 : WEIGHT);
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
