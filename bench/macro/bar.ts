/**
 * Holds a measurement against the bars of the proxy's issue: CPU of a request and p99 compared with
 * nutcracker's of the same round. A bar without figures on both sides is neither met nor missed.
 */
import type { Measurement } from "./measure.ts";
import { byRound, median } from "./statistic.ts";
import { PEER, seriesOf } from "./summary.ts";
import { P99_MORE_MS_MAX, P99_RATIO_MAX, type Workload } from "./workload.ts";

/** One demand and what was measured. */
export interface Bar {
  readonly workload: string;
  /** What is demanded, for people. */
  readonly demand: string;
  readonly measured: string;
  /** Undefined when it couldn't be measured. */
  readonly isMet: boolean | undefined;
  /** A goal may be missed. */
  readonly isGoal: boolean;
}

/** All bars of these workloads for one target. */
export function checkBars(
  measurement: Measurement,
  workloads: readonly Workload[],
  target: string,
): readonly Bar[] {
  return workloads.flatMap((workload) => [
    ...checkCpu(measurement, workload, target),
    checkP99(measurement, workload, target),
  ]);
}

function checkCpu(measurement: Measurement, workload: Workload, target: string): readonly Bar[] {
  const series = (name: string): ReadonlyMap<number, number> =>
    seriesOf(measurement, workload.name, name, "cpuUsPerRequest");
  const ratio = median(byRound(series(target), series(PEER), (ours, theirs) => ours / theirs));
  const compare = (max: number, isGoal: boolean): Bar => ({
    workload: workload.name,
    demand: `CPU at most ${max.toFixed(2)} of ${PEER}'s`,
    measured: Number.isNaN(ratio) ? "not measured" : ratio.toFixed(3),
    isMet: Number.isNaN(ratio) ? undefined : ratio <= max,
    isGoal,
  });
  const goal = workload.cpuRatioGoal;
  return [
    compare(workload.cpuRatioMax, false),
    ...(goal === undefined ? [] : [compare(goal, true)]),
  ];
}

function checkP99(measurement: Measurement, workload: Workload, target: string): Bar {
  const ours = seriesOf(measurement, workload.name, target, "p99Ms");
  const theirs = seriesOf(measurement, workload.name, PEER, "p99Ms");
  const ratio = median(byRound(ours, theirs, (a, b) => a / b));
  const moreMs = median(byRound(ours, theirs, (a, b) => a - b));
  const isMeasured = !Number.isNaN(ratio);
  const sign = moreMs < 0 ? "" : "+";
  return {
    workload: workload.name,
    demand: `p99 at most ${P99_RATIO_MAX} of ${PEER}'s, or ${P99_MORE_MS_MAX} ms more`,
    measured: isMeasured ? `${ratio.toFixed(2)}, ${sign}${moreMs.toFixed(3)} ms` : "not measured",
    isMet: isMeasured ? ratio <= P99_RATIO_MAX || moreMs <= P99_MORE_MS_MAX : undefined,
    isGoal: false,
  };
}
