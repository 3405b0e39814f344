/**
 * Runs the workloads against the targets in turn, round after round, and records for each run what the
 * load generator saw and what the target's processes used. `report.ts` makes tables of the records.
 *
 * Invariant: within a round all targets see the same load right after one another, and the order of the
 * targets rotates from round to round, so that no target always comes first.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type LoadResult, MGET_KEY_COUNT, type Operation, runLoad } from "./load.ts";
import { cpuBetween, readEndedChildrenUs, readRssBytes, readUsage } from "./process-usage.ts";
import { fillKeys, readServerCounters, type ServerCounters } from "./redis-wire.ts";
import type { Target } from "./target.ts";
import type { Workload } from "./workload.ts";

/** One run of one workload against one target. */
export interface Run extends LoadResult {
  readonly workload: string;
  readonly target: string;
  /** Counted from 1. */
  readonly round: number;
  readonly requests: number;
  /** User and system time of the target's processes, divided by the requests. */
  readonly cpuUsPerRequest: number;
  readonly cpuSource: "schedstat" | "stat";
  /** The same for all redis-servers behind the target; for bare redis it is the target's own. */
  readonly serverCpuUsPerRequest: number;
  /** The same for redis-benchmark, its start included (grain 10 ms for the whole run). */
  readonly loadCpuUsPerRequest: number;
  /** Of the target's processes, right after the run. */
  readonly rssBytes: number;
}

/** A run that didn't come to its end, or whose answers weren't what they must be. */
export interface Failure {
  readonly workload: string;
  readonly target: string;
  readonly round: number;
  readonly reason: string;
}

/** All that was measured. */
export interface Measurement {
  readonly runs: readonly Run[];
  readonly failures: readonly Failure[];
}

/** How to measure. */
export interface MeasureOptions {
  readonly rounds: number;
  /** Process ids of the two servers by port. */
  readonly serverPids: ReadonlyMap<number, number>;
  /** Share of a run's requests that is sent once before the first round; 0 for none. */
  readonly warmUpShare: number;
  /** Called before each run with a line for the terminal. */
  readonly progress: (line: string) => void;
}

const RUN_MS = 120_000;
/** After a run the target may still close its connections. */
const REST_MS = 100;
/** Of 2 servers that share random keys evenly, each must see at least this share. */
const SERVER_SHARE_MIN = 0.25;
const KEYS_READ: Readonly<Record<Operation, number>> = { GET: 1, SET: 0, MGET: MGET_KEY_COUNT };

/** Measures all workloads; a failed run is recorded and its target left out of that workload. */
export async function measure(
  workloads: readonly Workload[],
  targets: readonly Target[],
  options: MeasureOptions,
): Promise<Measurement> {
  const runs: Run[] = [];
  const failures: Failure[] = [];
  for (const workload of workloads) {
    const failed = new Set<Target>();
    for (let round = 0; round <= options.rounds; round += 1) {
      for (const target of rotated(targets, round)) {
        if (failed.has(target)) {
          continue;
        }
        try {
          if (round === 0) {
            options.progress(`${workload.name}: ${target.name}: filling and warming up`);
            await prepare(workload, target, options);
          } else {
            options.progress(`${workload.name}: ${target.name}: round ${round}`);
            runs.push(await runOnce(workload, target, round, options));
          }
        } catch (thrown) {
          const reason = thrown instanceof Error ? thrown.message : String(thrown);
          failures.push({ workload: workload.name, target: target.name, round, reason });
          options.progress(`${workload.name}: ${target.name}: failed: ${reason}`);
          failed.add(target);
        }
      }
    }
  }
  return { runs, failures };
}

async function prepare(workload: Workload, target: Target, options: MeasureOptions): Promise<void> {
  await fillKeys(target.port, workload.keyCount, workload.valueBytes);
  const requests = Math.floor(workload.requests * options.warmUpShare);
  if (requests > 0) {
    await runLoad({ ...workload, port: target.port, requests }, RUN_MS);
  }
}

async function runOnce(
  workload: Workload,
  target: Target,
  round: number,
  options: MeasureOptions,
): Promise<Run> {
  const { requests } = workload;
  await sleep(REST_MS);
  const countersBefore = await Promise.all(target.serverPorts.map(readServerCounters));
  const serverPids = target.serverPorts.map((port) => options.serverPids.get(port) ?? 0);
  const serversBefore = serverPids.map(readUsage);
  const loadBeforeUs = readEndedChildrenUs();
  const before = readUsage(target.pid);

  const result = await runLoad({ ...workload, port: target.port }, RUN_MS);

  const after = readUsage(target.pid);
  const rssBytes = readRssBytes(target.pid);
  const loadUs = readEndedChildrenUs() - loadBeforeUs;
  const servers = serverPids.map(readUsage);
  const countersAfter = await Promise.all(target.serverPorts.map(readServerCounters));
  checkServers(workload, countersBefore, countersAfter);

  const cpu = cpuBetween(before, after);
  const serverUs = servers.reduce((sum, usage, index) => {
    const earlier = serversBefore[index];
    return earlier === undefined ? sum : sum + cpuBetween(earlier, usage).us;
  }, 0);
  return {
    ...result,
    workload: workload.name,
    target: target.name,
    round,
    requests,
    cpuUsPerRequest: cpu.us / requests,
    cpuSource: cpu.source,
    serverCpuUsPerRequest: serverUs / requests,
    loadCpuUsPerRequest: loadUs / requests,
    rssBytes,
  };
}

/** Throws unless the requests came to the servers, to both of them, and found all their keys. */
function checkServers(
  workload: Workload,
  before: readonly ServerCounters[],
  after: readonly ServerCounters[],
): void {
  const { requests, operation } = workload;
  const grown = (name: keyof ServerCounters): readonly number[] =>
    after.map((counters, index) => counters[name] - (before[index]?.[name] ?? 0));
  const total = (name: keyof ServerCounters): number =>
    grown(name).reduce((sum, count) => sum + count, 0);
  const commands = grown("commands");
  if (commands.some((count) => count < requests * SERVER_SHARE_MIN)) {
    throw new Error(`the servers got ${commands.join(" and ")} of ${requests} requests`);
  }
  const keysRead = requests * KEYS_READ[operation];
  const [hits, misses] = [total("hits"), total("misses")];
  if (hits < keysRead || misses > 0) {
    throw new Error(`of ${keysRead} keys ${hits} were found and ${misses} were not`);
  }
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
