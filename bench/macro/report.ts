/**
 * Makes the text of the proxy benchmark, ready for docs/performance.md: the machine, the commands, one
 * table of figures, the bars. Only formats; nothing is computed here.
 */
import type { Bar } from "./bar.ts";
import { loadCommand } from "./load.ts";
import { type Machine, machineLine } from "./machine.ts";
import { markdownTable, megabytes, spreadText, wholeNumber } from "./markdown.ts";
import type { Row } from "./summary.ts";
import type { Target } from "./target.ts";
import type { Workload } from "./workload.ts";

/** What is to be said. */
export interface ReportInput {
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly workloads: readonly Workload[];
  readonly targets: readonly Pick<Target, "name" | "command">[];
  readonly rounds: number;
  /** Bars by target. */
  readonly bars: ReadonlyMap<string, readonly Bar[]>;
}

/** The whole report as Markdown. */
export function proxyReport(input: ReportInput): string {
  const parts = [
    machineLine(input.machine),
    `${input.rounds} rounds; each figure is the median, with the lowest and highest round. CPU is user ` +
      "and system time of the target's processes; ratios of CPU are taken round by round.",
    figureTable(input.rows),
    ...[...input.bars].map(([target, bars]) => barTable(target, bars)),
    commandList(input),
  ];
  const failures = input.rows.filter((row) => row.failure !== undefined);
  if (failures.length > 0) {
    parts.push(
      failures.map((r) => `Failed: ${r.workload.name}: ${r.target}: ${r.failure}`).join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

function figureTable(rows: readonly Row[]): string {
  const heads = ["workload", "target", "requests/s:", "CPU µs/request:", "to nutcracker:"];
  const more = ["to redis:", "p50 ms:", "p99 ms:", "p99.9 ms:", "RSS MB:"];
  return markdownTable(
    [...heads, ...more],
    rows.map((row) => {
      const { figures } = row;
      return [
        row.workload.name,
        row.target,
        spreadText(figures?.requestsPerSecond, wholeNumber),
        spreadText(figures?.cpuUsPerRequest, (value) => value.toFixed(2)),
        spreadText(row.cpuToNutcracker, (value) => value.toFixed(2)),
        spreadText(row.cpuToRedis, (value) => value.toFixed(2)),
        spreadText(figures?.p50Ms, (value) => value.toFixed(2)),
        spreadText(figures?.p99Ms, (value) => value.toFixed(2)),
        spreadText(figures?.p999Ms, (value) => value.toFixed(2)),
        // The highest of the rounds: what an operator has to provide.
        figures === undefined ? "–" : megabytes(figures.rssBytes.max),
      ];
    }),
  );
}

/** A table of bars with their verdicts; also used by the memory benchmark. */
export function barTable(target: string, bars: readonly Bar[]): string {
  return markdownTable(
    [`bar (${target})`, "demand", "measured", "verdict"],
    bars.map((bar) => [bar.workload, bar.demand, bar.measured, verdict(bar)]),
  );
}

function verdict(bar: Bar): string {
  if (bar.isMet === undefined) {
    return "–";
  }
  if (bar.isMet) {
    return bar.isGoal ? "goal met" : "ok";
  }
  return bar.isGoal ? "goal missed" : "MISSED";
}

function commandList(input: ReportInput): string {
  const targets = input.targets.map((target) => `${target.name}: ${target.command}`);
  const loads = input.workloads.map((workload) => {
    const command = loadCommand({ ...workload, port: 0 }).join(" ");
    return `${workload.name}: ${command.replace("-p 0 ", "")}`;
  });
  return ["```", ...targets, ...loads, "```"].join("\n");
}
