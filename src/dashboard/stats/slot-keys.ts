/**
 * How many keys each slot has on a server, as the server itself counts them: one with the slot commands of codis-server
 * knows at all times, others would have to look at every key.
 *
 * Asked over a connection of its own, when somebody wants to know.
 */
import { RedisClient } from "../../redis/client.ts";
import { keyspaceOf, parseInfo } from "../../redis/info.ts";
import { textOf } from "../../redis/reply.ts";
import { selectDatabase, slotsInfo } from "../../redis/server-command.ts";
import { readSlotAbility } from "../../redis/slot-ability.ts";

/** For connecting, and for each answer. */
const TIMEOUT_MS = 2_000;

/**
 * Keys in all databases by slot, only slots with keys; undefined when the server doesn't count them. Rejects as
 * `RedisClient` does.
 */
export async function readSlotKeys(
  addr: string,
  password: string,
): Promise<ReadonlyMap<number, number> | undefined> {
  const client = await RedisClient.connect({
    ...{ addr, password },
    connectTimeoutMs: TIMEOUT_MS,
    callTimeoutMs: TIMEOUT_MS,
  });
  try {
    if ((await readSlotAbility(client)) === "none") {
      return undefined;
    }
    const keys = new Map<number, number>();
    const info = parseInfo(textOf(await client.call(["INFO", "keyspace"])) ?? "");
    for (const { db } of keyspaceOf(info)) {
      await selectDatabase(client, db);
      for (const [slotId, count] of await slotsInfo(client)) {
        keys.set(slotId, (keys.get(slotId) ?? 0) + count);
      }
    }
    return keys;
  } finally {
    client.close();
  }
}
