/**
 * What the module costs a server: writes of new keys beside a stock server; memory of the same keys in both; and writes
 * of a server that gives its slots away meanwhile.
 *
 * A run is cut into short pieces. Each piece goes to every server before the next one begins, in an order that changes,
 * and is compared with the mean of two stock servers at the same piece, so that a slow second of the machine touches
 * few of the ratios and not their median. All are kept on one processor and the load on another. How far the second
 * stock server is from the first is what the figures are uncertain by. The server's processor time for a request is
 * given beside the throughput, as the load can be what holds the throughput up.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../src/redis/reply.ts";
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { startSlotsServer } from "../../test/support/slots-module.ts";
import { type Cores, chooseCores, moveToCore } from "./core.ts";
import { runLoad } from "./load.ts";
import { cpuBetween, readUsage } from "./process-usage.ts";
import { fillKeys } from "./redis-wire.ts";
import { median, quartiles } from "./statistic.ts";

/** How much is written. */
export interface WriteSizes {
  /** How often each server is filled, and how often its slots move meanwhile. */
  readonly rounds: number;
  readonly movingRounds: number;
  /** Requests that fill a server once, without pipeline and with one, in PIECES pieces. */
  readonly plainRequests: number;
  readonly pipelineRequests: number;
  /** Keys whose memory is compared. */
  readonly memoryKeys: number;
}

/**
 * What is written to: a stock server, another one, one with the module that has never given keys away by it, one that
 * has (since then it is told of every change), and that one while it gives its slots away.
 */
export const WRITE_SERVERS = [
  "stock",
  "another stock",
  "module",
  "after a move",
  "while slots move",
] as const;

/** One of them. */
export type WriteServer = (typeof WRITE_SERVERS)[number];

/** What one server did, beside the stock server. */
export interface WriteFigures {
  readonly pieces: number;
  /** Requests a second, and microseconds of the server's processor time for one: medians. */
  readonly rate: number;
  readonly cpuUs: number;
  /** To the stock servers', piece by piece: of the throughput the median and the quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [lower: number, upper: number];
  /** The stock servers' processor time to this one's: the median. */
  readonly cpuRatio: number;
}

/** Writes of one kind. */
export interface WriteComparison {
  readonly name: string;
  readonly servers: Readonly<Record<WriteServer, WriteFigures>>;
}

/** All of it. */
export interface ModuleCost {
  readonly writes: readonly WriteComparison[];
  readonly memoryKeys: number;
  /** Bytes of memory that a key costs in a stock server, and how many more with the module. */
  readonly bytesPerKey: number;
  readonly moreBytesPerKey: number;
}

interface WriteLoad {
  readonly name: string;
  readonly clients: number;
  readonly pipeline: number;
  readonly requests: number;
}

interface Sample {
  readonly rate: number;
  readonly cpuUs: number;
}

interface Pair {
  readonly stock: Sample;
  readonly own: Sample;
}

/** Pieces that fill a server. */
export const PIECES = 5;

const VALUE_BYTES = 64;
/** Random keys out of so many are new ones but for a handful. */
const KEY_SPACE = 2_000_000_000;
const LOAD_MS = 120_000;
const FLUSH_MS = 30_000;
const SLOT_COUNT = 1024;
const ORDER = ["30000", "200", "33554432"];
const ORDER_KEYS = "500";
const REST_MS = 5;

const STANDING = ["stock", "another stock", "module", "after a move"] as const;
type Standing = (typeof STANDING)[number];

interface WriteStage {
  readonly servers: Readonly<Record<Standing, RedisServer>>;
  readonly target: RedisServer;
  readonly cores: Cores | undefined;
}

/** Starts the servers and measures. */
export async function measureModuleCost(sizes: WriteSizes): Promise<ModuleCost> {
  const stock = await startRedis();
  const other = await startRedis();
  const fresh = await startSlotsServer();
  const moved = await startSlotsServer();
  const target = await startSlotsServer();
  try {
    const memory = await measureMemory(stock, fresh, sizes.memoryKeys);
    const servers = { stock, "another stock": other, module: fresh, "after a move": moved };
    const stage: WriteStage = { servers, target, cores: chooseCores() };
    if (stage.cores !== undefined) {
      for (const server of Object.values(servers)) {
        moveToCore(stage.cores.server, server.pid);
      }
    }
    await moveOnce(moved, target);
    const loads: readonly WriteLoad[] = [
      { name: "no pipeline", clients: 50, pipeline: 1, requests: sizes.plainRequests },
      { name: "pipeline 64", clients: 8, pipeline: 64, requests: sizes.pipelineRequests },
    ];
    const writes: WriteComparison[] = [];
    for (const load of loads) {
      writes.push(await compareWrites(load, sizes, stage));
    }
    return { writes, ...memory };
  } finally {
    const all = [stock, other, fresh, moved, target];
    await Promise.allSettled(all.map((server) => server.stop()));
  }
}

async function compareWrites(
  load: WriteLoad,
  sizes: WriteSizes,
  stage: WriteStage,
): Promise<WriteComparison> {
  const pairs: Record<Standing, Pair[]> = {
    stock: [],
    "another stock": [],
    module: [],
    "after a move": [],
  };
  for (let round = 0; round < sizes.rounds; round += 1) {
    await fillInPieces(load, round, stage, pairs);
  }
  const moving: Pair[] = [];
  for (let round = 0; round < sizes.movingRounds; round += 1) {
    moving.push(await writeWhileMoving(load, stage));
  }
  return {
    name: load.name,
    servers: {
      stock: summarise(pairs.stock),
      "another stock": summarise(pairs["another stock"]),
      module: summarise(pairs.module),
      "after a move": summarise(pairs["after a move"]),
      "while slots move": summarise(moving),
    },
  };
}

function summarise(pairs: readonly Pair[]): WriteFigures {
  const ratios = pairs.map(({ stock, own }) => own.rate / stock.rate);
  return {
    pieces: pairs.length,
    rate: median(pairs.map(({ own }) => own.rate)),
    cpuUs: median(pairs.map(({ own }) => own.cpuUs)),
    ratio: median(ratios),
    quartiles: quartiles(ratios),
    cpuRatio: median(pairs.map(({ stock, own }) => stock.cpuUs / own.cpuUs)),
  };
}

/** Fills all servers side by side, piece by piece, and empties them. */
async function fillInPieces(
  load: WriteLoad,
  round: number,
  stage: WriteStage,
  pairs: Readonly<Record<Standing, Pair[]>>,
): Promise<void> {
  const piece = { ...load, requests: Math.ceil(load.requests / PIECES) };
  for (let index = 0; index < PIECES; index += 1) {
    const samples = new Map<Standing, Sample>();
    for (const name of turnOf(round * PIECES + index)) {
      samples.set(name, await runWrites(piece, stage.servers[name], stage.cores));
    }
    const stock = samples.get("stock");
    const other = samples.get("another stock");
    if (stock !== undefined && other !== undefined) {
      for (const [name, own] of samples) {
        const isStock = own === stock || own === other;
        pairs[name].push({ stock: isStock ? stock : mean(stock, other), own });
      }
    }
  }
  for (const server of Object.values(stage.servers)) {
    await flush(server);
  }
}

function mean(first: Sample, second: Sample): Sample {
  return {
    rate: (first.rate + second.rate) / 2,
    cpuUs: (first.cpuUs + second.cpuUs) / 2,
  };
}

/** Who is first changes, and every other time the order is reversed. */
function turnOf(turn: number): readonly Standing[] {
  const first = Math.floor(turn / 2) % STANDING.length;
  const order = [...STANDING.slice(first), ...STANDING.slice(0, first)];
  return turn % 2 === 0 ? order : order.reverse();
}

async function moveOnce(moved: RedisServer, target: RedisServer): Promise<void> {
  const client = await RedisClient.connect({ addr: moved.addr });
  try {
    await client.call(["SET", "first", "1"]);
    await client.call(["SLOTSMGRTTAGONE-ASYNC", "127.0.0.1", `${target.port}`, ...ORDER, "first"]);
  } finally {
    client.close();
    await flush(target);
  }
}

async function runWrites(
  load: WriteLoad,
  server: RedisServer,
  cores: Cores | undefined,
): Promise<Sample> {
  const before = readUsage(server.pid);
  const { requestsPerSecond } = await runLoad(
    {
      port: server.port,
      clients: load.clients,
      pipeline: load.pipeline,
      requests: load.requests,
      keyCount: KEY_SPACE,
      valueBytes: VALUE_BYTES,
      operation: "SET",
      ...(cores === undefined ? {} : { core: cores.load }),
    },
    LOAD_MS,
  );
  const { us } = cpuBetween(before, readUsage(server.pid));
  return { rate: requestsPerSecond, cpuUs: us / load.requests };
}

/** Writes while all slots are given to the target, from the first to the last and again; and to a stock server. */
async function writeWhileMoving(load: WriteLoad, stage: WriteStage): Promise<Pair> {
  const { target, cores } = stage;
  const stock = await runWrites(load, stage.servers.stock, cores);
  const source = stage.servers["after a move"];
  const client = await RedisClient.connect({ addr: source.addr });
  try {
    let isOver = false;
    const moving = moveRound(client, target, () => isOver);
    const writing = runWrites(load, source, cores).finally(() => {
      isOver = true;
    });
    const [own, moved] = await Promise.all([writing, moving]);
    if (moved === 0) {
      throw new Error("no key was moved while keys were written");
    }
    return { stock, own };
  } finally {
    client.close();
    for (const server of [stage.servers.stock, source, target]) {
      await flush(server);
    }
  }
}

async function moveRound(
  client: RedisClient,
  target: RedisServer,
  isOver: () => boolean,
): Promise<number> {
  let keys = 0;
  for (let slotId = 0; !isOver(); slotId = (slotId + 1) % SLOT_COUNT) {
    const order = ["127.0.0.1", `${target.port}`, ...ORDER, `${slotId}`, ORDER_KEYS];
    const answer = itemsOf(
      await client.call(["SLOTSMGRTTAGSLOT-ASYNC", ...order], { timeoutMs: LOAD_MS }),
    );
    const moved = numberOf(answer?.[0]) ?? 0;
    keys += moved;
    if (moved === 0) {
      await sleep(REST_MS);
    }
  }
  return keys;
}

async function measureMemory(
  stock: RedisServer,
  withModule: RedisServer,
  keys: number,
): Promise<Omit<ModuleCost, "writes">> {
  const costs: number[] = [];
  for (const server of [stock, withModule]) {
    const before = await usedMemory(server);
    await fillKeys(server.port, keys, VALUE_BYTES);
    costs.push(((await usedMemory(server)) - before) / keys);
    await flush(server);
  }
  const [bytesPerKey = Number.NaN, other = Number.NaN] = costs;
  return { memoryKeys: keys, bytesPerKey, moreBytesPerKey: other - bytesPerKey };
}

async function usedMemory(server: RedisServer): Promise<number> {
  const client = await RedisClient.connect({ addr: server.addr });
  try {
    const info = textOf(await client.call(["INFO", "memory"])) ?? "";
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  } finally {
    client.close();
  }
}

async function flush(server: RedisServer): Promise<void> {
  const client = await RedisClient.connect({ addr: server.addr });
  try {
    await client.call(["FLUSHALL", "SYNC"], { timeoutMs: FLUSH_MS });
  } finally {
    client.close();
  }
}
