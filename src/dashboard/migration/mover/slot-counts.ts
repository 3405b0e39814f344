/**
 * How many keys of slots a server with the slot commands has, in all databases at one and the same moment: asked for
 * in a transaction. With the module these counts are exact at all times, with an original codis-server as well, and
 * keys that have expired but are still there count.
 */
import { CodisError } from "../../../base/error.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { RedisClient } from "../../../redis/client.ts";
import { keyspaceOf, parseInfo } from "../../../redis/info.ts";
import { itemsOf, numberOf, textOf } from "../../../redis/reply.ts";
import { unexpectedReply } from "../../../redis/server-error.ts";
import type { RespValue } from "../../../resp/value.ts";

/** Keys of a slot in one database; at least 1. */
export interface KeysInDatabase {
  readonly db: number;
  readonly keys: number;
}

/** By slot, the lowest database first; slots without keys aren't there. */
export type SlotCounts = ReadonlyMap<number, readonly KeysInDatabase[]>;

/**
 * Of one slot, or of all. The connection has another database selected afterwards. Throws SERVER_ROLE_WRONG when the
 * server isn't a master: its counts say nothing about what comes.
 */
export async function readSlotCounts(client: RedisClient, slotId?: number): Promise<SlotCounts> {
  const [role, info] = await Promise.all([
    client.call(["ROLE"]),
    client.call(["INFO", "keyspace"]),
  ]);
  if (textOf(itemsOf(role)?.[0]) !== "master") {
    throw new CodisError("SERVER_ROLE_WRONG", say("redis.demoted", { addr: client.addr }));
  }
  const databases = keyspaceOf(parseInfo(textOf(info) ?? "")).map(({ db }) => db);
  if (databases.length === 0) {
    return new Map();
  }
  const question = ["SLOTSINFO", ...(slotId === undefined ? [] : [`${slotId}`, "1"])];
  const calls = databases.flatMap((db) => [["SELECT", `${db}`], question]);
  const outcomes = await Promise.allSettled(
    [["MULTI"], ...calls, ["EXEC"]].map((call) => client.call(call)),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    throw failed.reason;
  }
  const last = outcomes.at(-1);
  const items = last?.status === "fulfilled" ? (itemsOf(last.value) ?? []) : [];
  const counts = new Map<number, KeysInDatabase[]>();
  for (const [index, db] of databases.entries()) {
    for (const [slot, keys] of readPairs(client.addr, items[2 * index + 1])) {
      const known = counts.get(slot);
      if (known === undefined) {
        counts.set(slot, [{ db, keys }]);
      } else {
        known.push({ db, keys });
      }
    }
  }
  return counts;
}

function readPairs(addr: string, reply: RespValue | undefined): readonly [number, number][] {
  const items = itemsOf(reply);
  if (items === undefined) {
    throw unexpectedReply(addr, "SLOTSINFO");
  }
  return items.map((item) => {
    const [slot, keys] = (itemsOf(item) ?? []).map(numberOf);
    if (slot === undefined || keys === undefined) {
      throw unexpectedReply(addr, "SLOTSINFO");
    }
    return [slot, keys];
  });
}
