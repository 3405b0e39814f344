/**
 * SCRIPT and FUNCTION: every master must have the same scripts and libraries, because a key of any
 * slot may be theirs to work on.
 *
 * A change is made on all masters, sources of moving slots included; when only some did it the
 * error says which did not. What all masters have alike is asked of one. A script that was loaded
 * is also remembered by the proxy, which loads it on a master that comes later.
 */
import { createHash } from "node:crypto";
import { arrayValue, encodeReply, integerValue } from "../../../resp/encode.ts";
import { errorTextOf, isErrorReply } from "../../../resp/value.ts";
import type { CommandHandler } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import {
  askAnyShard,
  askDedicated,
  askShards,
  decodeParts,
  failureOf,
  failureOfChange,
  type Part,
  REPLY_BAD_PART,
  SHARD_LONG_TIMEOUT_MS,
} from "./ask.ts";
import { shardsWithKeys } from "./ownership.ts";

/** A kill is answered at once, also by a master that does nothing else. */
const KILL_TIMEOUT_MS = 5_000;

/** A change that all masters must make; they answer alike, so the first reply stands for all. */
export const changeAll: CommandHandler = async (client, argv, env) => {
  const options = { timeoutMs: SHARD_LONG_TIMEOUT_MS };
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv, options);
  return failureOfChange(parts) ?? (parts[0] as Part).reply;
};

/** What is the same on all masters (FUNCTION LIST, DUMP). */
export const askAny: CommandHandler = (client, argv, env) => askAnyShard(client, env, argv);

/** SCRIPT LOAD body. */
export const scriptLoad: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOfChange(parts);
  if (failure !== undefined) return failure;
  const body = argv[2] as Buffer;
  env.rememberScript(createHash("sha1").update(body).digest("hex"), body);
  return (parts[0] as Part).reply;
};

/** SCRIPT EXISTS sha1 …: 1 for those that every master has. */
export const scriptExists: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const answers = decodeParts(parts);
  const isOnAll: boolean[] = new Array(argv.length - 2).fill(true);
  for (const answer of answers ?? []) {
    if (answer.type !== "array" || answer.items.length !== isOnAll.length) return REPLY_BAD_PART;
    answer.items.forEach((item, i) => {
      if (item.type !== "integer" || item.value !== 1n) isOnAll[i] = false;
    });
  }
  if (answers === undefined) return REPLY_BAD_PART;
  return encodeReply(arrayValue(isOnAll.map((is) => integerValue(is ? 1 : 0))), client.proto);
};

/** SCRIPT FLUSH [ASYNC|SYNC]. What the proxy remembers goes before any master forgets. */
export const scriptFlush: CommandHandler = async (client, argv, env) => {
  // A bad option flushes nothing. Else first: another worker could load a script again after the
  // servers have dropped it.
  const isSound = argv.length === 2 || (argv.length === 3 && /^a?sync$/i.test(`${argv[2]}`));
  if (isSound) await env.forgetScripts();
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  return failureOfChange(parts) ?? (parts[0] as Part).reply;
};

/**
 * SCRIPT KILL and FUNCTION KILL: done when one master killed something (Redis's response policy
 * `one_succeeded`). On connections of their own, because the shared one may be the one whose script
 * runs. In database 0, because a busy server refuses SELECT.
 */
export const killScript: CommandHandler = async (client, argv, env) => {
  const session = { db: 0, proto: client.proto };
  const replies = await Promise.all(
    shardsWithKeys(env.shards).map(async (shard) => {
      const answers = await askDedicated(env, shard, session, [argv], KILL_TIMEOUT_MS);
      return answers[0] ?? REPLY_BAD_PART;
    }),
  );
  const killed = replies.find((reply) => !isErrorReply(reply));
  // A script that can't be killed, or a master that can't be reached, is news; "nothing runs"
  // isn't.
  const refused = replies.find((reply) => !errorTextOf(reply).startsWith("NOTBUSY "));
  return killed ?? refused ?? replies[0] ?? REPLY_SLOT_OFFLINE;
};

/** FUNCTION STATS: of a master where a function runs, else of the first. */
export const functionStats: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const values = decodeParts(parts);
  if (values === undefined) return REPLY_BAD_PART;
  // Both protocols put the running script second: after its name, in an array or in the first
  // entry.
  const busy = values.findIndex((value) => {
    const running = value.type === "map" ? value.entries[0]?.[1] : itemsOf(value)[1];
    return running !== undefined && running.type !== "null";
  });
  return (parts[Math.max(0, busy)] as Part).reply;
};

function itemsOf(value: NonNullable<ReturnType<typeof decodeParts>>[number]) {
  return value.type === "array" ? value.items : [];
}
