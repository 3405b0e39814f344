/**
 * The series of one subject (the product, a proxy, a command, a server): a ring for each metric in each tier.
 *
 *     tier   step     points    kept for
 *     0      1 s      600       10 minutes
 *     1      10 s     2,160     6 hours
 *     2      60 s     10,080    7 days
 *     3      600 s    1,008     7 days, for charts of the whole week
 *
 * A point of a coarser tier is the mean of its seconds that are known, and percentiles of all their requests
 * together. What isn't known is NaN. Each ring is 4 bytes a point: 55 kB for a metric in all tiers, 11 kB in the
 * first two.
 */
import { addLatencies, figuresOf, type LatencyFigures, noLatencies } from "./latency-figures.ts";

/** Tiers from the finest to the coarsest: each step is a multiple of the one before. */
export const TIERS = [
  { step: 1, points: 600 },
  { step: 10, points: 2_160 },
  { step: 60, points: 10_080 },
  { step: 600, points: 1_008 },
] as const;

/** Of a second, and means of seconds; see `PERFORMANCE_METRICS` for the units. */
const GAUGES = [
  "ops",
  "failures",
  "reply_errors",
  "sessions",
  "bytes_in",
  "bytes_out",
  "time",
  "cpu",
  "proxies",
  "memory",
  "keys",
  "clients",
  "hits",
  "misses",
] as const;
/** One of `GAUGES`. */
export type Gauge = (typeof GAUGES)[number];

/** Latencies that are kept, milliseconds. */
const LATENCIES = ["p50", "p99", "p999", "max"] as const satisfies (keyof LatencyFigures)[];
/** What a ring may hold. */
export type SeriesMetric = Gauge | keyof LatencyFigures;

/** What is known of a subject for one second; what isn't there isn't known. */
export interface SecondFigures {
  readonly values: Partial<Record<Gauge, number>>;
  /** Requests of that second by latency, if anybody told them. */
  readonly latencies: Float64Array | undefined;
}

/** What of a subject is kept. */
export interface SeriesForm {
  readonly gauges: readonly Gauge[];
  readonly hasLatencies: boolean;
  /** So many of `TIERS`. */
  readonly tiers: number;
}

interface Tier {
  readonly step: number;
  readonly points: number;
  readonly rings: ReadonlyMap<SeriesMetric, Float32Array>;
  readonly sums: Map<Gauge, { sum: number; count: number }>;
  readonly latencies: Float64Array | undefined;
  /** Number of the newest point, its time divided by the step; it is still being added to. */
  end: number;
}

/** See the file head. */
export class Series {
  readonly #tiers: readonly Tier[];

  constructor(form: SeriesForm) {
    const metrics: readonly SeriesMetric[] = [
      ...form.gauges,
      ...(form.hasLatencies ? LATENCIES : []),
    ];
    this.#tiers = TIERS.slice(0, form.tiers).map(({ step, points }) => ({
      step,
      points,
      rings: new Map(metrics.map((name) => [name, new Float32Array(points).fill(Number.NaN)])),
      sums: new Map(form.gauges.map((name) => [name, { sum: 0, count: 0 }])),
      latencies: form.hasLatencies ? noLatencies() : undefined,
      end: -1,
    }));
  }

  /** Seconds come in order; those that are left out aren't known. */
  add(second: number, figures: SecondFigures): void {
    for (const tier of this.#tiers) {
      const index = Math.floor(second / tier.step);
      if (index > tier.end) {
        settle(tier);
        advance(tier, index);
      }
      for (const [name, sum] of tier.sums) {
        const value = figures.values[name];
        if (value !== undefined) {
          sum.sum += value;
          sum.count += 1;
        }
      }
      if (tier.latencies !== undefined && figures.latencies !== undefined) {
        addLatencies(tier.latencies, figures.latencies);
      }
    }
  }

  /** Whether such points are kept. */
  has(metric: SeriesMetric, step: number): boolean {
    return this.#tiers.some((tier) => tier.step === step && tier.rings.has(metric));
  }

  /**
   * `count` points of a tier from the one with the number `first`, which is its time divided by the step. The newest
   * one is made of the seconds so far.
   */
  read(metric: SeriesMetric, step: number, first: number, count: number): Float32Array {
    const values = new Float32Array(count).fill(Number.NaN);
    const tier = this.#tiers.find((each) => each.step === step);
    const ring = tier?.rings.get(metric);
    if (tier === undefined || ring === undefined) {
      return values;
    }
    settle(tier);
    const oldest = Math.max(first, tier.end - tier.points + 1, 0);
    for (let index = oldest; index <= Math.min(tier.end, first + count - 1); index++) {
      values[index - first] = ring[index % tier.points] as number;
    }
    return values;
  }

  /** The newest point of the finest tier, NaN when it isn't known. */
  last(metric: SeriesMetric): number {
    const [tier] = this.#tiers;
    return tier === undefined || tier.end < 0
      ? Number.NaN
      : (this.read(metric, tier.step, tier.end, 1)[0] ?? Number.NaN);
  }
}

/** Writes the newest point from what was added to it so far. */
function settle(tier: Tier): void {
  if (tier.end < 0) {
    return;
  }
  const at = tier.end % tier.points;
  for (const [name, { sum, count }] of tier.sums) {
    write(tier, name, at, count === 0 ? Number.NaN : sum / count);
  }
  if (tier.latencies !== undefined) {
    const figures = figuresOf(tier.latencies);
    for (const name of LATENCIES) {
      write(tier, name, at, figures?.[name] ?? Number.NaN);
    }
  }
}

function write(tier: Tier, metric: SeriesMetric, at: number, value: number): void {
  const ring = tier.rings.get(metric);
  if (ring !== undefined) {
    ring[at] = value;
  }
}

/** Begins a point; those that were left out aren't known. */
function advance(tier: Tier, index: number): void {
  const skipped = tier.end < 0 ? tier.points : Math.min(index - tier.end, tier.points);
  for (const ring of tier.rings.values()) {
    for (let back = 0; back < skipped; back++) {
      ring[(index - back + tier.points) % tier.points] = Number.NaN;
    }
  }
  tier.end = index;
  for (const sum of tier.sums.values()) {
    sum.sum = 0;
    sum.count = 0;
  }
  tier.latencies?.fill(0);
}
