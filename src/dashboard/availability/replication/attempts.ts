/**
 * When a server may be told its role again: after a failure, or an order that changed nothing, later and later. A link
 * that stays broken although its replica was told everything is given up after a few orders, until something changes.
 */
import { Backoff } from "../../../base/backoff.ts";
import type { Clock } from "../../../base/clock.ts";

/** Between two orders, milliseconds. */
const PAUSE = { minMs: 2_000, maxMs: 60_000 };
/** Orders for one broken link, each with the password anew. */
export const LINK_ORDERS_MAX = 5;

interface Attempts {
  /** For what: a change of it begins anew. */
  readonly occasion: string;
  readonly backoff: Backoff;
  count: number;
  /** On the monotonic clock. */
  nextMs: number;
}

/** See the file head. */
export class OrderAttempts {
  readonly #clock: Clock;
  readonly #byAddr = new Map<string, Attempts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the server may be told now. `max`: orders for one occasion, undefined: no bound. */
  isDue(addr: string, occasion: string, max?: number): boolean {
    const known = this.#byAddr.get(addr);
    return (
      known?.occasion !== occasion ||
      (this.#clock.monotonicMs() >= known.nextMs && (max === undefined || known.count < max))
    );
  }

  /** It is told now. */
  note(addr: string, occasion: string): void {
    const known = this.#byAddr.get(addr);
    const attempts: Attempts =
      known?.occasion === occasion
        ? known
        : { occasion, backoff: new Backoff(PAUSE), count: 0, nextMs: 0 };
    attempts.count += 1;
    attempts.nextMs = this.#clock.monotonicMs() + attempts.backoff.nextMs();
    this.#byAddr.set(addr, attempts);
  }

  /** Forgets all servers for which this holds: they are well, or gone. */
  forget(isOver: (addr: string) => boolean): void {
    for (const addr of this.#byAddr.keys()) {
      if (isOver(addr)) {
        this.#byAddr.delete(addr);
      }
    }
  }
}
