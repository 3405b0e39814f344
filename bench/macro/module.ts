/**
 * `bun bench/main.ts module`: the slots commands of the module on stock servers. How long a large key that moves keeps
 * others waiting, how fast small keys move, and what the module costs while nothing does. Only puts together what
 * `module-big-key.ts`, `module-small-keys.ts` and `module-writes.ts` measure.
 */
import { writeFileSync } from "node:fs";
import type { Bar } from "./bar.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable, wholeNumber } from "./markdown.ts";
import type { MoveFigures } from "./migration-run.ts";
import { type BigKeyFigures, measureBigKey } from "./module-big-key.ts";
import { measureSmallKeys, SMALL_KEY_CLIENTS, type SmallKeyWay } from "./module-small-keys.ts";
import {
  type ModuleCost,
  measureModuleCost,
  WRITE_SERVERS,
  type WriteSizes,
} from "./module-writes.ts";
import { barTable } from "./report.ts";

/** How much is moved and written. */
export interface ModuleSizes extends WriteSizes {
  readonly fields: number;
  /** Keys of each move of small ones. */
  readonly keys: number;
  /** Requests of one run of the load meanwhile. */
  readonly requests: number;
}

/** What the command line says. */
export interface ModuleBenchOptions extends ModuleSizes {
  /** Parts whose name contains one of them; empty: all. */
  readonly only: readonly string[];
  readonly jsonFile: string | undefined;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** Sizes of the issue. */
export const MODULE_SIZES: ModuleSizes = {
  fields: 1_000_000,
  keys: 350_000,
  requests: 20_000,
  rounds: 12,
  movingRounds: 4,
  plainRequests: 75_000,
  pipelineRequests: 500_000,
  memoryKeys: 300_000,
};
/** Sizes that only show that everything runs. */
export const QUICK_MODULE_SIZES: ModuleSizes = {
  fields: 20_000,
  keys: 40_000,
  requests: 2_000,
  rounds: 1,
  movingRounds: 1,
  plainRequests: 2_000,
  pipelineRequests: 20_000,
  memoryKeys: 10_000,
};

const STALL_P999_MS = 5;
const WORST_MORE_MS = 20;
const MIGRATE_WORST_MIN_MS = 1_000;
const IDLE_RATE_MIN = 100_000;
const PLAIN_RATIO_MIN = 0.97;
const PIPELINE_RATIO_MIN = 0.88;
/** The module's tables are 8 KB for each database: of so many keys that is less than this. */
const MORE_BYTES_MAX = 0.1;

interface Results {
  bigKey: readonly BigKeyFigures[];
  smallKeys: MoveFigures[];
  cost: ModuleCost | undefined;
}

const MOVES: readonly (readonly [name: string, way: SmallKeyWay, hasLoad: boolean])[] = [
  ["command, idle", "command", false],
  ["semi-async mover, idle", "semi-async", false],
  [`semi-async mover, ${SMALL_KEY_CLIENTS} clients`, "semi-async", true],
  [`MIGRATE mover, ${SMALL_KEY_CLIENTS} clients`, "MIGRATE", true],
];

/** Runs everything; the exit code is 0 when it could be measured, whatever the figures are. */
export async function benchModule(options: ModuleBenchOptions): Promise<number> {
  const { only, progress, print } = options;
  const isWanted = (part: string): boolean =>
    only.length === 0 || only.some((text) => part.includes(text));
  const machine = await describeMachine();
  const results: Results = { bigKey: [], smallKeys: [], cost: undefined };
  if (isWanted("large key")) {
    progress(`large key: a hash of ${wholeNumber(options.fields)} fields ...`);
    results.bigKey = await measureBigKey(options.fields);
    progress(bigKeyTable(options.fields, results.bigKey));
  }
  if (isWanted("small keys")) {
    progress("small keys ...");
    const moves = MOVES.map(([name, way, hasLoad]) => ({
      name,
      way,
      keys: options.keys,
      requests: hasLoad ? options.requests : undefined,
    }));
    await measureSmallKeys(moves, (figures) => {
      results.smallKeys.push(figures);
      progress(`${figures.name}: ${wholeNumber(figures.keysPerSecond)} keys/s`);
    });
  }
  if (isWanted("writes")) {
    progress("writes ...");
    results.cost = await measureModuleCost(options);
    progress(costTable(results.cost));
  }
  const tables = [
    ...(results.bigKey.length === 0 ? [] : [bigKeyTable(options.fields, results.bigKey)]),
    ...(results.smallKeys.length === 0 ? [] : [smallKeyTable(results.smallKeys)]),
    ...(results.cost === undefined ? [] : [costTable(results.cost)]),
    barTable("module", barsOf(results)),
  ];
  print(`${machineLine(machine)}\n\n${tables.join("\n\n")}\n`);
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, ...results }, null, 1)}\n`);
  }
  return 0;
}

function bigKeyTable(fields: number, figures: readonly BigKeyFigures[]): string {
  return markdownTable(
    [
      `hash of ${wholeNumber(fields)} fields`,
      "server",
      "s:",
      "pings:",
      "p50 ms:",
      "p99 ms:",
    ].concat(["p99.9 ms:", "worst ms:"]),
    figures.flatMap(({ name, seconds, pings }) =>
      pings.map((ping, index) => [
        name,
        index === 0 ? "source" : "target",
        seconds.toFixed(2),
        wholeNumber(ping.count),
        ...[ping.p50, ping.p99, ping.p999, ping.max].map((ms) => ms.toFixed(2)),
      ]),
    ),
  );
}

function smallKeyTable(figures: readonly MoveFigures[]): string {
  return markdownTable(
    ["small keys", "keys:", "s:", "keys/s:", "ping p99 ms:", "longest ms:"].concat([
      "clients/s before:",
      "p99 ms:",
      "clients/s during:",
      "p99 ms (worst):",
    ]),
    figures.map(({ name, keys, seconds, keysPerSecond, pings, before, during }) => [
      name,
      wholeNumber(keys),
      seconds.toFixed(1),
      wholeNumber(keysPerSecond),
      pings.map(({ p99 }) => p99.toFixed(2)).join(" / "),
      Math.max(...pings.map(({ max }) => max)).toFixed(1),
      before === undefined ? "–" : wholeNumber(before.requestsPerSecond),
      before === undefined ? "–" : before.p99Ms.toFixed(2),
      during === undefined ? "–" : wholeNumber(during.requestsPerSecond),
      during === undefined ? "–" : `${during.p99Ms.toFixed(2)} (${during.worstP99Ms.toFixed(2)})`,
    ]),
  );
}

function costTable(cost: ModuleCost): string {
  const memory = `${cost.bytesPerKey.toFixed(1)} bytes of memory a key (${wholeNumber(cost.memoryKeys)} keys)`;
  return [
    markdownTable(
      ["writes of new keys", "server", "pieces:", "requests/s:", "to stock:", "quartiles:"].concat([
        "CPU us a request:",
        "to stock:",
      ]),
      cost.writes.flatMap(({ name, servers }) =>
        WRITE_SERVERS.map((server) => {
          const figures = servers[server];
          return [
            name,
            server,
            `${figures.pieces}`,
            wholeNumber(figures.rate),
            figures.ratio.toFixed(3),
            figures.quartiles.map((ratio) => ratio.toFixed(3)).join(" to "),
            figures.cpuUs.toFixed(3),
            figures.cpuRatio.toFixed(3),
          ];
        }),
      ),
    ),
    `${memory} in a stock server, ${cost.moreBytesPerKey.toFixed(3)} more with the module.`,
  ].join("\n\n");
}

function barsOf({ bigKey, smallKeys, cost }: Results): readonly Bar[] {
  return [...bigKeyBars(bigKey), ...smallKeyBars(smallKeys), ...costBars(cost)];
}

function bar(workload: string, demand: string, measured: string, isMet: boolean): Bar {
  return { workload, demand, measured, isMet, isGoal: false };
}

function bigKeyBars(figures: readonly BigKeyFigures[]): readonly Bar[] {
  const [quiet, moved, migrated] = figures;
  if (quiet === undefined || moved === undefined || migrated === undefined) {
    return [];
  }
  const servers = ["source", "target"].flatMap((name, index) => {
    const ping = moved.pings[index];
    const before = quiet.pings[index];
    if (ping === undefined || before === undefined) {
      return [];
    }
    const more = ping.max - before.max;
    return [
      bar(
        `large key: ${name}`,
        `PING p99.9 at most ${STALL_P999_MS} ms`,
        `${ping.p999.toFixed(2)} ms`,
        ping.p999 <= STALL_P999_MS,
      ),
      bar(
        `large key: ${name}`,
        `worst PING at most ${WORST_MORE_MS} ms above the worst without`,
        `${more.toFixed(2)} ms`,
        more <= WORST_MORE_MS,
      ),
    ];
  });
  const worst = Math.max(...migrated.pings.map(({ max }) => max));
  const demand = `stalls over ${wholeNumber(MIGRATE_WORST_MIN_MS)} ms`;
  const isMet = worst > MIGRATE_WORST_MIN_MS;
  return [...servers, bar("large key: MIGRATE", demand, `${wholeNumber(worst)} ms`, isMet)];
}

function smallKeyBars(figures: readonly MoveFigures[]): readonly Bar[] {
  const [command, , semiAsync, migrate] = figures;
  if (command === undefined || semiAsync?.during === undefined || migrate?.during === undefined) {
    return [];
  }
  const rates = [semiAsync.keysPerSecond, migrate.keysPerSecond] as const;
  const p99 = [semiAsync.during.p99Ms, migrate.during.p99Ms] as const;
  return [
    bar(
      `small keys: ${command.name}`,
      `at least ${wholeNumber(IDLE_RATE_MIN)} keys/s`,
      wholeNumber(command.keysPerSecond),
      command.keysPerSecond >= IDLE_RATE_MIN,
    ),
    bar(
      `small keys: ${semiAsync.name}`,
      "at least as fast as the MIGRATE mover",
      `${wholeNumber(rates[0])} and ${wholeNumber(rates[1])} keys/s`,
      rates[0] >= rates[1],
    ),
    bar(
      `small keys: ${semiAsync.name}`,
      "client p99 lower than with the MIGRATE mover",
      `${p99[0].toFixed(2)} and ${p99[1].toFixed(2)} ms`,
      p99[0] < p99[1],
    ),
  ];
}

function costBars(cost: ModuleCost | undefined): readonly Bar[] {
  const [plain, pipeline] = cost?.writes ?? [];
  if (cost === undefined || plain === undefined || pipeline === undefined) {
    return [];
  }
  const ratio = (name: string, measured: number, min: number): Bar =>
    bar(
      `writes: ${name}`,
      `at least ${min} of a stock server`,
      measured.toFixed(3),
      measured >= min,
    );
  return [
    ratio(plain.name, plain.servers.module.ratio, PLAIN_RATIO_MIN),
    ratio(pipeline.name, pipeline.servers.module.ratio, PIPELINE_RATIO_MIN),
    bar(
      "memory",
      "none for each key",
      `${cost.moreBytesPerKey.toFixed(3)} bytes more`,
      cost.moreBytesPerKey <= MORE_BYTES_MAX,
    ),
  ];
}
