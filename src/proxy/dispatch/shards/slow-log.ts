/**
 * SLOWLOG, LASTSAVE and the statistics reset: figures that each master keeps for itself, told as of
 * one.
 *
 * The slow logs are merged by time. Each master numbers its entries from 0, so an id is made unique
 * by the group: the master's id times `GROUP_SPAN`, plus the group's id. Ids of one group keep
 * their order.
 */
import { arrayValue, encodeReply, integerReply, integerValue } from "../../../resp/encode.ts";
import type { RespValue } from "../../../resp/value.ts";
import type { CommandHandler } from "../context.ts";
import { askShards, decodeParts, failureOf, REPLY_BAD_PART, sumOf } from "./ask.ts";
import { shardsWithKeys } from "./ownership.ts";

/** More than the largest group id of Codis, 9999. */
const GROUP_SPAN = 16_384n;
/** Redis's own when SLOWLOG GET has no count. */
const COUNT_DEFAULT = 10;

interface Entry {
  readonly time: bigint;
  readonly id: bigint;
  /** All but the id. */
  readonly rest: readonly RespValue[];
}

/** SLOWLOG GET [count]; -1 is all. */
export const slowLogGet: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const entries: Entry[] = [];
  for (const [i, list] of (decodeParts(parts) ?? []).entries()) {
    const groupId = BigInt(parts[i]?.shard.groupId ?? 0);
    if (list.type !== "array") return REPLY_BAD_PART;
    for (const item of list.items) {
      const entry = readEntry(item, groupId);
      if (entry === undefined) return REPLY_BAD_PART;
      entries.push(entry);
    }
  }
  // Newest first, as Redis.
  entries.sort((a, b) => Number(b.time - a.time) || Number(b.id - a.id));
  // The masters took the argument, so it is a whole number from -1 on.
  const count = argv[2] === undefined ? COUNT_DEFAULT : Number(argv[2].toString("latin1"));
  const shown = count < 0 ? entries : entries.slice(0, count);
  const values = shown.map(({ id, rest }) => arrayValue([integerValue(id), ...rest]));
  return encodeReply(arrayValue(values), client.proto);
};

function readEntry(item: RespValue, groupId: bigint): Entry | undefined {
  if (item.type !== "array") return undefined;
  const [id, time] = item.items;
  if (id?.type !== "integer" || time?.type !== "integer") return undefined;
  return { time: time.value, id: id.value * GROUP_SPAN + groupId, rest: item.items.slice(1) };
}

/** SLOWLOG LEN: the sum. */
export const slowLogLength: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const values = decodeParts(parts);
  const sum = values === undefined ? undefined : sumOf(values);
  return sum === undefined ? REPLY_BAD_PART : integerReply(sum);
};

/** LASTSAVE: the oldest, because until then all data is on disk. */
export const lastSave: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  let oldest: bigint | undefined;
  for (const value of decodeParts(parts) ?? []) {
    if (value.type !== "integer") return REPLY_BAD_PART;
    if (oldest === undefined || value.value < oldest) oldest = value.value;
  }
  return oldest === undefined ? REPLY_BAD_PART : integerReply(oldest);
};
