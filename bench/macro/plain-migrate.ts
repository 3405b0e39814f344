/**
 * The baseline that the mover is held against: what a script with redis-cli would do. SCAN and MIGRATE in turn over
 * one connection, keys of wanted slots in batches of a fixed size, one in flight, nothing looked at.
 */
import { slotOf } from "../../src/command/hash.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { scan } from "../../src/redis/server-command.ts";

/** What the loop moves. */
export interface PlainMove {
  readonly sourceAddr: string;
  readonly targetPort: number;
  readonly slotCount: number;
  readonly isWanted: (slotId: number) => boolean;
  readonly batchKeys: number;
}

const SCAN_COUNT = 1_000;
const MIGRATE_MS = 10_000;

/** Moves all keys of the wanted slots in database 0; the number of keys that were sent. */
export async function movePlainly(move: PlainMove): Promise<number> {
  const client = await RedisClient.connect({ addr: move.sourceAddr });
  try {
    let sent = 0;
    let cursor = "0";
    let keys: Buffer[] = [];
    do {
      const page = await scan(client, cursor, SCAN_COUNT);
      cursor = page.cursor;
      keys.push(
        ...page.keys.filter((key) => move.isWanted(slotOf(key, 0, key.length, move.slotCount - 1))),
      );
      while (keys.length >= move.batchKeys || (cursor === "0" && keys.length > 0)) {
        const batch = keys.slice(0, move.batchKeys);
        keys = keys.slice(move.batchKeys);
        const to = ["127.0.0.1", `${move.targetPort}`, "", "0", `${MIGRATE_MS}`];
        await client.call(["MIGRATE", ...to, "KEYS", ...batch], { timeoutMs: MIGRATE_MS });
        sent += batch.length;
      }
    } while (cursor !== "0");
    return sent;
  } finally {
    client.close();
  }
}
