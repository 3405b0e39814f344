/**
 * Finds and removes what earlier moves left at a server, before a slot enters it: a source that was restarted
 * without its last second, or replaced by a replica that was behind, has keys again that moved away long ago.
 * They are unlinked if it is on record that the slot has left this group; any other key of the slot stops the
 * move by name, because nobody knows whose it is.
 *
 * A full SCAN over all databases, in steps small enough not to be felt, with a rest after each.
 */
import { systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import { slotOf } from "../../command/hash.ts";
import type { RedisClient } from "../../redis/client.ts";
import { scan, selectDatabase } from "../../redis/server-command.ts";
import { showKey } from "../group/foreign-key.ts";
import type { MoverServer, StaleKeySearch } from "./contract.ts";
import { connectTo, lookAtServer } from "./server-look.ts";

/** Keys in one step. */
const SCAN_COUNT = 1_000;
/** The server rests so long for each millisecond that a step took. */
const REST_SHARE = 0.3;

/** What a search is made of. */
export interface StaleKeysOptions {
  readonly slotCount: number;
  readonly epoch: number;
}

/** See the file head. */
export class StaleKeys implements StaleKeySearch {
  readonly #options: StaleKeysOptions;

  constructor(options: StaleKeysOptions) {
    this.#options = options;
  }

  async clear(
    target: MoverServer,
    slotIds: ReadonlySet<number>,
    leftSlotIds: ReadonlySet<number>,
  ): Promise<{ readonly unlinked: number; readonly runId: string }> {
    const client = await connectTo(target, this.#options.epoch);
    try {
      const { runId, keyspace } = await lookAtServer(client);
      let unlinked = 0;
      for (const { db } of keyspace) {
        await selectDatabase(client, db);
        unlinked += await this.#clearDatabase(client, db, slotIds, leftSlotIds);
      }
      const after = await lookAtServer(client);
      if (after.runId !== runId) {
        throw new CodisError(
          "STATE_CONFLICT",
          `server ${target.addr} was restarted while it was searched; it is searched again`,
        );
      }
      return { unlinked, runId };
    } finally {
      client.close();
    }
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
        if (!slotIds.has(slot)) {
          continue;
        }
        if (!leftSlotIds.has(slot)) {
          throw new CodisError(
            "STATE_CONFLICT",
            `server ${client.addr} has key ${showKey(key)} (slot ${slot}, database ${db}), which isn't its group's ` +
              "and wasn't left by a move; remove it there or give the slot to its group by force",
          );
        }
        stale.push(key);
      }
      if (stale.length > 0) {
        await client.call(["UNLINK", ...stale]);
        unlinked += stale.length;
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
