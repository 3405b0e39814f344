/**
 * Codis's own commands that ask a server about slots: SLOTSINFO and SLOTSSCAN, with the error texts
 * of Codis 3.2. (SLOTSMAPPING and SLOTSHASHKEY ask none: `local/slots.ts`.)
 *
 * Both are commands of codis-server. On stock servers SLOTSSCAN is done with SCAN and a look at
 * each name's slot, so that tools which walk the cluster slot by slot still work; SLOTSINFO would
 * cost a look at every key, so there it answers the server's own "unknown command".
 */
import { slotOf } from "../../../command/hash.ts";
import { arrayValue, bulkValue, encodeReply, errorReply } from "../../../resp/encode.ts";
import { errorTextOf, forEachBulk, isErrorReply, type RespValue } from "../../../resp/value.ts";
import type { Argv, CommandHandler, ShardCaller } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import { askShard, REPLY_BAD_PART } from "./ask.ts";
import { readScanReply } from "./key-filter.ts";
import { shardsWithKeys } from "./ownership.ts";

/** Bytes of the client's that an error repeats. */
const SHOWN_BYTES_MAX = 128;

/** SLOTSINFO addr: the slots of that master with their numbers of keys. */
export const slotsInfo: CommandHandler = async (client, argv, env) => {
  const addr = (argv[1] as Buffer).toString("latin1", 0, SHOWN_BYTES_MAX);
  const shard = shardsWithKeys(env.shards).find((candidate) => candidate.addr === addr);
  if (shard === undefined) return errorReply(`ERR backend server '${addr}' not found`);
  return askShard(client, env, shard, [argv[0] as Buffer]);
};

/** SLOTSSCAN slot cursor [COUNT n]: names of one slot; the cursor is the master's own. */
export const slotsScan: CommandHandler = async (client, argv, env) => {
  const { shards } = env;
  const slotId = readSlotId(shards, argv[1] as Buffer);
  if (typeof slotId !== "number") return slotId;
  const shard = shards.shardOfSlot(slotId);
  if (shard === undefined) return REPLY_SLOT_OFFLINE;
  const own = await askShard(client, env, shard, argv);
  if (!errorTextOf(own).startsWith("ERR unknown command")) return own;

  const scan = ["SCAN", ...argv.slice(2)];
  const reply = await askShard(client, env, shard, scan);
  if (isErrorReply(reply)) return reply;
  const page = readScanReply(reply);
  if (page === undefined) return REPLY_BAD_PART;
  const names: RespValue[] = [];
  forEachBulk(reply, page.keysStart, (_frameStart, start, end) => {
    if (slotOf(reply, start, end, shards.slotCount - 1) === slotId) {
      names.push(bulkValue(reply.subarray(start, end)));
    }
  });
  return encodeReply(arrayValue([bulkValue(page.cursor), arrayValue(names)]), client.proto);
};

/** The slot id, or the error reply of Codis; the cause is written as Go's strconv does. */
function readSlotId(shards: ShardCaller, argument: Argv[number]): number | Buffer {
  const shown = argument.toString("latin1", 0, SHOWN_BYTES_MAX);
  const prefix = `ERR parse slotnum '${shown}' failed, `;
  if (!/^[+-]?[0-9]+$/.test(shown) || argument.length > SHOWN_BYTES_MAX) {
    return errorReply(
      `${prefix}strconv.ParseInt: parsing ${JSON.stringify(shown)}: invalid syntax`,
    );
  }
  const slotId = Number(shown);
  if (Math.abs(slotId) >= 2 ** 63) {
    return errorReply(`${prefix}strconv.ParseInt: parsing "${shown}": value out of range`);
  }
  if (slotId < 0 || slotId >= shards.slotCount) return errorReply(`${prefix}out of range`);
  return slotId;
}
