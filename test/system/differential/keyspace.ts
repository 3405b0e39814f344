/**
 * Compares all data at the end of a run: the union of the groups, read through the proxy, with the bare
 * server; and looks at the groups themselves, whether each key is where its slot is.
 */
import { decodeReply, type RespValue } from "../../../src/resp/value.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { sorted, textOf } from "./comparison.ts";
import type { Argument, Argv } from "./grammar.ts";
import type { SessionPair } from "./session-pair.ts";
import { slotOfKey } from "./slot.ts";

const SLOT_COUNT = 1024;
const DATABASES = 16;
const TTL_TOLERANCE_MS = 5_000;

/** How the whole content of a key is read, by type. */
const CONTENT: Readonly<Record<string, (key: Argument) => Argv>> = {
  string: (key) => ["GET", key],
  list: (key) => ["LRANGE", key, "0", "-1"],
  set: (key) => ["SMEMBERS", key],
  zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  hash: (key) => ["HGETALL", key],
  stream: (key) => ["XRANGE", key, "-", "+"],
};
/** Types whose elements come in the order of a hash table. */
const UNORDERED = new Set(["set", "hash"]);

/** Everything that differs, as sentences, and how many keys were compared. */
export async function compareKeyspace(
  pair: SessionPair,
): Promise<{ readonly complaints: readonly string[]; readonly keyCount: number }> {
  const complaints: string[] = [];
  let keyCount = 0;
  for (let db = 0; db < DATABASES; db++) {
    await pair.enter(2, db);
    const [ours, theirs] = (await pair.both("KEYS", "*")).map(bulksOf) as [Buffer[], Buffer[]];
    const [left, right] = [ours, theirs].map((keys) => textOf(sorted(keys.map(String))));
    if (left !== right) complaints.push(`db ${db}: keys ${left} instead of ${right}`);
    for (const key of theirs) {
      keyCount++;
      const complaint = await compareKey(pair, key);
      if (complaint !== undefined)
        complaints.push(`db ${db}, ${key.toString("latin1")}: ${complaint}`);
    }
  }
  return { complaints, keyCount };
}

async function compareKey(pair: SessionPair, key: Buffer): Promise<string | undefined> {
  const [ourType, theirType] = await pair.both("TYPE", key);
  if (!ourType.equals(theirType)) return `type ${ourType} instead of ${theirType}`;
  const type = theirType.toString().slice(1, -2);
  const read = CONTENT[type];
  if (read === undefined) return `no way to read a ${type}`;
  const [ours, theirs] = await pair.both(...read(key));
  const isSame = UNORDERED.has(type)
    ? rowsOf(ours, type) === rowsOf(theirs, type)
    : ours.equals(theirs);
  if (!isSame) return `${JSON.stringify(`${ours}`)} instead of ${JSON.stringify(`${theirs}`)}`;
  const [ourTtl, theirTtl] = (await pair.both("PTTL", key)).map((reply) =>
    Number(reply.toString().slice(1, -2)),
  ) as [number, number];
  const isNear =
    ourTtl < 0 || theirTtl < 0
      ? ourTtl === theirTtl
      : Math.abs(ourTtl - theirTtl) < TTL_TOLERANCE_MS;
  return isNear ? undefined : `expires in ${ourTtl} ms instead of ${theirTtl} ms`;
}

/** Keys that a group holds although their slot is of the other one; group 1 has the lower half. */
export async function findStrays(
  groups: readonly RespConnection[],
): Promise<{ readonly strays: readonly string[]; readonly keyCounts: readonly number[] }> {
  const strays: string[] = [];
  const keyCounts: number[] = [];
  for (const [index, connection] of groups.entries()) {
    let count = 0;
    for (let db = 0; db < DATABASES; db++) {
      await connection.call("SELECT", `${db}`);
      for (const key of bulksOf(await connection.call("KEYS", "*"))) {
        count++;
        const owner = Math.floor((slotOfKey(key) * groups.length) / SLOT_COUNT);
        if (owner !== index) strays.push(`group ${index + 1}, db ${db}: ${key.toString("latin1")}`);
      }
    }
    keyCounts.push(count);
  }
  return { strays, keyCounts };
}

function bulksOf(reply: Buffer): Buffer[] {
  const value = decodeReply(reply);
  return value?.type === "array"
    ? value.items.flatMap((item) => (item.type === "bulk" ? [item.bytes] : []))
    : [];
}

function rowsOf(reply: Buffer, type: string): string {
  const items: readonly RespValue[] = itemsOf(decodeReply(reply));
  const width = type === "hash" ? 2 : 1;
  const rows = Array.from({ length: items.length / width }, (_, i) =>
    items.slice(i * width, (i + 1) * width),
  );
  return textOf(sorted(rows));
}

function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  return value !== undefined && "items" in value ? value.items : [];
}
