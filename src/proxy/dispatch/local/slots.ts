/**
 * Codis's own commands that a proxy answers from its slot table: SLOTSMAPPING and SLOTSHASHKEY.
 *
 * Differs from Codis 3.2: SLOTSHASHKEY is computed here, there a codis-server was asked. Replica groups in
 * SLOTSMAPPING are empty as long as reads go to masters only.
 */
import { slotOf } from "../../../command/hash.ts";
import type { Argv, ClientState, HandlerEnv, ShardCaller } from "../context.ts";
import { wrongArity } from "../reply-text.ts";
import { shown } from "./argument.ts";
import { encodeReply, errorReply, type ReplyValue } from "./reply.ts";

/** SLOTSMAPPING [slot]: `[slot, address, address it moves from, replica groups]`, of all slots or one. */
export function slotsMapping(client: ClientState, argv: Argv, env: HandlerEnv): Buffer {
  const { shards } = env;
  if (argv.length > 2) {
    return wrongArity("slotsmapping");
  }
  const given = argv[1];
  if (given === undefined) {
    const all = Array.from({ length: shards.slotCount }, (_, slotId) => mapping(shards, slotId));
    return encodeReply(all, client.proto);
  }
  // Codis reads numbers as Go does: with a sign, and with zeros in front.
  const text = shown(given);
  if (!/^[+-]?[0-9]+$/.test(text)) {
    const cause = `strconv.ParseInt: parsing "${text}": invalid syntax`;
    return errorReply(`ERR parse slotnum '${text}' failed, ${cause}`);
  }
  const slotId = Number(text);
  if (slotId < 0 || slotId >= shards.slotCount) {
    return errorReply(`ERR parse slotnum '${text}' failed, out of range`);
  }
  return encodeReply(mapping(shards, slotId), client.proto);
}

/** SLOTSHASHKEY key …: the slot of each key. */
export function slotsHashKey(client: ClientState, argv: Argv, env: HandlerEnv): Buffer {
  const mask = env.shards.slotCount - 1;
  const slotIds = argv.slice(1).map((key) => slotOf(key, 0, key.length, mask));
  return encodeReply(slotIds, client.proto);
}

/** Codis writes the three texts as simple strings. */
function mapping(shards: ShardCaller, slotId: number): ReplyValue {
  const fromGroupId = shards.migrateFromOfSlot(slotId);
  const from = fromGroupId === 0 ? undefined : shards.shardOfGroup(fromGroupId);
  return [
    { simple: `${slotId}` },
    { simple: shards.shardOfSlot(slotId)?.addr ?? "" },
    { simple: from?.addr ?? "" },
    [],
  ];
}
