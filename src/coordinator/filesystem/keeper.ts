/**
 * Gives the signs of life of one connection, and looks after what it keeps: the leaderships and the
 * registrations. Each look happens under the lock, whole: whatever was lost is noticed *before* the time is
 * renewed, so that a process which was frozen never renews what has run out.
 */
import type { Clock, ClockTimer } from "../../base/clock.ts";
import type { DataLock } from "./data-lock.ts";
import { toFailure } from "./failure.ts";
import type { FolderLayout } from "./layout.ts";
import { sweep } from "./ownership.ts";
import type { SignOfLife } from "./sign-of-life.ts";

/** Looks within the shortest time to live. */
const LOOKS = 4;
/** Bounds of the time between two looks. */
const LOOK_MIN_MS = 50;
const LOOK_MAX_MS = 2_000;

/** Something that is kept as long as the process lives. */
export interface Kept {
  readonly ttlMs: number;
  /** Called under the lock before the time is renewed. False: it is over, and need not be looked at again. */
  look(): boolean;
  /** Called under the lock after the time was renewed at a moment after `sentAtMs` (monotonic clock). */
  renewed(sentAtMs: number): void;
  /** A look wasn't possible, or what it had to do; one line. */
  failed(reason: string): void;
}

/** What a keeper works with. */
export interface KeeperScope {
  readonly layout: FolderLayout;
  readonly lock: DataLock;
  readonly clock: Clock;
  readonly life: SignOfLife;
  /** Bound of one operation, milliseconds. */
  readonly timeoutMs: number;
  /** Gets one line about what went wrong in the background. */
  readonly tell: (line: string) => void;
}

/** Keeps things until it is closed. */
export class Keeper {
  readonly #scope: KeeperScope;
  readonly #kept = new Set<Kept>();
  #timer: ClockTimer | undefined;
  #hasSwept = false;
  #isClosed = false;
  #current: Promise<void> | undefined;

  constructor(scope: KeeperScope) {
    this.#scope = scope;
  }

  /** Makes the sign of life, and the folders, before a write. Throws as `DataLock.run` does. */
  async appear(deadlineMs: number): Promise<void> {
    if (!this.#scope.life.hasAppeared()) {
      await this.#scope.lock.run(deadlineMs, () => this.lookNow());
    }
  }

  /** Looks at everything. Under the lock. Throws system errors. */
  lookNow(): void {
    const { life, clock } = this.#scope;
    const sentAtMs = clock.monotonicMs();
    const looked: Kept[] = [];
    for (const one of [...this.#kept]) {
      try {
        one.look() ? looked.push(one) : this.#kept.delete(one);
      } catch (thrown) {
        one.failed(this.#describe(thrown));
      }
    }
    life.appear();
    life.beat();
    this.#sweepOnce();
    for (const one of looked) {
      try {
        one.renewed(sentAtMs);
      } catch (thrown) {
        one.failed(this.#describe(thrown));
      }
    }
  }

  #sweepOnce(): void {
    if (this.#hasSwept) {
      return;
    }
    this.#hasSwept = true;
    try {
      sweep(this.#scope.layout);
    } catch (thrown) {
      // What can't be removed counts as absent for everybody; another process may have the right to.
      this.#scope.tell(`can't clean up after processes that are gone: ${this.#describe(thrown)}`);
    }
  }

  /** Begins to keep something; the first look comes with the next, or with `lookSoon`. */
  add(one: Kept): void {
    this.#kept.add(one);
    this.#arm();
  }

  /** Looks now, after a look that is under way; resolves when it is done or has failed. Never throws. */
  async lookSoon(): Promise<void> {
    await this.#current;
    await this.#look();
  }

  /** Looks for the last time and ends the sign of life. Never throws; what fails is left to the others. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    if (this.#hasSwept) {
      await this.lookSoon();
    }
    this.#isClosed = true;
    this.#timer?.cancel();
    try {
      this.#scope.life.disappear();
    } catch (thrown) {
      // Its lock ends with this process at the latest; then others remove it.
      this.#scope.tell(this.#describe(thrown));
    }
  }

  #look(): Promise<void> {
    this.#current ??= this.#tryLook().finally(() => {
      this.#current = undefined;
      this.#arm();
    });
    return this.#current;
  }

  async #tryLook(): Promise<void> {
    const { lock, clock, timeoutMs } = this.#scope;
    const boundMs = Math.min(timeoutMs, ...[...this.#kept].map((one) => one.ttlMs));
    try {
      await lock.run(clock.monotonicMs() + boundMs, () => this.lookNow());
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    for (const one of [...this.#kept]) {
      one.failed(this.#describe(thrown));
    }
  }

  #describe(thrown: unknown): string {
    return toFailure(thrown, `filesystem ${this.#scope.layout.root}`).message;
  }

  #arm(): void {
    this.#timer?.cancel();
    if (this.#isClosed || this.#kept.size === 0) {
      return;
    }
    const shortestMs = Math.min(...[...this.#kept].map((one) => one.ttlMs));
    const delayMs = Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, shortestMs / LOOKS));
    this.#timer = this.#scope.clock.after(delayMs, () => {
      // It never rejects: failures are told to what is kept.
      this.#look();
    });
  }
}
