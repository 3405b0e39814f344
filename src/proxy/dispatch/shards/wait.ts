/**
 * WAIT and WAITAOF: how many replicas have the session's own writes, as the minimum over the groups
 * that it wrote to.
 *
 * Redis waits for the offset that the asking connection last reached, so a fresh connection waits
 * for nothing, and a shared one may not be blocked. The dedicated connection therefore first lifts
 * its offset to the master's present one (`LIFT_OFFSET`). All writes of the session are before
 * that, because a handler runs when nothing is in flight.
 */
import { arrayValue, encodeReply, errorReply, integerValue } from "../../../resp/encode.ts";
import { decodeReply, errorTextOf, isErrorReply } from "../../../resp/value.ts";
import type { Argv, ClientState, CommandHandler, HandlerEnv, Shard } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import { askDedicated, type Command, REPLY_BAD_PART } from "./ask.ts";
import { ambiguityOf, movesOf, shardsOfGroups, shardsWithKeys } from "./ownership.ts";

/**
 * Longest wait, also for timeout 0, which is "for ever" in Redis: the answer then is the number
 * reached, as after any timeout. It bounds how long a connection to each group is held for a client
 * that may be gone.
 */
const WAIT_TIMEOUT_MAX_MS = 300_000;
/** For the connection, the login and the answers. */
const WAIT_MARGIN_MS = 5_000;

/**
 * What lifts the offset of a connection and leaves no trace. Up to Redis 7.0 any command does
 * (processCommand sets `c->woff`), so PING. Since 7.2 it must be one that is propagated (call sets
 * `c->woff` when the offset grew): SPUBLISH to a channel of ours, which reaches nobody, because
 * sharded channels have no patterns. Servers too old to know it are content with the PING.
 */
const LIFT_OFFSET: readonly Command[] = [["PING"], ["SPUBLISH", "__codis:offset__", ""]];

/** WAIT numreplicas timeout. */
export const wait: CommandHandler = async (client, argv, env) => {
  const answers = await waitOnGroups(client, argv, env, 2);
  if (Buffer.isBuffer(answers)) return answers;
  let fewest: bigint | undefined;
  for (const reply of answers) {
    const value = decodeReply(reply);
    if (value?.type !== "integer") return REPLY_BAD_PART;
    if (fewest === undefined || value.value < fewest) fewest = value.value;
  }
  return encodeReply(integerValue(fewest ?? 0n), client.proto);
};

/** WAITAOF numlocal numreplicas timeout (Redis 7.2): both numbers are minima. */
export const waitAof: CommandHandler = async (client, argv, env) => {
  const answers = await waitOnGroups(client, argv, env, 3);
  if (Buffer.isBuffer(answers)) return answers;
  const fewest: bigint[] = [];
  for (const reply of answers) {
    const value = decodeReply(reply);
    if (value?.type !== "array" || value.items.length !== 2) return REPLY_BAD_PART;
    for (const [i, item] of value.items.entries()) {
      if (item.type !== "integer") return REPLY_BAD_PART;
      const least = fewest[i];
      if (least === undefined || item.value < least) fewest[i] = item.value;
    }
  }
  return encodeReply(arrayValue(fewest.map((count) => integerValue(count))), client.proto);
};

/** The groups' answers to the command, or the error that stands for all. */
async function waitOnGroups(
  client: ClientState,
  argv: Argv,
  env: HandlerEnv,
  timeoutIndex: number,
): Promise<readonly Buffer[] | Buffer> {
  const ambiguity = ambiguityOf(env.shards);
  if (ambiguity !== undefined) return ambiguity;
  const hasWritten = client.writtenGroups.size > 0;
  const targets = hasWritten ? shardsWritten(client, env) : shardsWithKeys(env.shards);
  const timeoutMs = boundedTimeout(argv[timeoutIndex] as Buffer);
  const command: readonly Uint8Array[] = argv.with(timeoutIndex, Buffer.from(`${timeoutMs}`));
  // An argument that Redis refuses goes as it is, for the error; so does a session that wrote
  // nothing:
  // there is nothing to wait for, and the number of replicas is the answer, as on a bare Redis.
  const commands: readonly Command[] =
    timeoutMs === undefined ? [argv] : hasWritten ? [...LIFT_OFFSET, command] : [command];
  const deadlineMs = (timeoutMs ?? 0) + WAIT_MARGIN_MS;
  const replies = await Promise.all(
    targets.map(async (shard) =>
      answerOf(await askDedicated(env, shard, client, commands, deadlineMs), commands.length),
    ),
  );
  if (replies.length === 0) return REPLY_SLOT_OFFLINE;
  return replies.find((reply) => isErrorReply(reply)) ?? replies;
}

/** The last reply, or the error of a step before it without which the last one proves nothing. */
function answerOf(replies: readonly Buffer[], commandCount: number): Buffer {
  const last = replies.at(-1) ?? REPLY_BAD_PART;
  if (isErrorReply(last) || commandCount === 1) return last;
  const [ping, publish] = replies;
  if (replies.length !== commandCount || ping === undefined || publish === undefined) {
    return REPLY_BAD_PART;
  }
  if (isErrorReply(ping)) return ping;
  const text = errorTextOf(publish);
  if (text === "" || text.startsWith("ERR unknown command")) return last;
  return errorReply(`ERR can't wait for the session's writes: SPUBLISH answered: ${text}`);
}

/**
 * The masters with the session's writes: of the groups that it wrote to, and of those that slots
 * are moving to from there. When one of the groups is gone its keys may be anywhere, so all masters
 * count.
 */
function shardsWritten(client: ClientState, env: HandlerEnv): readonly Shard[] {
  const { shards } = env;
  const ids = new Set(client.writtenGroups);
  for (const groupId of ids) {
    if (shards.shardOfGroup(groupId) === undefined) return shardsWithKeys(shards);
  }
  for (const { fromGroupId, toGroupId } of movesOf(shards)) {
    if (client.writtenGroups.has(fromGroupId)) ids.add(toGroupId);
  }
  return shardsOfGroups(shards, ids);
}

/** The timeout within our bound, undefined when Redis would refuse it. */
function boundedTimeout(argument: Buffer): number | undefined {
  const text = argument.toString("latin1", 0, 20);
  if (!/^(?:0|[1-9][0-9]{0,17})$/.test(text)) return undefined;
  const timeoutMs = Number(text);
  return timeoutMs === 0 ? WAIT_TIMEOUT_MAX_MS : Math.min(timeoutMs, WAIT_TIMEOUT_MAX_MS);
}
