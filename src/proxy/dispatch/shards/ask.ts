/**
 * Asking the groups: one command to one master, to all, or to the first that answers. Every handler
 * of this folder sends through here, so every fan-out has a bound on its width and on its time.
 *
 * A part that failed is an error reply like any other. Nothing here joins parts: a sum over some of
 * the masters would look like a sum over all, so handlers call `failureOf` first.
 */
import { errorReply } from "../../../resp/encode.ts";
import { decodeReply, errorTextOf, isErrorReply, type RespValue } from "../../../resp/value.ts";
import type { ClientState, HandlerEnv, Shard } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";

/** Masters asked at once by one command; the others wait for their turn. */
export const FANOUT_WIDTH_MAX = 64;
/** How long one master may take to answer an ordinary command. */
const SHARD_TIMEOUT_MS = 30_000;
/** The same for commands whose work grows with the data: KEYS, FLUSHALL SYNC, FUNCTION RESTORE. */
export const SHARD_LONG_TIMEOUT_MS = 300_000;

/** Time for a dedicated connection to report its own timeout first. */
const DEDICATED_MARGIN_MS = 1_000;

const EMPTY = Buffer.alloc(0);

/** Arguments of a command for a master; strings are UTF-8. */
export type Command = readonly (string | Uint8Array)[];

/** What one master answered. */
export interface Part {
  readonly shard: Shard;
  /** Whole raw reply. */
  readonly reply: Buffer;
}

/** How to ask; the rest comes from the session. */
export interface AskOptions {
  readonly timeoutMs?: number;
  readonly width?: number;
}

/** One master's reply, or an error reply when it is late. */
export function askShard(
  client: ClientState,
  env: HandlerEnv,
  shard: Shard,
  command: Command,
  timeoutMs: number = SHARD_TIMEOUT_MS,
): Promise<Buffer> {
  const reply = env.shards.call(shard, client.db, client.proto, command);
  return beforeDeadline(reply, shard, timeoutMs);
}

/** The replies of all given masters, in their order; never rejects. */
export async function askShards(
  client: ClientState,
  env: HandlerEnv,
  shards: readonly Shard[],
  command: Command,
  options: AskOptions = {},
): Promise<readonly Part[]> {
  const parts: Part[] = new Array(shards.length);
  let next = 0;
  const askInTurn = async (): Promise<void> => {
    while (next < shards.length) {
      const index = next++;
      const shard = shards[index] as Shard;
      const reply = await askShard(client, env, shard, command, options.timeoutMs);
      parts[index] = { shard, reply };
    }
  };
  const width = Math.min(options.width ?? FANOUT_WIDTH_MAX, shards.length);
  await Promise.all(Array.from({ length: width }, askInTurn));
  return parts;
}

/**
 * The reply of the first of the masters, in their order, that can give one. A master that can't be
 * reached or isn't ready is passed over; any other error is an answer, since all of them would say
 * the same.
 */
export async function askAnyShard(
  client: ClientState,
  env: HandlerEnv,
  command: Command,
): Promise<Buffer> {
  let reply: Buffer = REPLY_SLOT_OFFLINE;
  for (const shard of env.shards.shards()) {
    reply = await askShard(client, env, shard, command);
    if (!isErrorReply(reply) || !NOT_READY.test(errorTextOf(reply))) return reply;
  }
  return reply;
}

/**
 * The proxy's errors for a backend without an answer, and Redis's own for one that can't answer
 * now.
 */
const NOT_READY = /^(?:ERR handle response, |LOADING |MASTERDOWN |BUSY )/;

/**
 * The error that stands for the whole command, undefined when every part succeeded. The masters are
 * equal in rank, so it is the first in group order.
 */
export function failureOf(parts: readonly Part[]): Buffer | undefined {
  if (parts.length === 0) return REPLY_SLOT_OFFLINE;
  return parts.find((part) => isErrorReply(part.reply))?.reply;
}

/**
 * As `failureOf`, for commands that change something: when only some masters failed, the text goes
 * on to say which, because the others have done it.
 */
export function failureOfChange(parts: readonly Part[]): Buffer | undefined {
  const failure = failureOf(parts);
  if (failure === undefined) return undefined;
  const failed = parts.filter((part) => isErrorReply(part.reply));
  if (failed.length === parts.length) return failure;
  const names = failed.map(({ shard }) => `group ${shard.groupId} at ${shard.addr}`).join(", ");
  const done = parts.length - failed.length;
  return errorReply(
    `${errorTextOf(failure)} (done by ${done} of ${parts.length} masters, not by ${names})`,
  );
}

/** The decoded replies, undefined when one of them isn't what RESP allows. */
export function decodeParts(parts: readonly Part[]): readonly RespValue[] | undefined {
  const values: RespValue[] = [];
  for (const { reply } of parts) {
    const value = decodeReply(reply);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** The answer when a master's reply isn't of the form that its command has. */
export const REPLY_BAD_PART = errorReply("ERR handle response, bad reply of one group");

/** The sum of integer replies, undefined when one isn't an integer. */
export function sumOf(values: readonly RespValue[]): bigint | undefined {
  let sum = 0n;
  for (const value of values) {
    if (value.type !== "integer") return undefined;
    sum += value.value;
  }
  return sum;
}

/** Error reply for a master that is late; the text of Codis for a backend that doesn't answer. */
function beforeDeadline(reply: Promise<Buffer>, shard: Shard, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(
        errorReply(
          `ERR handle response, no reply of group ${shard.groupId} at ${shard.addr} ` +
            `within ${timeoutMs} ms`,
        ),
      );
    }, timeoutMs);
    reply.then(
      (bytes) => {
        clearTimeout(timer);
        resolve(bytes);
      },
      () => {
        // The contract says that calls don't reject; a defect there must not hang a session.
        clearTimeout(timer);
        resolve(errorReply("ERR handle response, backend conn reset"));
      },
    );
  });
}

/**
 * Commands on a connection of their own, bounded by `timeoutMs` here as well; one error reply when
 * it fails.
 */
export async function askDedicated(
  env: HandlerEnv,
  shard: Shard,
  client: Pick<ClientState, "db" | "proto">,
  commands: readonly Command[],
  timeoutMs: number,
): Promise<readonly Buffer[]> {
  const replies = env.shards.callDedicated(shard, client.db, client.proto, commands, timeoutMs);
  const outcome = await beforeDeadline(
    replies.then(() => EMPTY),
    shard,
    timeoutMs + DEDICATED_MARGIN_MS,
  );
  return outcome === EMPTY ? replies : [outcome];
}
