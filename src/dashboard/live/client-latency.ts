/**
 * What clients of all proxies felt in the last seconds, as the p99 guard of an operation asks for it: the counts of
 * all looks that came in that time, added up. Made from the looks that the leader has anyway, also while nobody reads
 * the live document; works only while it is asked.
 */
import type { Clock } from "../../base/clock.ts";
import type { ProxyFigures } from "../control.ts";
import type { ClientLatency } from "../operation/p99-guard.ts";
import { addLatencies, figuresOf, noLatencies } from "./latency-figures.ts";
import { ProxyCounter } from "./proxy-counter.ts";

/** Figures are of so long, milliseconds; a look tells of a second before it as well. */
const WINDOW_MS = 3_000;

/** What came at one time. */
interface Counted {
  /** Monotonic. */
  readonly atMs: number;
  /** Requests of each bucket. */
  readonly buckets: Float64Array;
}

/** See the file head. */
export class ClientLatencies {
  readonly #proxyFigures: () => ReadonlyMap<string, ProxyFigures>;
  readonly #clock: Clock;
  readonly #counters = new Map<string, ProxyCounter>();
  #counted: Counted[] = [];

  /** `proxyFigures`: the newest looks, by token. */
  constructor(proxyFigures: () => ReadonlyMap<string, ProxyFigures>, clock: Clock) {
    this.#proxyFigures = proxyFigures;
    this.#clock = clock;
  }

  /**
   * Takes in what is new; to be called about once a second. undefined while no proxy has told latencies at two looks
   * in a row: so it is at the first call, and at the first ones after a rest.
   */
  look(): ClientLatency | undefined {
    const atMs = this.#clock.monotonicMs();
    const looks = this.#proxyFigures();
    for (const token of this.#counters.keys()) {
      if (!looks.has(token)) {
        this.#counters.delete(token);
      }
    }
    for (const [token, figures] of looks) {
      this.#take(token, figures, atMs);
    }
    this.#counted = this.#counted.filter((each) => atMs - each.atMs < WINDOW_MS);
    if (this.#counted.length === 0) {
      return undefined;
    }
    const sum = noLatencies();
    for (const { buckets } of this.#counted) {
      addLatencies(sum, buckets);
    }
    const requests = Math.round(sum.reduce((total, count) => total + count, 0));
    return { requests, p99Ms: figuresOf(sum)?.p99 };
  }

  #take(token: string, figures: ProxyFigures, atMs: number): void {
    const counter = this.#counters.get(token) ?? new ProxyCounter();
    this.#counters.set(token, counter);
    const interval = counter.take(figures);
    const latencies = interval?.figures.latencies;
    if (interval !== undefined && latencies !== undefined) {
      const seconds = interval.to - interval.from;
      this.#counted.push({ atMs, buckets: latencies.map((count) => count * seconds) });
    }
  }
}
