/** Bars and summaries from made-up runs: ratios round by round, verdicts, missing rounds. */
import { describe, expect, test } from "bun:test";
import { checkBars } from "../../../bench/macro/bar.ts";
import type { Measurement, Run } from "../../../bench/macro/measure.ts";
import { barTable } from "../../../bench/macro/report.ts";
import { summarize } from "../../../bench/macro/summary.ts";
import type { Workload } from "../../../bench/macro/workload.ts";

const WORKLOAD: Workload = {
  name: "GET",
  operation: "GET",
  clients: 1,
  pipeline: 1,
  valueBytes: 64,
  keyCount: 10,
  requests: 100,
  cpuRatioMax: 0.9,
};

function run(target: string, round: number, cpuUsPerRequest: number, p99Ms: number): Run {
  return {
    workload: "GET",
    target,
    round,
    requests: 100,
    requestsPerSecond: 1_000,
    cpuUsPerRequest,
    cpuSource: "schedstat",
    serverCpuUsPerRequest: 1,
    loadCpuUsPerRequest: 1,
    p50Ms: 1,
    p99Ms,
    p999Ms: 3,
    rssBytes: 1_000_000 * round,
  };
}

/** Rounds of [ours, nutcracker's] CPU with the p99 of both. */
function measured(
  cpu: readonly (readonly [number, number])[],
  p99: readonly [number, number] = [1, 1],
): Measurement {
  const runs = cpu.flatMap(([ours, theirs], index) => [
    run("codis", index + 1, ours, p99[0]),
    run("nutcracker", index + 1, theirs, p99[1]),
  ]);
  return { runs, failures: [] };
}

describe("the CPU bar", () => {
  test("is the median of the ratios of the rounds, not the ratio of the medians", () => {
    // Ratios 0.5, 2, 0.8: median 0.8. Medians 10 and 16 would give 0.625.
    const bars = checkBars(
      measured([
        [8, 16],
        [40, 20],
        [10, 12.5],
      ]),
      [WORKLOAD],
      "codis",
    );
    expect(bars[0]).toMatchObject({ measured: "0.800", isMet: true, isGoal: false });
  });

  test("is missed above the ratio of the workload", () => {
    const bars = checkBars(measured([[9.1, 10]]), [WORKLOAD], "codis");
    expect(bars[0]).toMatchObject({ measured: "0.910", isMet: false });
  });

  test("comes with a goal that may be missed", () => {
    const workload = { ...WORKLOAD, cpuRatioMax: 1.1, cpuRatioGoal: 0.95 };
    const bars = checkBars(measured([[10, 10]]), [workload], "codis");
    expect(bars.map((bar) => [bar.isGoal, bar.isMet])).toEqual([
      [false, true],
      [true, false],
      [false, true],
    ]);
    expect(barTable("codis", bars)).toContain("goal missed");
  });

  test("is neither met nor missed without nutcracker", () => {
    const alone = { runs: [run("codis", 1, 10, 1)], failures: [] };
    const bars = checkBars(alone, [WORKLOAD], "codis");
    expect(bars.map((bar) => bar.isMet)).toEqual([undefined, undefined]);
  });
});

describe("the p99 bar", () => {
  const isMet = (ours: number, theirs: number): boolean | undefined =>
    checkBars(measured([[1, 1]], [ours, theirs]), [WORKLOAD], "codis").at(-1)?.isMet;

  test("allows 1.15 times, or 0.2 ms more", () => {
    expect(isMet(11.4, 10)).toBe(true);
    expect(isMet(0.69, 0.5)).toBe(true);
    expect(isMet(0.75, 0.5)).toBe(false);
  });
});

describe("summarize", () => {
  test("gives a row for each target, with ratios to the others only", () => {
    const rows = summarize(measured([[5, 10]]), [WORKLOAD], ["nutcracker", "codis", "redis"]);
    expect(rows.map((row) => row.target)).toEqual(["nutcracker", "codis", "redis"]);
    expect(rows.map((row) => row.cpuToNutcracker?.median)).toEqual([undefined, 0.5, undefined]);
    expect(rows[2]?.figures).toBeUndefined();
  });

  test("keeps the reason of a failure", () => {
    const failure = { workload: "GET", target: "codis", round: 2, reason: "it broke" };
    const { runs } = measured([[5, 10]]);
    const [row] = summarize({ runs, failures: [failure] }, [WORKLOAD], ["codis"]);
    expect(row).toMatchObject({ roundCount: 1, failure: "it broke" });
  });
});
