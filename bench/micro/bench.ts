/**
 * What a micro-benchmark is, and how one is timed. A file `bench/micro/NAME.bench.ts` exports
 * `benches: readonly Bench[]`; `runner.ts` finds the files and prints the table.
 *
 * Each bench has its own loop, so that no call through a closure is in the figure; the loop must do
 * exactly `n` operations and give back something that depends on all of them, so that the compiler
 * can't leave them out.
 */
import { median, type Spread, spreadOf } from "../macro/statistic.ts";

/** One operation worth timing. */
export interface Bench {
  /** Unique in its file; lower case, says what is done to what: `find command: GET`. */
  readonly name: string;
  /** Does the operation `n` times. The result is only kept from being optimized away. */
  readonly run: (n: number) => unknown;
  /** Bytes that one operation reads; adds a column with MB/s. */
  readonly bytesPerOp?: number;
}

/** What one bench has shown. */
export interface BenchResult {
  readonly name: string;
  readonly nsPerOp: Spread;
  /** 10^6 bytes a second at the median. */
  readonly megabytesPerSecond: number | undefined;
  /** Operations in each round. */
  readonly n: number;
}

/** How long to look. */
export interface TimingOptions {
  readonly rounds: number;
  /** A round shall take about this long. */
  readonly roundMs: number;
}

const FIRST_N = 16;
/** Rounds before the figures count: enough calls for the last tier of the compiler. */
const WARM_UP_ROUNDS = 5;

let sink: unknown;

/** Warms a bench up, finds how many operations fill a round, and times the rounds. */
export function timeBench(bench: Bench, options: TimingOptions): BenchResult {
  const n = findRoundSize(bench, options.roundMs);
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    timeRound(bench, n);
  }
  const rounds = Array.from({ length: options.rounds }, () => (timeRound(bench, n) * 1e6) / n);
  const nsPerOp = spreadOf(rounds) ?? { median: median([]), min: 0, max: 0 };
  const { bytesPerOp } = bench;
  return {
    name: bench.name,
    nsPerOp,
    megabytesPerSecond: bytesPerOp === undefined ? undefined : (bytesPerOp * 1e3) / nsPerOp.median,
    n,
  };
}

/** The last result of any bench; exported so that results are used. */
export function lastResult(): unknown {
  return sink;
}

/** Doubles until a round takes half of its time or more, then scales. */
function findRoundSize(bench: Bench, roundMs: number): number {
  for (let n = FIRST_N; ; n *= 2) {
    const ms = timeRound(bench, n);
    if (ms >= roundMs / 2) {
      return Math.max(FIRST_N, Math.round((n * roundMs) / ms));
    }
  }
}

function timeRound(bench: Bench, n: number): number {
  const startedAt = performance.now();
  sink = bench.run(n);
  return performance.now() - startedAt;
}
