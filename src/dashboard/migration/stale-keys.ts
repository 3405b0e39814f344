/**
 * Finds and removes what earlier moves left at a server, before a slot enters it: a source that was restarted
 * without its last second, or replaced by a replica that was behind, has keys again that moved away long ago.
 * They are unlinked if it is on record that the slot has left this group; any other key of the slot stops the
 * move by name, because nobody knows whose it is.
 *
 * A full SCAN over all databases, in steps small enough not to be felt, with a rest after each. A server with the slot
 * commands counts its keys by slot: only databases in which it has some of these slots are looked through.
 */
import { systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import { slotOf } from "../../command/hash.ts";
import { asTrouble } from "../../model/operation/trouble-code.ts";
import { say } from "../../model/phrase/phrase.ts";
import type { RedisClient } from "../../redis/client.ts";
import { numberOf } from "../../redis/reply.ts";
import { scan, selectDatabase } from "../../redis/server-command.ts";
import { showKey } from "../group/foreign-key.ts";
import type { MoverServer, StaleKeySearch } from "./contract.ts";
import { readSlotCounts } from "./mover/slot-counts.ts";
import { connectTo, lookAtServer, runIdOf } from "./server-look.ts";

/** Keys in one step. */
const SCAN_COUNT = 1_000;
/** Servers that count know this number of slots only. */
const COUNTED_SLOTS = 1_024;
/** The server rests so long for each millisecond that a step took. */
const REST_SHARE = 0.3;

/** What a search is made of. */
export interface StaleKeysOptions {
  readonly slotCount: number;
  readonly epoch: number;
  /** As of a mover: awaited after the connect, before the first key is unlinked. */
  readonly confirm: () => Promise<void>;
}

/** A key that stopped a search. */
interface Obstacle {
  readonly key: Buffer;
  readonly slot: number;
  readonly db: number;
}

/** See the file head. */
export class StaleKeys implements StaleKeySearch {
  readonly #options: StaleKeysOptions;
  /** By address: looked at first, so that trying again costs the server nothing while nobody has removed it. */
  readonly #obstacles = new Map<string, Obstacle>();

  constructor(options: StaleKeysOptions) {
    this.#options = options;
  }

  async clear(
    target: MoverServer,
    slotIds: ReadonlySet<number>,
    leftSlotIds: ReadonlySet<number>,
    signal?: AbortSignal,
  ): Promise<{ readonly unlinked: number; readonly runId: string }> {
    const client = await connectTo(target, this.#options.epoch, signal);
    try {
      await this.#options.confirm();
      const { runId, keyspace, slotCommands } = await lookAtServer(client);
      await this.#checkObstacle(client, slotIds, leftSlotIds);
      let unlinked = 0;
      const canCount = slotCommands !== "none" && this.#options.slotCount === COUNTED_SLOTS;
      const databases = canCount
        ? await databasesOf(client, slotIds)
        : keyspace.map(({ db }) => db);
      for (const db of databases) {
        await selectDatabase(client, db);
        unlinked += await this.#clearDatabase(client, db, slotIds, leftSlotIds);
      }
      if ((await runIdOf(client)) !== runId) {
        throw new CodisError(
          "STATE_CONFLICT",
          `server ${target.addr} was restarted while it was searched; it is searched again`,
          { context: asTrouble("unreachable") },
        );
      }
      return { unlinked, runId };
    } finally {
      client.close();
    }
  }

  async #checkObstacle(
    client: RedisClient,
    slotIds: ReadonlySet<number>,
    leftSlotIds: ReadonlySet<number>,
  ): Promise<void> {
    const obstacle = this.#obstacles.get(client.addr);
    if (obstacle === undefined || !slotIds.has(obstacle.slot) || leftSlotIds.has(obstacle.slot)) {
      return;
    }
    await selectDatabase(client, obstacle.db);
    if (numberOf(await client.call(["EXISTS", obstacle.key])) === 1) {
      throw refusalOf(client.addr, obstacle);
    }
    this.#obstacles.delete(client.addr);
  }

  async #clearDatabase(
    client: RedisClient,
    db: number,
    slotIds: ReadonlySet<number>,
    leftSlotIds: ReadonlySet<number>,
  ): Promise<number> {
    const mask = this.#options.slotCount - 1;
    let unlinked = 0;
    let cursor = "0";
    do {
      const startedMs = systemClock.monotonicMs();
      const step = await scan(client, cursor, SCAN_COUNT);
      const stale: Buffer[] = [];
      for (const key of step.keys) {
        const slot = slotOf(key, 0, key.length, mask);
        if (slotIds.has(slot) && !leftSlotIds.has(slot)) {
          this.#obstacles.set(client.addr, { key, slot, db });
          throw refusalOf(client.addr, { key, slot, db });
        }
        if (slotIds.has(slot)) {
          stale.push(key);
        }
      }
      if (stale.length > 0) {
        unlinked += numberOf(await client.call(["UNLINK", ...stale])) ?? 0;
      }
      cursor = step.cursor;
      if (cursor !== "0") {
        const restMs = (systemClock.monotonicMs() - startedMs) * REST_SHARE;
        await new Promise<void>((resolve) => systemClock.after(restMs, resolve));
      }
    } while (cursor !== "0");
    return unlinked;
  }
}

/** Those in which the server has keys of the slots. Its counts say never less than there is. */
async function databasesOf(
  client: RedisClient,
  slotIds: ReadonlySet<number>,
): Promise<readonly number[]> {
  const counts = await readSlotCounts(client);
  const databases = [...slotIds].flatMap((id) => (counts.get(id) ?? []).map(({ db }) => db));
  return [...new Set(databases)];
}

function refusalOf(addr: string, { key, slot, db }: Obstacle): CodisError {
  return new CodisError(
    "STATE_CONFLICT",
    say("move.foreign", { addr, key: showKey(key), slot, db }),
    { context: asTrouble("foreign_key") },
  );
}
