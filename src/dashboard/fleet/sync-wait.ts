/**
 * Waits until proxies have something, each at most until it fails or the time is up: one that hangs delays
 * the others by nothing, and the caller by no more than it asked for.
 */
import type { Clock, ClockTimer } from "../../base/clock.ts";
import type { PushReport } from "../control.ts";
import type { ProxyDriver, SyncState } from "./proxy-driver.ts";

/** What is waited for. */
export type SyncQuestion = (driver: ProxyDriver) => SyncState;

interface SyncWaiter {
  readonly question: SyncQuestion;
  readonly pending: Map<string, ProxyDriver>;
  readonly synced: string[];
  readonly failed: { readonly token: string; readonly reason: string }[];
  readonly resolve: (report: PushReport) => void;
  timer: ClockTimer | undefined;
}

/** All waits of a fleet. */
export class SyncWaits {
  readonly #clock: Clock;
  readonly #waiters = new Set<SyncWaiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with how it went for each of the proxies, in no order. */
  wait(
    drivers: Iterable<ProxyDriver>,
    question: SyncQuestion,
    timeoutMs: number,
  ): Promise<PushReport> {
    const { promise, resolve } = Promise.withResolvers<PushReport>();
    const pending = new Map([...drivers].map((driver) => [driver.record.token, driver]));
    const waiter: SyncWaiter = {
      question,
      pending,
      synced: [],
      failed: [],
      resolve,
      timer: undefined,
    };
    this.#waiters.add(waiter);
    for (const driver of [...pending.values()]) {
      this.#ask(waiter, driver);
    }
    if (this.#waiters.has(waiter)) {
      waiter.timer = this.#clock.after(timeoutMs, () => {
        this.#giveUp(waiter, `it didn't confirm within ${timeoutMs} ms; it is tried again`);
      });
    }
    this.#endIfSettled(waiter);
    return promise;
  }

  /** Something changed with this proxy. */
  check(driver: ProxyDriver): void {
    for (const waiter of [...this.#waiters]) {
      this.#ask(waiter, driver);
    }
  }

  /** The proxy was removed: nobody waits for it any more, and no report names it. */
  forget(driver: ProxyDriver): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.pending.get(driver.record.token) === driver) {
        waiter.pending.delete(driver.record.token);
        this.#endIfSettled(waiter);
      }
    }
  }

  /** The proxy can't be waited for any longer. */
  fail(driver: ProxyDriver, reason: string): void {
    for (const waiter of [...this.#waiters]) {
      this.#settle(waiter, driver, { state: "failed", reason: reasonOf(driver, reason) });
    }
  }

  /** Ends all waits. */
  close(): void {
    for (const waiter of [...this.#waiters]) {
      this.#giveUp(waiter, "this dashboard no longer leads");
    }
  }

  #ask(waiter: SyncWaiter, driver: ProxyDriver): void {
    if (waiter.pending.has(driver.record.token)) {
      this.#settle(waiter, driver, waiter.question(driver));
    }
  }

  #settle(waiter: SyncWaiter, driver: ProxyDriver, answer: SyncState): void {
    const { token } = driver.record;
    if (answer.state === "pending" || waiter.pending.get(token) !== driver) {
      return;
    }
    waiter.pending.delete(token);
    if (answer.state === "synced") {
      waiter.synced.push(token);
    } else {
      waiter.failed.push({ token, reason: answer.reason });
    }
    this.#endIfSettled(waiter);
  }

  #giveUp(waiter: SyncWaiter, reason: string): void {
    for (const driver of [...waiter.pending.values()]) {
      this.#settle(waiter, driver, { state: "failed", reason: reasonOf(driver, reason) });
    }
  }

  #endIfSettled(waiter: SyncWaiter): void {
    if (waiter.pending.size === 0 && this.#waiters.delete(waiter)) {
      waiter.timer?.cancel();
      waiter.resolve({ synced: waiter.synced, failed: waiter.failed });
    }
  }
}

function reasonOf(driver: ProxyDriver, reason: string): string {
  return `proxy-[${driver.record.token}] ${reason}`;
}
