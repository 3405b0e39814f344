/**
 * All keys of the servers with their values, looked at directly and in all databases: what the checker holds
 * against the logs of the clients.
 */

import { RedisClient } from "../../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../../src/redis/reply.ts";
import { selectDatabase } from "../../../src/redis/server-command.ts";
import type { RespValue } from "../../../src/resp/value.ts";
import type { Plain } from "./history.ts";
import { byFirst } from "./value.ts";

/** One key at one server. */
export interface Copy {
  readonly groupId: number;
  readonly db: number;
  readonly key: string;
  /** Type, value and PTTL as `LOOK` answers them. */
  readonly content: readonly [type: string, value: Plain, ttl: number];
  /** When it was read, milliseconds of the run. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A server to look at. */
export interface LookedAt {
  readonly groupId: number;
  readonly port: number;
}

const DATABASES = 16;
const SCAN_COUNT = 500;
const CALL_MS = 20_000;

/** Every key of the servers. Nothing may write meanwhile; keys that expire while they are read are left out. */
export async function readServers(
  servers: readonly LookedAt[],
  now: () => number,
): Promise<readonly Copy[]> {
  const copies: Copy[] = [];
  for (const { groupId, port } of servers) {
    const client = await RedisClient.connect({ addr: `127.0.0.1:${port}`, callTimeoutMs: CALL_MS });
    try {
      for (let db = 0; db < DATABASES; db += 1) {
        await selectDatabase(client, db);
        for (const key of await scanAll(client)) {
          const fromMs = now();
          const content = await readKey(client, key);
          if (content !== undefined) {
            copies.push({ groupId, db, key, content, fromMs, toMs: now() });
          }
        }
      }
    } finally {
      client.close();
    }
  }
  return copies;
}

async function scanAll(client: RedisClient): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const reply = itemsOf(await client.call(["SCAN", cursor, "COUNT", `${SCAN_COUNT}`]));
    cursor = textOf(reply?.[0]) ?? "0";
    for (const item of itemsOf(reply?.[1]) ?? []) {
      keys.add(textOf(item) ?? "");
    }
  } while (cursor !== "0");
  return keys;
}

/** How each type is read whole. */
const READERS: Readonly<Record<string, readonly [name: string, ...args: readonly string[]]>> = {
  string: ["GET"],
  list: ["LRANGE", "0", "-1"],
  hash: ["HGETALL"],
  set: ["SMEMBERS"],
  zset: ["ZRANGE", "0", "-1", "WITHSCORES"],
  stream: ["XRANGE", "-", "+"],
};

async function readKey(client: RedisClient, key: string): Promise<Copy["content"] | undefined> {
  const type = textOf(await client.call(["TYPE", key])) ?? "";
  const reader = READERS[type];
  if (reader === undefined) {
    return undefined;
  }
  const [name, ...args] = reader;
  const [reply, ttl] = await Promise.all([
    client.call([name, key, ...args]),
    client.call(["PTTL", key]),
  ]);
  const value = tidy(name, plain(reply));
  const left = numberOf(ttl) ?? -2;
  return left === -2 || value === null ? undefined : [type, value, left];
}

/** A reply without the types of its lines; errors begin with `-`. */
export function plain(reply: RespValue): Plain {
  switch (reply.type) {
    case "simple":
      return reply.text;
    case "error":
      return `-${reply.text}`;
    case "integer":
      return Number(reply.value);
    case "bulk":
      return reply.bytes.toString("utf8");
    case "null":
      return null;
    case "array":
      return reply.items.map(plain);
    default:
      throw new Error(`a reply of type ${reply.type} isn't one of RESP2`);
  }
}

/** Sorts what has no order, and joins pairs, as the model of Redis answers. */
export function tidy(name: string, value: Plain): Plain {
  if (!Array.isArray(value)) {
    return value;
  }
  switch (name) {
    case "HGETALL":
    case "ZRANGE": {
      const flat = value as readonly string[];
      const pairs = flat.flatMap((item, at) => (at % 2 === 0 ? [[item, flat[at + 1] ?? ""]] : []));
      return pairs.sort(byFirst);
    }
    case "SMEMBERS":
      return (value as string[]).toSorted();
    case "XRANGE":
      return (value as readonly [string, readonly string[]][]).map(([id, fields]) => [
        id,
        fields[1] ?? "",
      ]);
    default:
      return value;
  }
}
