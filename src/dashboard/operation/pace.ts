/**
 * The speed limit of all movers of a leader together: two buckets, of keys and of bytes, that fill at the speed
 * that was set. A batch may begin when neither bucket is empty, and then takes all it needs, so a bucket may
 * owe; who asks next waits until that is paid. So large and small batches have the same chance, the long run is
 * exact, and what goes at once is at most 50 ms worth and one batch.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { type OperationSpeed, UNLIMITED } from "../../model/operation/operation.ts";
import type { Pace } from "../migration/contract.ts";

/** What a bucket holds at most, milliseconds of its speed: what a late timer may catch up on. */
const BURST_MS = 50;
/** Shortest wait that is asked for, milliseconds. */
const WAIT_MS_MIN = 1;

/** How fast it may go. */
export interface PaceSetting {
  readonly speed: Pick<OperationSpeed, "keysPerSecond" | "bytesPerSecond">;
  /** Pause between two batches, microseconds. */
  readonly intervalUs: number;
  /** Nothing may go. */
  readonly isStopped: boolean;
}

/** See the file head. Stopped until it is set. */
export class SharedPace implements Pace {
  readonly #clock: Clock;
  readonly #keys: Bucket;
  readonly #bytes: Bucket;
  #intervalMs = 0;
  #isStopped = true;
  #lastGrantMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#keys = new Bucket(UNLIMITED.keysPerSecond, clock.monotonicMs());
    this.#bytes = new Bucket(UNLIMITED.bytesPerSecond, clock.monotonicMs());
  }

  /** Counts from now on; what was granted before at another speed is still owed. */
  set({ speed, intervalUs, isStopped }: PaceSetting): void {
    const nowMs = this.#clock.monotonicMs();
    this.#keys.setRate(speed.keysPerSecond, nowMs);
    this.#bytes.setRate(speed.bytesPerSecond, nowMs);
    this.#intervalMs = intervalUs / 1000;
    this.#isStopped = isStopped;
  }

  take(keys: number, bytes: number): number {
    if (this.#isStopped) {
      return Number.POSITIVE_INFINITY;
    }
    const nowMs = this.#clock.monotonicMs();
    const waitMs = Math.max(
      this.#keys.waitMs(nowMs),
      this.#bytes.waitMs(nowMs),
      this.#lastGrantMs + this.#intervalMs - nowMs,
    );
    if (waitMs > 0) {
      return Math.max(WAIT_MS_MIN, waitMs);
    }
    this.#keys.take(keys);
    this.#bytes.take(bytes);
    this.#lastGrantMs = nowMs;
    return 0;
  }
}

/** One limit; a rate of 0 is none. */
class Bucket {
  #perSecond: number;
  /** Below 0: owed. */
  #level = 0;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#atMs = nowMs;
  }

  setRate(perSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#perSecond = perSecond;
    // A limit after none begins with nothing owed, and a lower one with no more than its own burst.
    this.#level = perSecond === 0 ? 0 : Math.min(this.#level, this.#most);
  }

  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#perSecond === 0 || this.#level >= 0 ? 0 : (-this.#level / this.#perSecond) * 1000;
  }

  take(amount: number): void {
    if (this.#perSecond !== 0) {
      this.#level -= amount;
    }
  }

  get #most(): number {
    return (this.#perSecond * BURST_MS) / 1000;
  }

  #fill(nowMs: number): void {
    this.#level = Math.min(
      this.#most,
      this.#level + ((nowMs - this.#atMs) * this.#perSecond) / 1000,
    );
    this.#atMs = nowMs;
  }
}
