/**
 * `bun bench/main.ts memory`: resident memory of the proxy (all its processes) against the bars of its
 * issue: with idle clients, after many connections opened and closed, after many requests, and with ten
 * thousand clients, which must all be served. Each part starts a proxy of its own.
 *
 * Two figures for each step: at rest after it, and the highest while it ran. Memory of a runtime with a
 * garbage collector is a saw, so the bars are held against the highest: where the saw stands at one
 * moment says nothing.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bar } from "./bar.ts";
import { type ClientProcess, startClients } from "./client-process.ts";
import { CLIENT_KEY, CLIENT_VALUE } from "./client-script.ts";
import { type Load, runLoad } from "./load.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable, megabytes, wholeNumber } from "./markdown.ts";
import { readRssBytes } from "./process-usage.ts";
import { fillKeys, storeKey } from "./redis-wire.ts";
import { barTable } from "./report.ts";
import { onStage, type Stage } from "./stage.ts";
import type { Target } from "./target.ts";

/** How much of everything. */
export interface MemorySizes {
  /** Idle clients of the first part. */
  readonly clients: number;
  /** Connections opened and closed in the second. */
  readonly connections: number;
  /** Requests of the third. */
  readonly requests: number;
  /** Clients of the last. */
  readonly manyClients: number;
}

/** What the command line says. */
export interface MemoryBenchOptions extends MemorySizes {
  readonly target: string;
  readonly commands: ReadonlyMap<string, string>;
  readonly jsonFile: string | undefined;
  readonly isQuick: boolean;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** Sizes of the issue. */
export const FULL_SIZES: MemorySizes = {
  clients: 1_000,
  connections: 500_000,
  requests: 10_000_000,
  manyClients: 10_000,
};
/** Sizes that only show that everything runs. */
export const QUICK_SIZES: MemorySizes = {
  clients: 20,
  connections: 100,
  requests: 10_000,
  manyClients: 60,
};

const IDLE_BYTES_MAX = 120 * 1_024 ** 2;
const GROWTH_BYTES_MAX = 20 * 1_024 ** 2;
const PARTS = 10;
const REST_MS = 2_000;
const SAMPLE_PAUSE_MS = 200;
const LOAD_MS = 600_000;

/** Memory in and after one step. */
interface Reading {
  readonly when: string;
  /** After the step and a rest. */
  readonly restBytes: number;
  /** The highest of all samples, from the step's start on. */
  readonly peakBytes: number;
}

interface Part {
  readonly readings: readonly Reading[];
  readonly bars: readonly Bar[];
}

/** Runs all parts; the exit code is 0 when everything was served, whatever the figures are. */
export async function benchMemory(options: MemoryBenchOptions): Promise<number> {
  const machine = await describeMachine();
  const readings: Reading[] = [];
  const bars: Bar[] = [];
  for (const part of [idlePart, connectionPart, requestPart, manyClientsPart]) {
    const result = await onStage(options.commands, async (stage) =>
      part(await startTarget(stage, options), options),
    );
    readings.push(...result.readings);
    bars.push(...result.bars);
  }
  const table = markdownTable(
    ["after", "RSS MB at rest:", "highest meanwhile:"],
    readings.map((reading) => [
      reading.when,
      megabytes(reading.restBytes),
      megabytes(reading.peakBytes),
    ]),
  );
  const { target } = options;
  options.print(`${machineLine(machine)}\n\n${table}\n\n${barTable(target, bars)}\n`);
  if (options.jsonFile !== undefined) {
    const record = { machine, target, readings, bars };
    writeFileSync(options.jsonFile, `${JSON.stringify(record, null, 1)}\n`);
  }
  return 0;
}

async function startTarget(stage: Stage, options: MemoryBenchOptions): Promise<Target> {
  const target = await stage.start(options.target);
  await storeKey(target.port, CLIENT_KEY, CLIENT_VALUE);
  return target;
}

async function idlePart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const { clients } = options;
  return await withClients(target, async (process) => {
    const start = await watch(target, options, "the start", () => Promise.resolve());
    const idle = await watch(target, options, `${wholeNumber(clients)} idle clients`, () =>
      process.order({ open: clients }),
    );
    return { readings: [start, idle], bars: [belowBar(idle, IDLE_BYTES_MAX)] };
  });
}

async function connectionPart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const each = Math.ceil(options.connections / PARTS);
  return await withClients(target, async (process) => {
    const readings: Reading[] = [];
    for (let part = 1; part <= PARTS; part += 1) {
      const when = `${wholeNumber(part * each)} connections opened and closed`;
      readings.push(await watch(target, options, when, () => process.order({ churn: each })));
    }
    return { readings, bars: [growthBar(readings)] };
  });
}

async function requestPart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const each = Math.ceil(options.requests / PARTS);
  const base = { port: target.port, clients: 50, pipeline: 16, keyCount: 10_000, valueBytes: 64 };
  await fillKeys(target.port, base.keyCount, base.valueBytes);
  const share = (requests: number): number => Math.max(1, Math.floor(requests));
  const mget = share(each / 20);
  const unpipelined = share(each / 20);
  const rest = share((each - mget - unpipelined) / 2);
  const loads: readonly Load[] = [
    { ...base, operation: "GET", requests: rest },
    { ...base, operation: "SET", requests: rest },
    { ...base, operation: "GET", requests: unpipelined, pipeline: 1 },
    { ...base, operation: "MGET", requests: mget },
  ];
  const readings: Reading[] = [];
  for (let part = 1; part <= PARTS; part += 1) {
    const run = async (): Promise<void> => {
      for (const load of loads) {
        await runLoad(load, LOAD_MS);
      }
    };
    readings.push(await watch(target, options, `${wholeNumber(part * each)} requests`, run));
  }
  return { readings, bars: [growthBar(readings)] };
}

async function manyClientsPart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const { manyClients } = options;
  const when = `${wholeNumber(manyClients)} connected clients`;
  return await withClients(target, async (process) => {
    const connected = await watch(target, options, when, () =>
      process.order({ open: manyClients }),
    );
    const answered = await process.order({ ask: true });
    const load = { clients: 50, pipeline: 1, keyCount: 1_000, valueBytes: 64, requests: 10_000 };
    await fillKeys(target.port, load.keyCount, load.valueBytes);
    const others = await runLoad({ ...load, port: target.port, operation: "GET" }, LOAD_MS);
    const bar: Bar = {
      workload: when,
      demand: "all are served, and others beside them",
      measured:
        `${wholeNumber(answered)} answered; 50 others: ` +
        `${wholeNumber(others.requestsPerSecond)} requests/s, p99 ${others.p99Ms} ms`,
      isMet: answered === manyClients,
      isGoal: false,
    };
    return { readings: [connected], bars: [bar] };
  });
}

async function withClients<Result>(
  target: Target,
  play: (process: ClientProcess) => Promise<Result>,
): Promise<Result> {
  const process = startClients(target.port);
  try {
    return await play(process);
  } finally {
    await process.stop();
  }
}

/** Samples the memory while `step` runs and in the rest after it. */
async function watch(
  target: Target,
  options: MemoryBenchOptions,
  when: string,
  step: () => Promise<unknown>,
): Promise<Reading> {
  let peakBytes = 0;
  const sample = (): number => {
    const rssBytes = readRssBytes(target.pid);
    peakBytes = Math.max(peakBytes, rssBytes);
    return rssBytes;
  };
  const whileRunning = setInterval(() => {
    // A target that has died is told by the clients, with the better reason.
    if (target.isAlive) {
      sample();
    }
  }, SAMPLE_PAUSE_MS);
  try {
    await step();
  } finally {
    clearInterval(whileRunning);
  }
  await sleep(options.isQuick ? 0 : REST_MS);
  const restBytes = sample();
  options.progress(`${when}: ${megabytes(restBytes)} MB, highest ${megabytes(peakBytes)} MB`);
  return { when, restBytes, peakBytes };
}

function belowBar(reading: Reading, bytesMax: number): Bar {
  return {
    workload: reading.when,
    demand: `under ${megabytes(bytesMax)} MB`,
    measured: `${megabytes(reading.peakBytes)} MB`,
    isMet: reading.peakBytes < bytesMax,
    isGoal: false,
  };
}

/** Compares the last tenth with the first one. */
function growthBar(readings: readonly Reading[]): Bar {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) {
    throw new Error("no readings");
  }
  const grownBytes = last.peakBytes - first.peakBytes;
  return {
    workload: last.when,
    demand: `at most ${megabytes(GROWTH_BYTES_MAX)} MB above the first tenth`,
    measured: `${megabytes(last.peakBytes)} MB, in the first tenth ${megabytes(first.peakBytes)} MB`,
    isMet: grownBytes <= GROWTH_BYTES_MAX,
    isGoal: false,
  };
}
