/**
 * `bun bench/main.ts workers`: throughput of our proxy with one worker and with two, and where the
 * processors' time went meanwhile: proxy, servers, load generator, idle. On a small machine the
 * generator and the servers need the processors too; the table shows what was left for a second worker.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, runLoad } from "./load.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable, spreadText, wholeNumber } from "./markdown.ts";
import { cpuBetween, readEndedChildrenUs, readUsage, TICK_US } from "./process-usage.ts";
import { fillKeys } from "./redis-wire.ts";
import { onStage, type Stage } from "./stage.ts";
import { byRound, type Spread, spreadOf } from "./statistic.ts";
import type { Target } from "./target.ts";

/** What the command line says. */
export interface WorkersBenchOptions {
  readonly rounds: number;
  /** Overrides the requests of one run of each load. */
  readonly requests: number | undefined;
  readonly target: string;
  readonly commands: ReadonlyMap<string, string>;
  readonly jsonFile: string | undefined;
  readonly isQuick: boolean;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** One run; shares are of one processor's time, so two busy processors make 2. */
interface WorkersRun {
  readonly load: string;
  readonly workers: number;
  readonly round: number;
  readonly requestsPerSecond: number;
  readonly proxyShare: number;
  readonly serverShare: number;
  readonly generatorShare: number;
  readonly idleShare: number;
}

type Share = "proxyShare" | "serverShare" | "generatorShare" | "idleShare";

const WORKER_COUNTS = [1, 2] as const;
const RUN_MS = 120_000;
const REST_MS = 100;
const QUICK_REQUESTS = 1_000;
const KEY_COUNT = 10_000;
const WARM_UP_PART = 4;

// Long runs: with threads the generator sees only every 250 ms that all requests are answered.
const LOADS: readonly (Omit<Load, "port"> & { readonly title: string })[] = [
  load("50 clients, no pipeline", 50, 1, 300_000),
  load("50 clients, pipeline 16", 50, 16, 2_500_000),
  load("8 clients, pipeline 64", 8, 64, 4_000_000),
];

/** Measures one and two workers in turn, on the same servers. */
export async function benchWorkers(options: WorkersBenchOptions): Promise<number> {
  const machine = await describeMachine();
  const runs = await onStage(options.commands, async (stage) => {
    const targets: (readonly [workers: number, target: Target])[] = [];
    for (const workers of WORKER_COUNTS) {
      targets.push([workers, await stage.start(options.target, workers)]);
    }
    return await measureAll(stage, targets, options);
  });
  options.print(`${machineLine(machine)}\n\n${workersReport(runs, options.rounds)}`);
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, runs }, null, 1)}\n`);
  }
  return 0;
}

async function measureAll(
  stage: Stage,
  targets: readonly (readonly [workers: number, target: Target])[],
  options: WorkersBenchOptions,
): Promise<readonly WorkersRun[]> {
  const runs: WorkersRun[] = [];
  for (const { title, ...full } of LOADS) {
    const requests = options.requests ?? (options.isQuick ? QUICK_REQUESTS : full.requests);
    for (const [, target] of targets) {
      await fillKeys(target.port, full.keyCount, full.valueBytes);
      const warmUp = Math.ceil(requests / WARM_UP_PART);
      await runLoad({ ...full, port: target.port, requests: warmUp }, RUN_MS);
    }
    for (let round = 1; round <= options.rounds; round += 1) {
      const turn = round % 2 === 0 ? targets.toReversed() : targets;
      for (const [workers, target] of turn) {
        options.progress(`${title}: ${workers} workers: round ${round}`);
        const figures = await runOnce(stage, target, { ...full, port: target.port, requests });
        runs.push({ load: title, workers, round, ...figures });
      }
    }
  }
  return runs;
}

async function runOnce(
  stage: Stage,
  target: Target,
  each: Load,
): Promise<Omit<WorkersRun, "load" | "workers" | "round">> {
  await sleep(REST_MS);
  const pids = [target.pid, ...stage.serverPids.values()];
  const before = pids.map(readUsage);
  const generatorBeforeUs = readEndedChildrenUs();
  const idleBeforeUs = readIdleUs();
  const startedAt = performance.now();
  const result = await runLoad(each, RUN_MS);
  const wallUs = (performance.now() - startedAt) * 1_000;
  const idleUs = readIdleUs() - idleBeforeUs;
  const generatorUs = readEndedChildrenUs() - generatorBeforeUs;
  const [proxyUs = 0, ...serversUs] = pids.map((pid, index) => {
    const earlier = before[index];
    return earlier === undefined ? 0 : cpuBetween(earlier, readUsage(pid)).us;
  });
  return {
    requestsPerSecond: result.requestsPerSecond,
    proxyShare: proxyUs / wallUs,
    serverShare: serversUs.reduce((sum, us) => sum + us, 0) / wallUs,
    generatorShare: generatorUs / wallUs,
    idleShare: idleUs / wallUs,
  };
}

/** Time that all processors together had nothing to do (proc(5): idle and iowait of `cpu`). */
function readIdleUs(): number {
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const fields = first.trim().split(/\s+/);
  return (Number(fields[4]) + Number(fields[5])) * TICK_US;
}

function workersReport(runs: readonly WorkersRun[], rounds: number): string {
  const heads = ["load (GET)", "workers:", "requests/s:", "to 1 worker:"];
  const shares = ["proxy:", "servers:", "generator:", "idle:"];
  const table = markdownTable(
    [...heads, ...shares],
    LOADS.flatMap(({ title }) =>
      WORKER_COUNTS.map((workers) => {
        const mine = runs.filter((run) => run.load === title && run.workers === workers);
        const single = runs.filter((run) => run.load === title && run.workers === 1);
        const share = (name: Share): string =>
          spreadText(spreadOf(mine.map((run) => run[name])), (value) => value.toFixed(2));
        return [
          title,
          `${workers}`,
          spreadText(spreadOf(mine.map((run) => run.requestsPerSecond)), wholeNumber),
          spreadText(workers === 1 ? undefined : speedUp(mine, single), (r) => r.toFixed(2)),
          share("proxyShare"),
          share("serverShare"),
          share("generatorShare"),
          share("idleShare"),
        ];
      }),
    ),
  );
  const note =
    `${rounds} rounds, redis-benchmark with 2 threads (which notice the end of a run up to 0.25 s late). ` +
    "The last columns are processors in use while the load ran: what the proxy, both servers and " +
    "the generator took, and what nobody used.";
  return `${table}\n\n${note}\n`;
}

function speedUp(mine: readonly WorkersRun[], single: readonly WorkersRun[]): Spread | undefined {
  const series = (from: readonly WorkersRun[]): ReadonlyMap<number, number> =>
    new Map(from.map((run) => [run.round, run.requestsPerSecond]));
  return spreadOf(byRound(series(mine), series(single), (two, one) => two / one));
}

function load(
  title: string,
  clients: number,
  pipeline: number,
  requests: number,
): Omit<Load, "port"> & { readonly title: string } {
  const operation = "GET";
  const values = { keyCount: KEY_COUNT, valueBytes: 64, threads: 2 };
  return { title, operation, clients, pipeline, requests, ...values };
}
