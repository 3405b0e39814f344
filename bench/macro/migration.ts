/**
 * `bun bench/main.ts migration`: moves half of the slots of a stock server to another one: with a plain loop of SCAN
 * and MIGRATE, with the dashboard's mover (idle, under load, at a speed limit, four pairs at once), and through a whole
 * product with proxies (`migration-product.ts`).
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createMigrateMover } from "../../src/dashboard/migration/mover/migrate-mover.ts";
import { SharedPace } from "../../src/dashboard/operation/pace.ts";
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import type { Bar } from "./bar.ts";
import type { Load } from "./load.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable, wholeNumber } from "./markdown.ts";
import { measureProduct } from "./migration-product.ts";
import { type MoveFigures, measureMove } from "./migration-run.ts";
import { movePlainly } from "./plain-migrate.ts";
import { countKeys, fillKeys } from "./redis-wire.ts";
import { barTable } from "./report.ts";
import { runMover } from "./run-mover.ts";

/** How much is moved. */
export interface MigrationSizes {
  readonly keys: number;
  /** Keys of each of four pairs that move at once. */
  readonly pairKeys: number;
  /** Keys of the move at a speed limit, and of the one through a whole product. */
  readonly slowKeys: number;
  readonly productKeys: number;
  /** Requests of one run of the load. */
  readonly requests: number;
}

/** What the command line says. */
export interface MigrationBenchOptions extends MigrationSizes {
  /** Runs whose name contains one of them; empty: all. */
  readonly only: readonly string[];
  readonly jsonFile: string | undefined;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** Sizes of the issue. */
export const MIGRATION_SIZES: MigrationSizes = {
  keys: 2_000_000,
  pairKeys: 500_000,
  slowKeys: 200_000,
  productKeys: 2_000_000,
  requests: 20_000,
};
/** Sizes that only show that everything runs. */
export const QUICK_MIGRATION_SIZES: MigrationSizes = {
  keys: 20_000,
  pairKeys: 5_000,
  slowKeys: 10_000,
  productKeys: 10_000,
  requests: 2_000,
};

const SLOT_COUNT = 1024;
const MOVED_SLOTS: readonly number[] = Array.from({ length: SLOT_COUNT / 2 }, (_, id) => id);
const VALUE_BYTES = 64;
const PLAIN_BATCH = 200;
const CLIENTS = 10;
const PAIRS = 4;
const SLOW_KEYS_PER_SECOND = 10_000;
const MAX_STALL_MS = 5;
const IDLE_RATE_MIN = 65_000;
const LOAD_RATE_MIN = 50_000;
const SLOW_P99_RATIO_MAX = 3;
const SETTLED_MS = 12_000;
const UNLIMITED = { keysPerSecond: 0, bytesPerSecond: 0 };

interface Pair {
  readonly source: RedisServer;
  readonly target: RedisServer;
}

/** Runs everything; the exit code is 0 when it could be measured, whatever the figures are. */
export async function benchMigration(options: MigrationBenchOptions): Promise<number> {
  const machine = await describeMachine();
  const figures: MoveFigures[] = [];
  for (const [name, run] of RUNS) {
    if (options.only.length === 0 || options.only.some((part) => name.includes(part))) {
      options.progress(`${name} ...`);
      const measured = await run(options, name);
      figures.push(measured);
      options.progress(`${name}: ${wholeNumber(measured.keysPerSecond)} keys/s`);
    }
  }
  const bars = barTable("mover", barsOf(figures));
  options.print(`${machineLine(machine)}\n\n${figureTable(figures)}\n\n${bars}\n`);
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, figures }, null, 1)}\n`);
  }
  return 0;
}

type Run = (options: MigrationBenchOptions, name: string) => Promise<MoveFigures>;

const RUNS: readonly (readonly [name: string, run: Run])[] = [
  [
    `plain loop, batches of ${PLAIN_BATCH}`,
    (options, name) => measurePairs(name, 1, options.keys, undefined, plainMove),
  ],
  ["mover", (options, name) => measurePairs(name, 1, options.keys, undefined, moverMove())],
  [
    `mover, ${CLIENTS} clients`,
    (options, name) => measurePairs(name, 1, options.keys, options.requests, moverMove()),
  ],
  [
    `mover, ${CLIENTS} clients, ${SLOW_KEYS_PER_SECOND} keys/s`,
    (options, name) =>
      measurePairs(name, 1, options.slowKeys, options.requests, moverMove(SLOW_KEYS_PER_SECOND)),
  ],
  [
    `mover, ${PAIRS} pairs`,
    (options, name) => measurePairs(name, PAIRS, options.pairKeys, undefined, moverMove()),
  ],
  [
    "product",
    (options, name) => measureProduct({ name, keys: options.productKeys, load: undefined }),
  ],
  [
    `product, ${CLIENTS} clients`,
    (options, name) =>
      measureProduct({
        name,
        keys: options.productKeys,
        load: loadOf(0, options.requests, options.productKeys),
      }),
  ],
];

/** Starts pairs of servers, fills the sources, and moves half of the slots of all at once. */
async function measurePairs(
  name: string,
  pairCount: number,
  keys: number,
  requests: number | undefined,
  move: (pair: Pair) => Promise<number>,
): Promise<MoveFigures> {
  const servers: RedisServer[] = [];
  try {
    const pairs: Pair[] = [];
    for (let index = 0; index < pairCount; index += 1) {
      const source = await startRedis();
      servers.push(source);
      const target = await startRedis();
      servers.push(target);
      pairs.push({ source, target });
    }
    const startedAt = performance.now();
    for (const { source } of pairs) {
      await fillKeys(source.port, keys, VALUE_BYTES);
    }
    // A mover lets a source that has just started wait for a second.
    await sleep(Math.max(0, SETTLED_MS - (performance.now() - startedAt)));
    const sources = pairs.map(({ source }) => source.port);
    const targets = pairs.map(({ target }) => target.port);
    const figures = await measureMove({
      name,
      ports: [...sources, ...targets],
      load: requests === undefined ? undefined : loadOf(sources[0] ?? 0, requests, keys),
      moverPid: undefined,
      move: async () => {
        const moved = await Promise.all(pairs.map(move));
        return moved.reduce((sum, count) => sum + count, 0);
      },
    });
    await checkSizes(pairs, keys, figures.keys);
    return figures;
  } finally {
    await Promise.allSettled(servers.map((server) => server.stop()));
  }
}

function loadOf(port: number, requests: number, keyCount: number): Load {
  return {
    port,
    clients: CLIENTS,
    pipeline: 1,
    requests,
    keyCount,
    valueBytes: VALUE_BYTES,
    operation: "GET",
  };
}

/** A move that lost keys isn't measured. */
async function checkSizes(pairs: readonly Pair[], keys: number, moved: number): Promise<void> {
  let atTargets = 0;
  for (const { source, target } of pairs) {
    const atTarget = await countKeys(target.port);
    atTargets += atTarget;
    if ((await countKeys(source.port)) + atTarget !== keys) {
      throw new Error(`of ${keys} keys some are lost, or are on both servers`);
    }
  }
  if (atTargets !== moved) {
    throw new Error(`${moved} keys were told to have moved, ${atTargets} are at the targets`);
  }
}

async function plainMove({ source, target }: Pair): Promise<number> {
  return await movePlainly({
    sourceAddr: source.addr,
    targetPort: target.port,
    slotCount: SLOT_COUNT,
    isWanted: (slotId) => slotId < MOVED_SLOTS.length,
    batchKeys: PLAIN_BATCH,
  });
}

function moverMove(keysPerSecond = 0): (pair: Pair) => Promise<number> {
  const pace = new SharedPace();
  pace.set({ speed: { ...UNLIMITED, keysPerSecond }, intervalUs: 0, isStopped: false });
  return ({ source, target }) =>
    runMover({
      sourceAddr: source.addr,
      targetAddr: target.addr,
      slotCount: SLOT_COUNT,
      slotIds: MOVED_SLOTS,
      pace,
      maxStallMs: MAX_STALL_MS,
      create: createMigrateMover,
    });
}

function figureTable(figures: readonly MoveFigures[]): string {
  const heads = ["move", "keys:", "s:", "keys/s:", "CPU us/key:", "ping p99 ms:", "longest ms:"];
  return markdownTable(
    [...heads, "clients/s before:", "p99 ms:", "clients/s during:", "p99 ms (worst):"],
    figures.map(({ name, keys, seconds, keysPerSecond, cpuUsPerKey, pings, before, during }) => [
      name,
      wholeNumber(keys),
      seconds.toFixed(1),
      wholeNumber(keysPerSecond),
      cpuUsPerKey.toFixed(1),
      // Sources, and targets.
      [pings.slice(0, pings.length / 2), pings.slice(pings.length / 2)]
        .map((half) => Math.max(...half.map(({ p99 }) => p99)).toFixed(2))
        .join(" / "),
      Math.max(...pings.map(({ max }) => max)).toFixed(1),
      before === undefined ? "–" : wholeNumber(before.requestsPerSecond),
      before === undefined ? "–" : before.p99Ms.toFixed(2),
      during === undefined ? "–" : wholeNumber(during.requestsPerSecond),
      during === undefined ? "–" : `${during.p99Ms.toFixed(2)} (${during.worstP99Ms.toFixed(2)})`,
    ]),
  );
}

function barsOf(figures: readonly MoveFigures[]): readonly Bar[] {
  return figures.flatMap((run): readonly Bar[] => {
    const bar = (demand: string, measured: string, isMet: boolean | undefined): Bar => ({
      workload: run.name,
      demand,
      measured,
      isMet,
      isGoal: false,
    });
    const rate = (min: number): Bar =>
      bar(
        `at least ${wholeNumber(min)} keys/s`,
        wholeNumber(run.keysPerSecond),
        run.keysPerSecond >= min,
      );
    const pingP99 = Math.max(...run.pings.map(({ p99 }) => p99));
    const ping = bar(
      `PING p99 at most ${MAX_STALL_MS} ms`,
      `${pingP99.toFixed(2)} ms`,
      pingP99 <= MAX_STALL_MS,
    );
    if (run.name.startsWith("plain") || run.name.includes("pairs")) {
      return [];
    }
    const { before, during } = run;
    if (before === undefined || during === undefined) {
      return [rate(IDLE_RATE_MIN), ping];
    }
    if (run.name.includes(`${SLOW_KEYS_PER_SECOND}`)) {
      const ratio = during.p99Ms / before.p99Ms;
      const demand = `client p99 at most ${SLOW_P99_RATIO_MAX} times that before`;
      return [bar(demand, ratio.toFixed(2), ratio <= SLOW_P99_RATIO_MAX)];
    }
    const demand = `client p99 at most ${MAX_STALL_MS} ms`;
    const isMet = during.p99Ms <= MAX_STALL_MS;
    return [rate(LOAD_RATE_MIN), bar(demand, `${during.p99Ms.toFixed(2)} ms`, isMet)];
  });
}
