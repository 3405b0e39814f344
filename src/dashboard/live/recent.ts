/**
 * The last few seconds of a product and of each of its proxies, for figures of now: rates are means of the seconds
 * that are known, latencies those of all their requests together.
 */
import type { Frame } from "./frame.ts";
import { addLatencies, figuresOf, type LatencyFigures, noLatencies } from "./latency-figures.ts";
import type { Gauge, SecondFigures } from "./series.ts";

/** Seconds that figures of now stand for. */
export const RECENT_SECONDS = 5;

/** Figures of now. */
export interface Recent {
  /** What isn't there isn't known. */
  readonly values: Partial<Record<Gauge, number>>;
  readonly latencies: LatencyFigures | undefined;
}

/** See the file head. */
export class RecentFigures {
  readonly #seconds: {
    readonly total: SecondFigures;
    readonly proxies: ReadonlyMap<string, SecondFigures>;
    readonly servers: ReadonlyMap<string, SecondFigures>;
  }[] = [];

  add(frame: Frame): void {
    this.#seconds.push({
      total: frame.total(),
      proxies: frame.proxies,
      servers: frame.servers,
    });
    if (this.#seconds.length > RECENT_SECONDS) {
      this.#seconds.shift();
    }
  }

  /** Whether anything of the last seconds is known of a proxy. */
  hasProxy(token: string): boolean {
    return this.#seconds.some(({ proxies }) => proxies.has(token));
  }

  total(): Recent {
    return merge(this.#seconds.map(({ total }) => total));
  }

  proxy(token: string): Recent {
    return merge(
      this.#seconds.flatMap(({ proxies }) => {
        const figures = proxies.get(token);
        return figures === undefined ? [] : [figures];
      }),
    );
  }

  /** Lookups of all servers that found their key, 0 to 1; undefined without any. */
  hitRatio(): number | undefined {
    let hits = 0;
    let misses = 0;
    for (const { servers } of this.#seconds) {
      for (const { values } of servers.values()) {
        hits += values.hits ?? 0;
        misses += values.misses ?? 0;
      }
    }
    return hits + misses === 0 ? undefined : hits / (hits + misses);
  }
}

function merge(seconds: readonly SecondFigures[]): Recent {
  const sums = new Map<Gauge, { sum: number; count: number }>();
  const latencies = noLatencies();
  for (const second of seconds) {
    for (const [gauge, value] of Object.entries(second.values) as [Gauge, number][]) {
      const { sum, count } = sums.get(gauge) ?? { sum: 0, count: 0 };
      sums.set(gauge, { sum: sum + value, count: count + 1 });
    }
    if (second.latencies !== undefined) {
      addLatencies(latencies, second.latencies);
    }
  }
  const means = [...sums].map(([gauge, { sum, count }]) => [gauge, sum / count]);
  return { values: Object.fromEntries(means), latencies: figuresOf(latencies) };
}
