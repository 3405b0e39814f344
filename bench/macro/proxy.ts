/**
 * `bun bench/main.ts proxy`: nutcracker, our proxy and a bare redis-server side by side under
 * redis-benchmark, as throughput, CPU for each request and latency. Called by `main.ts`.
 */
import { writeFileSync } from "node:fs";
import { type Bar, checkBars } from "./bar.ts";
import { describeMachine } from "./machine.ts";
import { measure } from "./measure.ts";
import { proxyReport } from "./report.ts";
import { onStage } from "./stage.ts";
import { BASE, PEER, summarize } from "./summary.ts";
import type { Target } from "./target.ts";
import { quickened, WORKLOADS, type Workload } from "./workload.ts";

/** What the command line says. */
export interface ProxyBenchOptions {
  readonly rounds: number;
  /** Overrides the requests of one run of each workload. */
  readonly requests: number | undefined;
  /** Parts of names of workloads; empty for all. */
  readonly only: readonly string[];
  /** Names of targets in their order. */
  readonly targets: readonly string[];
  /** Commands of prototypes by name. */
  readonly commands: ReadonlyMap<string, string>;
  readonly jsonFile: string | undefined;
  readonly isQuick: boolean;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

const WARM_UP_SHARE = 0.25;

/** Runs the benchmark; the exit code is 0 when every run succeeded, whatever the figures are. */
export async function benchProxy(options: ProxyBenchOptions): Promise<number> {
  const workloads = chooseWorkloads(options);
  return await onStage(options.commands, async (stage) => {
    const machine = await describeMachine();
    const targets: Target[] = [];
    for (const name of options.targets) {
      targets.push(await stage.start(name));
    }
    const measurement = await measure(workloads, targets, {
      rounds: options.rounds,
      serverPids: stage.serverPids,
      warmUpShare: options.isQuick ? 0 : WARM_UP_SHARE,
      progress: options.progress,
    });
    const names = targets.map((target) => target.name);
    const rows = summarize(measurement, workloads, names);
    const bars = new Map<string, readonly Bar[]>(
      names
        .filter((name) => name !== PEER && name !== BASE && names.includes(PEER))
        .map((name) => [name, checkBars(measurement, workloads, name)]),
    );
    options.print(proxyReport({ machine, rows, workloads, targets, rounds: options.rounds, bars }));
    if (options.jsonFile !== undefined) {
      const record = { machine, workloads, ...measurement, bars: Object.fromEntries(bars) };
      writeFileSync(options.jsonFile, `${JSON.stringify(record, null, 1)}\n`);
    }
    return measurement.failures.length === 0 ? 0 : 1;
  });
}

/** The workloads that the options ask for, with their counts. Throws when none is left. */
export function chooseWorkloads(
  options: Pick<ProxyBenchOptions, "only" | "requests" | "isQuick">,
): readonly Workload[] {
  const { only, requests } = options;
  const chosen = WORKLOADS.filter(
    (workload) => only.length === 0 || only.some((part) => matches(workload.name, part)),
  );
  if (chosen.length === 0) {
    const names = WORKLOADS.map((workload) => workload.name).join("\n  ");
    throw new Error(`no workload has ${only.join(" or ")} in its name; there are:\n  ${names}`);
  }
  return chosen
    .map((workload) => (options.isQuick ? quickened(workload) : workload))
    .map((workload) => (requests === undefined ? workload : { ...workload, requests }));
}

function matches(name: string, part: string): boolean {
  return name.toLowerCase().includes(part.toLowerCase());
}
