/**
 * What the module costs a server: writes of new keys beside a server without it, in turns, so that a slow minute of the
 * machine touches both; the memory of the same keys in both; and the writes of a server that gives its slots away
 * meanwhile.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../src/redis/reply.ts";
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { startSlotsServer } from "../../test/support/slots-module.ts";
import { runLoad } from "./load.ts";
import { fillKeys } from "./redis-wire.ts";
import { median } from "./statistic.ts";

/** How much is written. */
export interface WriteSizes {
  readonly rounds: number;
  /** Requests of one run without pipeline, and with one. */
  readonly plainRequests: number;
  readonly pipelineRequests: number;
  /** Keys whose memory is compared. */
  readonly memoryKeys: number;
}

/**
 * What is written to: a stock server, one with the module that has never given keys away by it, one that has (since
 * then it is told of every change), and that one while it gives its slots away.
 */
export const WRITE_SERVERS = ["stock", "module", "after a move", "while slots move"] as const;

/** One of them. */
export type WriteServer = (typeof WRITE_SERVERS)[number];

/** Writes of one kind. */
export interface WriteFigures {
  readonly name: string;
  /** Requests a second, medians of the rounds. */
  readonly rates: Readonly<Record<WriteServer, number>>;
  /** Medians of the ratios to the stock server of the same round. */
  readonly ratios: Readonly<Record<WriteServer, number>>;
}

/** All of it. */
export interface ModuleCost {
  readonly writes: readonly WriteFigures[];
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

const VALUE_BYTES = 64;
/** Random keys out of so many are new ones but for a handful. */
const KEY_SPACE = 2_000_000_000;
const LOAD_MS = 120_000;
const FLUSH_MS = 30_000;
const SLOT_COUNT = 1024;
const ORDER = ["30000", "200", "33554432"];
const ORDER_KEYS = "500";
const REST_MS = 5;

interface WriteStage {
  readonly stock: RedisServer;
  readonly fresh: RedisServer;
  readonly moved: RedisServer;
  readonly target: RedisServer;
}

/** Starts the servers and measures. */
export async function measureModuleCost(sizes: WriteSizes): Promise<ModuleCost> {
  const stock = await startRedis();
  const fresh = await startSlotsServer();
  const moved = await startSlotsServer();
  const target = await startSlotsServer();
  try {
    const memory = await measureMemory(stock, fresh, sizes.memoryKeys);
    const stage: WriteStage = { stock, fresh, moved, target };
    await moveOnce(stage);
    const loads: readonly WriteLoad[] = [
      { name: "no pipeline", clients: 50, pipeline: 1, requests: sizes.plainRequests },
      { name: "pipeline 64", clients: 8, pipeline: 64, requests: sizes.pipelineRequests },
    ];
    const writes: WriteFigures[] = [];
    for (const load of loads) {
      writes.push(await measureWrites(load, sizes.rounds, stage));
    }
    return { writes, ...memory };
  } finally {
    await Promise.allSettled([stock, fresh, moved, target].map((server) => server.stop()));
  }
}

async function measureWrites(
  load: WriteLoad,
  rounds: number,
  stage: WriteStage,
): Promise<WriteFigures> {
  const runs: Readonly<Record<WriteServer, () => Promise<number>>> = {
    stock: () => write(load, stage.stock),
    module: () => write(load, stage.fresh),
    "after a move": () => write(load, stage.moved),
    "while slots move": () => writeWhileMoving(load, stage.moved, stage.target),
  };
  const measured: Record<WriteServer, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who is first changes.
    const order = round % 2 === 0 ? WRITE_SERVERS : [...WRITE_SERVERS].reverse();
    const rates: Record<WriteServer, number> = emptyRates();
    for (const server of order) {
      rates[server] = await runs[server]();
    }
    measured.push(rates);
  }
  const rates = emptyRates();
  const ratios = emptyRates();
  for (const server of WRITE_SERVERS) {
    rates[server] = median(measured.map((round) => round[server]));
    ratios[server] = median(measured.map((round) => round[server] / round.stock));
  }
  return { name: load.name, rates, ratios };
}

function emptyRates(): Record<WriteServer, number> {
  return { stock: 0, module: 0, "after a move": 0, "while slots move": 0 };
}

async function moveOnce({ moved, target }: WriteStage): Promise<void> {
  const client = await RedisClient.connect({ addr: moved.addr });
  try {
    await client.call(["SET", "first", "1"]);
    await client.call(["SLOTSMGRTTAGONE-ASYNC", "127.0.0.1", `${target.port}`, ...ORDER, "first"]);
  } finally {
    client.close();
    await flush(target);
  }
}

/** Requests a second, of an empty server, which is empty again afterwards. */
async function write(load: WriteLoad, server: RedisServer): Promise<number> {
  try {
    return await runWrites(load, server);
  } finally {
    await flush(server);
  }
}

async function runWrites(load: WriteLoad, server: RedisServer): Promise<number> {
  const { requestsPerSecond } = await runLoad(
    {
      port: server.port,
      clients: load.clients,
      pipeline: load.pipeline,
      requests: load.requests,
      keyCount: KEY_SPACE,
      valueBytes: VALUE_BYTES,
      operation: "SET",
    },
    LOAD_MS,
  );
  return requestsPerSecond;
}

/** The same while all slots are given to the target, from the first to the last and again. */
async function writeWhileMoving(
  load: WriteLoad,
  source: RedisServer,
  target: RedisServer,
): Promise<number> {
  const client = await RedisClient.connect({ addr: source.addr });
  try {
    let isOver = false;
    const moving = moveRound(client, target, () => isOver);
    const writing = runWrites(load, source).finally(() => {
      isOver = true;
    });
    const [requestsPerSecond, moved] = await Promise.all([writing, moving]);
    if (moved === 0) {
      throw new Error("no key was moved while keys were written");
    }
    return requestsPerSecond;
  } finally {
    client.close();
    await flush(source);
    await flush(target);
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
