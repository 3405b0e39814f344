/**
 * Condenses the runs of a measurement: for each workload and target the median of every figure with its
 * range, and the ratios of CPU time to nutcracker and to bare redis, taken round by round.
 */
import type { Measurement, Run } from "./measure.ts";
import { byRound, type Spread, spreadOf } from "./statistic.ts";
import type { Workload } from "./workload.ts";

/** Figures that a run has. */
export type Figure =
  | "requestsPerSecond"
  | "cpuUsPerRequest"
  | "serverCpuUsPerRequest"
  | "p50Ms"
  | "p99Ms"
  | "p999Ms"
  | "rssBytes";

/** One workload on one target. */
export interface Row {
  readonly workload: Workload;
  readonly target: string;
  /** Undefined when no run succeeded. */
  readonly figures: Readonly<Record<Figure, Spread>> | undefined;
  /** CPU of a request divided by nutcracker's of the same round. */
  readonly cpuToNutcracker: Spread | undefined;
  readonly cpuToRedis: Spread | undefined;
  /** Rounds that gave figures. */
  readonly roundCount: number;
  /** Why rounds are missing. */
  readonly failure: string | undefined;
}

/** The targets that others are compared with. */
export const PEER = "nutcracker";
export const BASE = "redis";

/** One row for each workload and target, in their orders. */
export function summarize(
  measurement: Measurement,
  workloads: readonly Workload[],
  targets: readonly string[],
): readonly Row[] {
  return workloads.flatMap((workload) =>
    targets.map((target) => summarizeOne(measurement, workload, target)),
  );
}

/** One figure of all rounds of a workload on a target, by round. */
export function seriesOf(
  measurement: Measurement,
  workload: string,
  target: string,
  figure: Figure,
): ReadonlyMap<number, number> {
  const runs = runsOf(measurement, workload, target);
  return new Map(runs.map((run) => [run.round, run[figure]]));
}

function summarizeOne(measurement: Measurement, workload: Workload, target: string): Row {
  const runs = runsOf(measurement, workload.name, target);
  const ratioTo = (other: string): Spread | undefined => {
    const series = (name: string): ReadonlyMap<number, number> =>
      seriesOf(measurement, workload.name, name, "cpuUsPerRequest");
    return other === target
      ? undefined
      : spreadOf(byRound(series(target), series(other), (ours, theirs) => ours / theirs));
  };
  const failure = measurement.failures.find(
    (one) => one.workload === workload.name && one.target === target,
  );
  return {
    workload,
    target,
    figures: figuresOf(runs),
    cpuToNutcracker: ratioTo(PEER),
    cpuToRedis: ratioTo(BASE),
    roundCount: runs.length,
    failure: failure?.reason,
  };
}

function figuresOf(runs: readonly Run[]): Row["figures"] {
  const of = (figure: Figure): Spread | undefined => spreadOf(runs.map((run) => run[figure]));
  const requestsPerSecond = of("requestsPerSecond");
  const cpuUsPerRequest = of("cpuUsPerRequest");
  const serverCpuUsPerRequest = of("serverCpuUsPerRequest");
  const p50Ms = of("p50Ms");
  const p99Ms = of("p99Ms");
  const p999Ms = of("p999Ms");
  const rssBytes = of("rssBytes");
  return requestsPerSecond === undefined ||
    cpuUsPerRequest === undefined ||
    serverCpuUsPerRequest === undefined ||
    p50Ms === undefined ||
    p99Ms === undefined ||
    p999Ms === undefined ||
    rssBytes === undefined
    ? undefined
    : {
        requestsPerSecond,
        cpuUsPerRequest,
        serverCpuUsPerRequest,
        p50Ms,
        p99Ms,
        p999Ms,
        rssBytes,
      };
}

function runsOf(measurement: Measurement, workload: string, target: string): readonly Run[] {
  return measurement.runs.filter((run) => run.workload === workload && run.target === target);
}
