/**
 * KEYS, RANDOMKEY and the two FLUSH commands: the keyspaces of all groups as one. (DBSIZE:
 * `key-count.ts`, SCAN: `scan.ts`.)
 *
 * Part of a keyspace is never shown as the whole: when one master fails, so does the command. Keys
 * of slots that a group neither owns nor exchanges are left out.
 */
import { bulkValue, encodeReply, errorReply, OK_REPLY } from "../../../resp/encode.ts";
import { decodeReply, forEachBulk, isErrorReply } from "../../../resp/value.ts";
import type { Argv, ClientState, CommandHandler, HandlerEnv, Shard } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import {
  askShard,
  askShards,
  decodeParts,
  failureOf,
  failureOfChange,
  REPLY_BAD_PART,
  SHARD_LONG_TIMEOUT_MS,
} from "./ask.ts";
import { KeyFilter, readScanReply } from "./key-filter.ts";
import {
  isOwnKey,
  movesOf,
  shardsInDoubt,
  shardsOfGroups,
  shardsWithKeys,
  targetsOfMoves,
} from "./ownership.ts";

/** KEYS looks this often at the groups that slots moved to. */
const KEYS_ROUNDS_MAX = 16;
/** RANDOMKEY asks this often for a key that isn't a stray before it looks for one in order. */
const RANDOM_KEY_TRIES_MAX = 8;
/** The look in order: calls of SCAN over all groups, and how many keys each looks at. */
const RANDOM_KEY_SCANS_MAX = 1_000;
const RANDOM_KEY_SCAN_COUNT = "1000";

/**
 * KEYS pattern. One master after the other, so that only one raw reply waits in memory unfiltered.
 * When slots change owner meanwhile, the groups that received them are asked again until a round
 * saw no change: a key that was there all the time is never missed, and never shown twice.
 */
export const keys: CommandHandler = async (client, argv, env) => {
  const { shards } = env;
  let targets = shardsWithKeys(shards);
  if (targets.length === 0) return REPLY_SLOT_OFFLINE;
  // Names are compared only when one can come from two masters.
  let isDistinct = movesOf(shards).length > 0;
  let found = new KeyFilter(shards, isDistinct);
  for (let round = 0; round < KEYS_ROUNDS_MAX; round++) {
    const { revision } = shards;
    const failure =
      (await takeKeys(client, argv, env, targets, found)) ??
      (await takeKeys(client, argv, env, targetsOfMoves(shards), found));
    if (failure !== undefined) return failure;
    targets = shardsInDoubt(shards, revision);
    if (targets.length === 0) return found.reply();
    if (!isDistinct) {
      isDistinct = true;
      found = new KeyFilter(shards, isDistinct);
      targets = shardsWithKeys(shards);
    }
  }
  return errorReply(`TRYAGAIN slots moved during each of ${KEYS_ROUNDS_MAX} rounds over the keys`);
};

async function takeKeys(
  client: ClientState,
  argv: Argv,
  env: HandlerEnv,
  targets: readonly Shard[],
  found: KeyFilter,
): Promise<Buffer | undefined> {
  for (const shard of targets) {
    const reply = await askShard(client, env, shard, argv, SHARD_LONG_TIMEOUT_MS);
    if (isErrorReply(reply)) return reply;
    if (!found.take(shard, reply, 0)) return REPLY_BAD_PART;
  }
  return undefined;
}

/**
 * RANDOMKEY. A group is drawn with its number of keys as weight, then the group draws. Strays are
 * drawn again; when only strays come, the first own key in scan order is taken, so that the answer
 * is empty only when there is no key.
 */
export const randomKey: CommandHandler = async (client, argv, env) => {
  const targets = shardsWithKeys(env.shards);
  const parts = await askShards(client, env, targets, ["DBSIZE"]);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const sizes = decodeParts(parts)?.map((value) =>
    value.type === "integer" ? Number(value.value) : -1,
  );
  if (sizes === undefined || sizes.includes(-1)) return REPLY_BAD_PART;
  for (let attempt = 0; attempt < RANDOM_KEY_TRIES_MAX; attempt++) {
    const shard = targets[drawIndex(sizes, Math.random())];
    if (shard === undefined) break;
    const reply = await askShard(client, env, shard, argv);
    const value = decodeReply(reply);
    if (value?.type === "error") return reply;
    if (value?.type !== "bulk") continue;
    if (isOwnKey(env.shards, shard, value.bytes, 0, value.bytes.length)) return reply;
  }
  return firstOwnKey(client, env, targets);
};

/**
 * Index drawn with the given weights; `random` is in [0, 1). Undefined index (-1) when all are 0.
 */
export function drawIndex(weights: readonly number[], random: number): number {
  let left = random * weights.reduce((sum, weight) => sum + weight, 0);
  return weights.findIndex((weight) => {
    if (weight > 0 && left < weight) return true;
    left -= weight;
    return false;
  });
}

async function firstOwnKey(
  client: ClientState,
  env: HandlerEnv,
  targets: readonly Shard[],
): Promise<Buffer> {
  let scansLeft = RANDOM_KEY_SCANS_MAX;
  for (const shard of targets) {
    let cursor = "0";
    do {
      if (scansLeft-- === 0) {
        return errorReply("ERR handle response, no key of an owned slot found in bounded time");
      }
      const command = ["SCAN", cursor, "COUNT", RANDOM_KEY_SCAN_COUNT];
      const reply = await askShard(client, env, shard, command);
      if (isErrorReply(reply)) return reply;
      const page = readScanReply(reply);
      if (page === undefined) return REPLY_BAD_PART;
      let key: Buffer | undefined;
      forEachBulk(reply, page.keysStart, (_frameStart, start, end) => {
        if (isOwnKey(env.shards, shard, reply, start, end)) key ??= reply.subarray(start, end);
      });
      if (key !== undefined) return encodeReply(bulkValue(key), client.proto);
      cursor = page.cursor;
    } while (cursor !== "0");
  }
  return encodeReply({ type: "null", isArray: false }, client.proto);
}

/**
 * FLUSHALL and FLUSHDB [ASYNC|SYNC], on every group that may hold keys. A key in flight from a
 * source to a target can arrive there after the target was flushed; so the targets of moves are
 * flushed once more when all are done, those of moves that ended meanwhile included.
 */
export const flush: CommandHandler = async (client, argv, env) => {
  const { shards } = env;
  const { revision } = shards;
  const options = { timeoutMs: SHARD_LONG_TIMEOUT_MS };
  const targets = targetsOfMoves(shards);
  const parts = await askShards(client, env, shardsWithKeys(shards), argv, options);
  const failure = failureOfChange(parts);
  if (failure !== undefined) return failure;
  const again = shardsOfGroups(shards, [
    ...[...targets, ...targetsOfMoves(shards)].map((shard) => shard.groupId),
    ...shards.groupsThatReceivedSince(revision),
  ]);
  if (again.length === 0) return OK_REPLY;
  return failureOfChange(await askShards(client, env, again, argv, options)) ?? OK_REPLY;
};
