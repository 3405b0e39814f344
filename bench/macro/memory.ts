/**
 * `bun bench/main.ts memory`: resident memory of the proxy (all its processes) against the bars of its
 * issue: with idle clients, after many connections opened and closed, after many requests, and with ten
 * thousand clients, which must all be served. Each part starts a proxy of its own.
 *
 * A figure is the highest of several samples after a rest, so that a lucky collection of garbage
 * doesn't decide.
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
const SAMPLES = 5;
const SAMPLE_PAUSE_MS = 200;
const LOAD_MS = 600_000;

/** One reading. */
interface Reading {
  readonly when: string;
  readonly rssBytes: number;
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
    ["when", "RSS MB:"],
    readings.map((reading) => [reading.when, megabytes(reading.rssBytes)]),
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
    const readings = [await read(target, options, "at the start")];
    await process.order({ open: clients });
    const idle = await read(target, options, `${wholeNumber(clients)} idle clients`);
    readings.push(idle);
    return { readings, bars: [belowBar(idle, IDLE_BYTES_MAX)] };
  });
}

async function connectionPart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const each = Math.ceil(options.connections / PARTS);
  return await withClients(target, async (process) => {
    const readings: Reading[] = [];
    for (let part = 1; part <= PARTS; part += 1) {
      await process.order({ churn: each });
      const when = `${wholeNumber(part * each)} connections opened and closed`;
      readings.push(await read(target, options, when));
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
    for (const load of loads) {
      await runLoad(load, LOAD_MS);
    }
    readings.push(await read(target, options, `${wholeNumber(part * each)} requests`));
  }
  return { readings, bars: [growthBar(readings)] };
}

async function manyClientsPart(target: Target, options: MemoryBenchOptions): Promise<Part> {
  const { manyClients } = options;
  const when = `${wholeNumber(manyClients)} connected clients`;
  return await withClients(target, async (process) => {
    await process.order({ open: manyClients });
    const connected = await read(target, options, when);
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

async function read(target: Target, options: MemoryBenchOptions, when: string): Promise<Reading> {
  await sleep(options.isQuick ? 0 : REST_MS);
  let rssBytes = 0;
  for (let sample = 0; sample < (options.isQuick ? 1 : SAMPLES); sample += 1) {
    rssBytes = Math.max(rssBytes, readRssBytes(target.pid));
    await sleep(options.isQuick ? 0 : SAMPLE_PAUSE_MS);
  }
  options.progress(`${when}: ${megabytes(rssBytes)} MB`);
  return { when, rssBytes };
}

function belowBar(reading: Reading, bytesMax: number): Bar {
  return {
    workload: reading.when,
    demand: `under ${megabytes(bytesMax)} MB`,
    measured: `${megabytes(reading.rssBytes)} MB`,
    isMet: reading.rssBytes < bytesMax,
    isGoal: false,
  };
}

/** Compares the last reading with the first one, which is at a tenth of the way. */
function growthBar(readings: readonly Reading[]): Bar {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) {
    throw new Error("no readings");
  }
  const grownBytes = last.rssBytes - first.rssBytes;
  return {
    workload: last.when,
    demand: `at most ${megabytes(GROWTH_BYTES_MAX)} MB above the value after a tenth`,
    measured: `${megabytes(last.rssBytes)} MB after ${megabytes(first.rssBytes)} MB`,
    isMet: grownBytes <= GROWTH_BYTES_MAX,
    isGoal: false,
  };
}
