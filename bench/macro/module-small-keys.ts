/**
 * Many small keys, all of them moved between two servers that have the module: by SLOTSMGRTTAGSLOT-ASYNC alone, by
 * the dashboard's semi-async mover, and for comparison by its mover with MIGRATE, idle and under a load of clients.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Mover, MoverOptions, Pace } from "../../src/dashboard/migration/contract.ts";
import { createCodisMover } from "../../src/dashboard/migration/mover/codis-mover.ts";
import { createMigrateMover } from "../../src/dashboard/migration/mover/migrate-mover.ts";
import { ServerTurns } from "../../src/dashboard/migration/mover/server-turns.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, numberOf } from "../../src/redis/reply.ts";
import type { RedisServer } from "../../test/support/redis-server.ts";
import { startSlotsServer } from "../../test/support/slots-module.ts";
import { type MoveFigures, measureMove } from "./migration-run.ts";
import { countKeys, fillKeys } from "./redis-wire.ts";
import { runMover } from "./run-mover.ts";

/** What moves the keys. */
export type SmallKeyWay = "command" | "semi-async" | "MIGRATE";

/** One move. */
export interface SmallKeyMove {
  readonly name: string;
  readonly way: SmallKeyWay;
  /** All slots are moved, and so all of these. */
  readonly keys: number;
  /** Requests of one run of the load; undefined: idle servers. */
  readonly requests: number | undefined;
}

/** Clients of the load. */
export const SMALL_KEY_CLIENTS = 10;

const SLOT_COUNT = 1024;
const MOVED_SLOTS: readonly number[] = Array.from({ length: SLOT_COUNT }, (_, id) => id);
const VALUE_BYTES = 64;
/** A mover lets a source that has just started wait. */
const SETTLED_MS = 12_000;
const MOVE_MS = 120_000;
const MAX_STALL_MS = 5;
/** As in the dashboard's configuration. */
const SETTINGS = {
  asyncMaxBulks: 200,
  asyncMaxBytes: 32 * 1024 * 1024,
  asyncNumKeys: 500,
  timeoutMs: 30_000,
};
const FULL_SPEED: Pace = { take: () => 0 };

/** Measures one move after the other. All servers are started first, since a mover lets new ones settle. */
export async function measureSmallKeys(
  moves: readonly SmallKeyMove[],
  onMeasured: (figures: MoveFigures) => void,
): Promise<void> {
  const servers: RedisServer[] = [];
  try {
    const startedAt = performance.now();
    for (let index = 0; index < moves.length * 2; index += 1) {
      servers.push(await startSlotsServer());
    }
    for (const [index, move] of moves.entries()) {
      const [source, target] = servers.slice(index * 2);
      if (source !== undefined && target !== undefined) {
        onMeasured(await measureOne(move, source, target, startedAt));
        // What they hold isn't to weigh on the next ones.
        await Promise.all([source.stop(), target.stop()]);
      }
    }
  } finally {
    await Promise.allSettled(servers.map((server) => server.stop()));
  }
}

/** Fills the source, moves, and compares what has arrived. */
async function measureOne(
  move: SmallKeyMove,
  source: RedisServer,
  target: RedisServer,
  startedAt: number,
): Promise<MoveFigures> {
  await fillKeys(source.port, move.keys, VALUE_BYTES);
  if (move.way !== "command") {
    await sleep(Math.max(0, SETTLED_MS - (performance.now() - startedAt)));
  }
  const load =
    move.requests === undefined
      ? undefined
      : ({
          port: source.port,
          clients: SMALL_KEY_CLIENTS,
          pipeline: 1,
          requests: move.requests,
          keyCount: move.keys,
          valueBytes: VALUE_BYTES,
          operation: "GET",
        } as const);
  const figures = await measureMove({
    name: move.name,
    ports: [source.port, target.port],
    load,
    moverPid: undefined,
    move: () =>
      move.way === "command"
        ? moveByCommand(source, target)
        : runMover({
            sourceAddr: source.addr,
            targetAddr: target.addr,
            slotCount: SLOT_COUNT,
            slotIds: MOVED_SLOTS,
            pace: FULL_SPEED,
            maxStallMs: MAX_STALL_MS,
            create: move.way === "MIGRATE" ? createMigrateMover : createSemiAsyncMover,
          }),
  });
  const arrived = await countKeys(target.port);
  if (arrived !== move.keys || figures.keys !== move.keys || (await countKeys(source.port)) > 0) {
    throw new Error(`${move.name}: of ${move.keys} keys some are lost, or on both servers`);
  }
  return figures;
}

/** Slot after slot, order after order, as a mover does. */
async function moveByCommand(source: RedisServer, target: RedisServer): Promise<number> {
  const client = await RedisClient.connect({ addr: source.addr });
  const { timeoutMs, asyncMaxBulks, asyncMaxBytes, asyncNumKeys } = SETTINGS;
  const order = [target.port, timeoutMs, asyncMaxBulks, asyncMaxBytes].map(String);
  try {
    let keys = 0;
    for (const slotId of MOVED_SLOTS) {
      for (let left = 1; left > 0; ) {
        const tail = [`${slotId}`, `${asyncNumKeys}`];
        const answer = itemsOf(
          await client.call(["SLOTSMGRTTAGSLOT-ASYNC", "127.0.0.1", ...order, ...tail], {
            timeoutMs: MOVE_MS,
          }),
        );
        const [moved, rest] = (answer ?? []).map(numberOf);
        if (moved === undefined || rest === undefined) {
          throw new Error(`slot ${slotId}: no answer of an order`);
        }
        keys += moved;
        left = rest;
      }
    }
    return keys;
  } finally {
    client.close();
  }
}

function createSemiAsyncMover(options: MoverOptions): Mover {
  return createCodisMover({
    ...options,
    method: FORWARD_METHOD.semiAsync,
    settings: SETTINGS,
    turns: new ServerTurns(),
  });
}
