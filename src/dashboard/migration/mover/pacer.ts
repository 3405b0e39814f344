/**
 * Keeps to the speed limit: asks `Pace` before every batch, waits as long as it says, and learns from that how
 * large batches should be. A slow speed means small batches, spread evenly; whoever has waited lately isn't at
 * full speed.
 */
import { PACE_ASK_MS, type Pace } from "../contract.ts";

/** Grants that count for the present speed, milliseconds back. */
const WINDOW_MS = 1_000;
/** At a limited speed batches come about so often. */
const INTERVAL_MS = 2;
/** Slower than this many keys in an interval, batches come less often instead. */
const KEYS_COMFORTABLE = 20;
const INTERVAL_MAX_MS = 50;

interface Grant {
  readonly atMs: number;
  readonly keys: number;
}

/** See the file head. */
export class Pacer {
  readonly #pace: Pace;
  readonly #nowMs: () => number;
  #grants: Grant[] = [];
  #deniedAtMs = Number.NEGATIVE_INFINITY;

  /** `nowMs` is a monotonic clock. */
  constructor(pace: Pace, nowMs: () => number = () => performance.now()) {
    this.#pace = pace;
    this.#nowMs = nowMs;
  }

  /** It had to wait within the last second. */
  get isLimited(): boolean {
    return this.#nowMs() - this.#deniedAtMs < WINDOW_MS;
  }

  /** Most keys of the next batch, at least 1; Infinity at full speed. */
  get keysMax(): number {
    if (!this.isLimited) {
      return Number.POSITIVE_INFINITY;
    }
    this.#forget();
    const keysPerMs = this.#grants.reduce((sum, { keys }) => sum + keys, 0) / WINDOW_MS;
    const slow = Math.min(KEYS_COMFORTABLE, keysPerMs * INTERVAL_MAX_MS);
    return Math.max(1, Math.floor(Math.max(keysPerMs * INTERVAL_MS, slow)));
  }

  /** Milliseconds to wait before asking again; 0: go. At most `PACE_ASK_MS`. */
  ask(keys: number, bytes: number): number {
    const waitMs = this.#pace.take(keys, bytes);
    if (waitMs > 0) {
      this.#deniedAtMs = this.#nowMs();
      return Math.min(waitMs, PACE_ASK_MS);
    }
    this.#forget();
    this.#grants.push({ atMs: this.#nowMs(), keys });
    return 0;
  }

  #forget(): void {
    const sinceMs = this.#nowMs() - WINDOW_MS;
    const first = this.#grants.findIndex(({ atMs }) => atMs >= sinceMs);
    this.#grants = first < 0 ? [] : first === 0 ? this.#grants : this.#grants.slice(first);
  }
}
