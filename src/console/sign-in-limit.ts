/**
 * The limit of sign-ins: a few at once and then one after another, for each address and for each user. What is spent
 * comes back with time, and at once when the sign-in succeeds. The tables are bounded; the ones that were quiet for
 * the longest go first.
 */
import type { Clock } from "../base/clock.ts";
import { CodisError } from "../base/error.ts";

/** Failed sign-ins in a row, and the pause that brings one more. */
const OF_ADDRESS = { burst: 20, refillMs: 10_000 } as const;
const OF_USER = { burst: 10, refillMs: 30_000 } as const;
/** Addresses, and users, that are remembered. */
const ENTRIES_MAX = 10_000;

interface Bucket {
  /** What is left, with fractions. */
  left: number;
  atMs: number;
}

/** Counts sign-ins. */
export class SignInLimit {
  readonly #addresses: BucketTable;
  readonly #users: BucketTable;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#addresses = new BucketTable(clock, OF_ADDRESS.burst, OF_ADDRESS.refillMs);
    this.#users = new BucketTable(clock, OF_USER.burst, OF_USER.refillMs);
  }

  /**
   * Counts one sign-in; undefined when there is no user (a token, a set-up link). Throws LOGIN_LIMITED with
   * `retryAfterSeconds` in its context, and then nothing of it may be tried.
   */
  spend(address: string, user: string | undefined): void {
    const waitMs = Math.max(
      this.#addresses.waitMs(address),
      user === undefined ? 0 : this.#users.waitMs(user),
    );
    if (waitMs > 0) {
      const retryAfterSeconds = Math.ceil(waitMs / 1000);
      throw new CodisError(
        "LOGIN_LIMITED",
        `too many failed sign-ins; try again in ${retryAfterSeconds} s`,
        { context: { retryAfterSeconds } },
      );
    }
    this.#addresses.take(address);
    if (user !== undefined) {
      this.#users.take(user);
    }
  }

  /** The sign-in succeeded: it doesn't count. */
  giveBack(address: string, user: string | undefined): void {
    this.#addresses.giveBack(address);
    if (user !== undefined) {
      this.#users.giveBack(user);
    }
  }
}

class BucketTable {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #burst: number;
  readonly #refillMs: number;
  /** In order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, "nowMs">, burst: number, refillMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#refillMs = refillMs;
  }

  /** How long until one more is allowed; 0: it is now. */
  waitMs(key: string): number {
    const { left } = this.#fill(key);
    return left >= 1 ? 0 : Math.ceil((1 - left) * this.#refillMs);
  }

  take(key: string): void {
    const bucket = this.#fill(key);
    bucket.left -= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > ENTRIES_MAX) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest ?? key);
    }
  }

  giveBack(key: string): void {
    const bucket = this.#fill(key);
    bucket.left += 1;
    if (bucket.left >= this.#burst) {
      this.#buckets.delete(key);
    }
  }

  /** The bucket as it is now; one that isn't remembered is full. */
  #fill(key: string): Bucket {
    const nowMs = this.#clock.nowMs();
    const bucket = this.#buckets.get(key) ?? { left: this.#burst, atMs: nowMs };
    // A clock that was set back brings nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.left = Math.min(this.#burst, bucket.left + passedMs / this.#refillMs);
    bucket.atMs = nowMs;
    return bucket;
  }
}
