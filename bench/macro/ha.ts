/**
 * `bun bench/main.ts ha`: how long a dead master, a planned promotion and a rolling restart of all proxies keep clients
 * waiting, each many times over on one product of real processes, and that nothing is lost where nothing may be.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../test/support/deadline.ts";
import { PacedWriter } from "../../test/support/paced-writer.ts";
import { ReplicatedProduct } from "../../test/support/replicated-product.ts";
import { slotOfText } from "../../test/support/slot-of-text.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import type { Bar } from "./bar.ts";
import { restartProxies } from "./ha-rolling.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable } from "./markdown.ts";
import { barTable } from "./report.ts";

/** How often, and how hard. */
export interface HaSizes {
  readonly failovers: number;
  readonly promotions: number;
  readonly writesPerSecond: number;
  readonly rollingClients: number;
}

/** What the command line says. */
export interface HaBenchOptions extends HaSizes {
  /** Parts whose name contains one of them; empty: all. */
  readonly only: readonly string[];
  readonly jsonFile: string | undefined;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** Sizes of the issue. */
export const HA_SIZES: HaSizes = {
  failovers: 50,
  promotions: 50,
  writesPerSecond: 10_000,
  rollingClients: 100,
};
/** Sizes that only show that everything runs. */
export const QUICK_HA_SIZES: HaSizes = {
  failovers: 1,
  promotions: 2,
  writesPerSecond: 500,
  rollingClients: 6,
};

/** Figures of one part. */
interface Series {
  readonly name: string;
  /** Milliseconds, one for each run. */
  readonly pausesMs: readonly number[];
  readonly errors: ReadonlyMap<string, number>;
  readonly missing: readonly string[];
  /** Longest silence of clients of the other group, milliseconds; undefined: not looked at. */
  readonly othersMs: number | undefined;
}

const GROUP = 1;
const OTHER_GROUP = 2;
const SLOTS_PER_GROUP = 512;
const CONNECTIONS = 20;
const OTHER_RATE = 500;
const FAILOVER_BAR_MS = 5_000;
const PROMOTION_BAR_MS = 100;
/** Of 50 runs one may be worse. */
const BAR_SHARE = 0.98;
const FLOW_MS = 30_000;
const SETTLE_MS = 500;

/** Runs everything; the exit code is 0 when it could be measured, whatever the figures are. */
export async function benchHa(options: HaBenchOptions): Promise<number> {
  const machine = await describeMachine();
  const isWanted = (name: string): boolean =>
    options.only.length === 0 || options.only.some((part) => name.includes(part));
  const series: Series[] = [];
  if (isWanted("failover")) {
    series.push(await measureFailovers(options));
  }
  if (isWanted("promotion")) {
    series.push(await measurePromotions(options));
  }
  const bars = series.map((one) => barOf(one));
  options.print(`${machineLine(machine)}\n\n${seriesTable(series)}\n`);
  if (isWanted("rolling")) {
    const rolling = await restartProxies(options.rollingClients, options.progress);
    options.print(`rolling restart of three proxies: ${rolling.served} calls, ${rolling.text}\n`);
    bars.push({
      workload: `rolling restart, ${options.rollingClients} clients`,
      demand: "no failed request",
      measured: `${rolling.failed} failed`,
      isMet: rolling.failed === 0,
      isGoal: false,
    });
  }
  options.print(`${barTable("codis", bars)}\n`);
  if (options.jsonFile !== undefined) {
    const plain = series.map((one) => ({ ...one, errors: [...one.errors] }));
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, series: plain }, null, 1)}\n`);
  }
  return 0;
}

/** kill -9 of the master of one group, again and again; it comes back as a replica each time. */
async function measureFailovers(options: HaBenchOptions): Promise<Series> {
  return await onProduct(
    { ha_enabled: true, ha_down_after: "3s", ha_failover_window: "0s" },
    async (product) => {
      const port = product.proxies[0]?.port ?? 0;
      const others = writerOf(port, OTHER_GROUP, OTHER_RATE);
      others.start();
      const pausesMs: number[] = [];
      const errors = new Map<string, number>();
      for (let run = 0; run < options.failovers; run += 1) {
        const writer = writerOf(port, GROUP, OTHER_RATE);
        writer.start();
        await sleep(SETTLE_MS);
        const master = await product.masterOf(GROUP);
        const killedAtMs = performance.now();
        await master.kill();
        await waitFor("writes that flow again", FLOW_MS, () =>
          writer.lastAckAtMs > killedAtMs + SETTLE_MS ? true : undefined,
        );
        const pauseMs = writer.longestSilenceMs;
        pausesMs.push(pauseMs);
        await writer.stop();
        addAll(errors, writer.figures().errors);
        await master.restart();
        await product.whenWell();
        options.progress(`failover ${run + 1}: ${pauseMs.toFixed(0)} ms`);
      }
      await others.stop();
      const othersMs = others.figures().longestWaitMs;
      return { name: "failover", pausesMs, errors, missing: await others.missing(), othersMs };
    },
  );
}

/** The replica of one group becomes its master, again and again, under load. */
async function measurePromotions(options: HaBenchOptions): Promise<Series> {
  return await onProduct({}, async (product) => {
    const port = product.proxies[0]?.port ?? 0;
    const writer = writerOf(port, GROUP, options.writesPerSecond);
    writer.start();
    const pausesMs: number[] = [];
    const errors = new Map<string, number>();
    for (let run = 0; run < options.promotions; run += 1) {
      await sleep(SETTLE_MS);
      addAll(errors, writer.figures().errors);
      writer.reset();
      const [replica] = await product.replicasOf(GROUP);
      await product.dashboard.v1.promoteServer(GROUP, replica?.addr ?? "");
      await sleep(SETTLE_MS);
      const pauseMs = writer.figures().longestWaitMs;
      pausesMs.push(pauseMs);
      const rate = writer.figures().acknowledged;
      options.progress(`promotion ${run + 1}: ${pauseMs.toFixed(1)} ms, ${rate} writes`);
      await product.whenWell();
    }
    await writer.stop();
    addAll(errors, writer.figures().errors);
    return {
      name: "promotion",
      pausesMs,
      errors,
      missing: await writer.missing(),
      othersMs: undefined,
    };
  });
}

async function onProduct(
  config: Readonly<Record<string, string | number | boolean>>,
  run: (product: ReplicatedProduct) => Promise<Series>,
): Promise<Series> {
  const folder = temporaryFolder();
  const product = await ReplicatedProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
    config,
  });
  try {
    return await run(product);
  } finally {
    await product.stop();
    folder.remove();
  }
}

function writerOf(port: number, groupId: number, writesPerSecond: number): PacedWriter {
  const names = keysOf(groupId);
  return new PacedWriter({
    port,
    connections: CONNECTIONS,
    writesPerSecond,
    keyOf: (connection, index) => names(connection * 10 + index),
  });
}

/** Names of keys in a group's slots, by number. */
function keysOf(groupId: number): (number: number) => string {
  const names: string[] = [];
  let tried = 0;
  return (number) => {
    while (names.length <= number) {
      const name = `ha:${groupId}:${tried}`;
      tried += 1;
      if (Math.floor(slotOfText(name) / SLOTS_PER_GROUP) === groupId - 1) {
        names.push(name);
      }
    }
    return names[number] ?? "";
  };
}

function addAll(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [text, count] of counts) {
    sums.set(text, (sums.get(text) ?? 0) + count);
  }
}

function seriesTable(series: readonly Series[]): string {
  const ms = (value: number | undefined): string => value?.toFixed(1) ?? "–";
  return markdownTable(
    ["what", "runs:", "median ms:", "49 of 50 ms:", "worst ms:", "lost writes:", "other group ms:"],
    series.map(({ name, pausesMs, missing, othersMs }) => [
      name,
      `${pausesMs.length}`,
      ms(at(pausesMs, 0.5)),
      ms(at(pausesMs, BAR_SHARE)),
      ms(at(pausesMs, 1)),
      `${missing.length}`,
      ms(othersMs),
    ]),
  );
}

function barOf({ name, pausesMs, missing }: Series): Bar {
  const maxMs = name === "failover" ? FAILOVER_BAR_MS : PROMOTION_BAR_MS;
  const ms = at(pausesMs, BAR_SHARE) ?? Number.NaN;
  return {
    workload: name,
    demand: `49 of 50 within ${maxMs} ms, nothing lost that mustn't be`,
    measured: `${ms.toFixed(1)} ms, ${missing.length} lost`,
    isMet: ms <= maxMs && missing.length === 0,
    isGoal: false,
  };
}

/** The value below which this share of all lies. */
function at(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
