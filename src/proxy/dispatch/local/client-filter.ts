/**
 * Which sessions CLIENT LIST and CLIENT KILL mean: reads their options, and says whether one session
 * matches. The workers' directory uses the same `matchesClient`, so that the asking session and all others
 * are judged alike.
 *
 * Grammar and texts are those of Redis 7 (clientListCommand, clientKillCommand), with KILL MAXAGE of 7.4.
 */
import type { Argv, ClientFilter, ClientInfo } from "../context.ts";
import { integerOf, shown, wordOf } from "./argument.ts";
import { USER_NAME } from "./login.ts";
import { errorReply, SYNTAX_ERROR_REPLY } from "./reply.ts";

/** What CLIENT KILL was asked to do. */
export interface KillRequest {
  readonly filter: ClientFilter;
  /** The asking session is spared even if it matches. */
  readonly isSelfSpared: boolean;
  /** `CLIENT KILL addr`: answers OK or an error instead of a number. */
  readonly isOldForm: boolean;
}

const INVALID_ID_REPLY = errorReply("ERR Invalid client ID");
const ID_RANGE_REPLY = errorReply("ERR client-id should be greater than 0");
const AGE_NUMBER_REPLY = errorReply("ERR maxage is not an integer or out of range");
const AGE_RANGE_REPLY = errorReply("ERR maxage should be greater than 0");

/** The only types there are; each session is `normal` until there is pub/sub. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["normal", "normal"],
  ["master", "master"],
  ["replica", "replica"],
  ["slave", "replica"],
  ["pubsub", "pubsub"],
]);

/** Whether the filter means this session. */
export function matchesClient(info: ClientInfo, filter: ClientFilter): boolean {
  const { ids, addr, laddr, type, user, maxAgeSeconds, exceptId } = filter;
  return (
    (ids === undefined || ids.includes(info.id)) &&
    (addr === undefined || addr === info.addr) &&
    (laddr === undefined || laddr === info.laddr) &&
    (type === undefined || type === "normal") &&
    (user === undefined || user === USER_NAME) &&
    (maxAgeSeconds === undefined || info.ageSeconds >= maxAgeSeconds) &&
    (exceptId === undefined || exceptId !== info.id)
  );
}

/** The options of `CLIENT LIST …`, or the error reply. */
export function readListFilter(argv: Argv): ClientFilter | Buffer {
  const option = wordOf(argv[2]);
  if (argv.length === 2) {
    return {};
  }
  if (option === "type" && argv.length === 4) {
    const type = TYPES.get(wordOf(argv[3]));
    return type === undefined ? unknownType(argv[3]) : { type };
  }
  if (option === "id" && argv.length > 3) {
    const ids: number[] = [];
    for (const arg of argv.slice(3)) {
      const id = integerOf(arg);
      if (id === undefined) {
        return INVALID_ID_REPLY;
      }
      ids.push(id);
    }
    return { ids };
  }
  return SYNTAX_ERROR_REPLY;
}

/** The options of `CLIENT KILL …`, or the error reply. `argv` has at least one argument after KILL. */
export function readKillRequest(argv: Argv): KillRequest | Buffer {
  if (argv.length === 3) {
    const addr = (argv[2] as Buffer).toString();
    return { filter: { addr }, isSelfSpared: false, isOldForm: true };
  }
  let filter: ClientFilter = {};
  let isSelfSpared = true;
  for (let at = 2; at < argv.length; at += 2) {
    const option = wordOf(argv[at]);
    const value = argv[at + 1];
    if (value === undefined) {
      return SYNTAX_ERROR_REPLY;
    }
    if (option === "skipme") {
      const answer = wordOf(value);
      if (answer !== "yes" && answer !== "no") {
        return SYNTAX_ERROR_REPLY;
      }
      isSelfSpared = answer === "yes";
      continue;
    }
    const part = readKillOption(option, value);
    if (Buffer.isBuffer(part)) {
      return part;
    }
    filter = { ...filter, ...part };
  }
  return { filter, isSelfSpared, isOldForm: false };
}

function readKillOption(option: string, value: Buffer): ClientFilter | Buffer {
  switch (option) {
    case "id": {
      const id = integerOf(value);
      return id === undefined || id < 1 ? ID_RANGE_REPLY : { ids: [id] };
    }
    case "type": {
      const type = TYPES.get(wordOf(value));
      return type === undefined ? unknownType(value) : { type };
    }
    case "addr":
      return { addr: value.toString() };
    case "laddr":
      return { laddr: value.toString() };
    case "user": {
      const user = value.toString("latin1");
      return user === USER_NAME ? { user } : errorReply(`ERR No such user '${shown(value)}'`);
    }
    case "maxage": {
      const maxAgeSeconds = integerOf(value);
      if (maxAgeSeconds === undefined) {
        return AGE_NUMBER_REPLY;
      }
      return maxAgeSeconds < 1 ? AGE_RANGE_REPLY : { maxAgeSeconds };
    }
    default:
      return SYNTAX_ERROR_REPLY;
  }
}

function unknownType(arg: Buffer | undefined): Buffer {
  return errorReply(`ERR Unknown client type '${shown(arg)}'`);
}
