/**
 * SCAN over all groups: complete for keys that are there all the time, and finite, also while slots
 * move. A key may be shown twice, as in Redis. Nothing is remembered between calls: all of it is in
 * the cursor (`scan-cursor.ts`); the passes are explained at `nextPass`.
 *
 * What this needs of the slot table: a revision means the same in all workers; a group counts as
 * having received a slot also when a move to it ends, and when its master is another server than
 * before (hash tables differ, so a position means nothing there); a restarted process begins with a
 * revision that none had before it.
 */
import { bulkValue, encodeReply, errorReply } from "../../../resp/encode.ts";
import { isErrorReply } from "../../../resp/value.ts";
import type { Argv, CommandHandler, Shard, ShardCaller } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import { askAnyShard, askShard, REPLY_BAD_PART } from "./ask.ts";
import { KeyFilter, readScanReply } from "./key-filter.ts";
import { ambiguityOf, shardsInDoubt, shardsWithKeys, targetsOfMoves } from "./ownership.ts";
import {
  packCursor,
  parseCursor,
  revisionsOf,
  type ScanPosition,
  unpackCursor,
  WINDOW_ALL,
  WINDOW_FIRST,
  WINDOW_UNKNOWN,
  windowOver,
} from "./scan-cursor.ts";

/**
 * Masters asked in one call while groups end before COUNT is reached, so that empty ones cost no
 * round trip.
 */
const FIRST_PASS_CALLS_MAX = 8;
/**
 * Later passes hurry, because they end only when slots rest for one of them: more keys from each
 * call to a master, and more of these calls.
 */
const LATER_PASS_CALLS_MAX = 64;
const LATER_PASS_COUNT = 1_000;
const LATER_PASS_KEYS_MAX = 5_000;
/** Redis's own when COUNT isn't given. */
const COUNT_DEFAULT = 10;

const INVALID_CURSOR = errorReply("ERR invalid cursor");
const SYNTAX_ERROR = errorReply("ERR syntax error");
const UNKNOWN_TWICE = errorReply(
  "TRYAGAIN the slot table that SCAN began with isn't known here, twice; start again with cursor 0",
);
const CURSOR_TOO_LARGE = errorReply(
  "ERR SCAN can't go on: the position in the group doesn't fit in a cursor",
);

/** A position of a pass whose begin is known here. */
type Place = ScanPosition & { readonly startRevision: number };

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. */
export const scan: CommandHandler = async (client, argv, env) => {
  const { shards } = env;
  const cursor = parseCursor(argv[1] as Buffer);
  if (cursor === undefined) return INVALID_CURSOR;
  const options = readScanOptions(argv);
  if (options === undefined) {
    // A master knows the right error for it. Should it know an option that we don't, we can't serve
    // it.
    const reply = await askAnyShard(client, env, [argv[0] as Buffer, "0", ...argv.slice(2)]);
    return isErrorReply(reply) ? reply : SYNTAX_ERROR;
  }
  if (shardsWithKeys(shards).length === 0) return REPLY_SLOT_OFFLINE;
  const ambiguity = ambiguityOf(shards);
  if (ambiguity !== undefined) return ambiguity;

  let place = placeOf(shards, cursor);
  if (place === undefined) return UNKNOWN_TWICE;
  const found = new KeyFilter(shards, false);
  for (let calls = 0; ; calls++) {
    const at = findShard(shards, place);
    place = at?.place;
    if (
      at === undefined ||
      place === undefined ||
      isEnough(place, found.count, calls, options.count)
    ) {
      break;
    }
    const command = scanCommand(place, options);
    const reply = await askShard(client, env, at.shard, command);
    if (isErrorReply(reply)) return reply;
    const page = readScanReply(reply);
    if (page === undefined || !found.take(at.shard, reply, page.keysStart)) return REPLY_BAD_PART;
    place = advance(place, Number(page.cursor));
  }
  const next = place === undefined ? 0n : packCursor(place);
  if (next === undefined) return CURSOR_TOO_LARGE;
  const head = Buffer.from("*2\r\n");
  const cursorFrame = encodeReply(bulkValue(next.toString()), client.proto);
  return found.reply(Buffer.concat([head, cursorFrame]));
};

interface ScanOptions {
  /** All options but COUNT, as the client wrote them. */
  readonly others: readonly Buffer[];
  /** The client's COUNT as it wrote it; a master judges whether it is a number. */
  readonly countArgument: Buffer | undefined;
  readonly count: number;
}

/** The options; undefined when they aren't pairs of a known name and a value. */
function readScanOptions(argv: Argv): ScanOptions | undefined {
  const others: Buffer[] = [];
  let countArgument: Buffer | undefined;
  for (let i = 2; i < argv.length; i += 2) {
    const name = argv[i] as Buffer;
    const value = argv[i + 1];
    const word = name.toString("latin1", 0, 8).toUpperCase();
    if (value === undefined) return undefined;
    if (word === "COUNT") countArgument = value;
    else if (word === "MATCH" || word === "TYPE") others.push(name, value);
    else return undefined;
  }
  const count = Number(countArgument?.toString("latin1", 0, 20) ?? COUNT_DEFAULT);
  return { others, countArgument, count: count >= 1 ? count : COUNT_DEFAULT };
}

function scanCommand(place: Place, options: ScanOptions): readonly (string | Buffer)[] {
  const { countArgument } = options;
  const isHurried = place.window !== WINDOW_FIRST && options.count < LATER_PASS_COUNT;
  // A COUNT that isn't a number goes to the master as it is, for its error.
  const isNumber =
    countArgument === undefined || /^[1-9][0-9]*$/.test(countArgument.toString("latin1"));
  const count = isHurried && isNumber ? `${LATER_PASS_COUNT}` : countArgument;
  return [
    "SCAN",
    `${place.position}`,
    ...options.others,
    ...(count === undefined ? [] : ["COUNT", count]),
  ];
}

function isEnough(place: Place, found: number, calls: number, count: number): boolean {
  if (calls === 0) return false;
  if (place.window !== WINDOW_FIRST) {
    return calls >= LATER_PASS_CALLS_MAX || found >= Math.max(count, LATER_PASS_KEYS_MAX);
  }
  // Within a group one call to its master for each call of the client, as the client paces it.
  return calls >= FIRST_PASS_CALLS_MAX || found >= count || place.position !== 0;
}

/**
 * Where a cursor leads. A revision that isn't known here (the process is new) says nothing about
 * moves since then, so all groups are looked at again from here on. Undefined when that happens in
 * such a pass: else two processes with different tables could send a client back and forth for
 * ever.
 */
function placeOf(shards: ShardCaller, cursor: bigint): Place | undefined {
  const { revision } = shards;
  if (cursor === 0n) return passOver(WINDOW_FIRST, revision);
  const at = unpackCursor(cursor, revision);
  if (at.startRevision !== undefined) return { ...at, startRevision: at.startRevision };
  return at.window === WINDOW_UNKNOWN ? undefined : passOver(WINDOW_UNKNOWN, revision);
}

/** The begin of a pass. */
function passOver(window: number, startRevision: number): Place {
  return { groupId: 0, position: 0, startRevision, isTail: false, window };
}

/** The place after a master's reply. */
function advance(place: Place, position: number): Place {
  return position === 0
    ? { ...place, groupId: place.groupId + 1, position }
    : { ...place, position };
}

/** The groups of a pass, or of its tail, by the table as it is. */
function shardsOfPass(shards: ShardCaller, place: Place): readonly Shard[] {
  if (place.isTail) return targetsOfMoves(shards);
  const { window, startRevision } = place;
  if (window === WINDOW_FIRST || window >= WINDOW_ALL) {
    return shardsWithKeys(shards);
  }
  return shardsInDoubt(shards, startRevision - revisionsOf(window));
}

/**
 * The master to look at next and the place there: the one named, or the next in the pass, in its
 * tail or in the next pass; undefined at the end of the scan.
 */
function findShard(
  shards: ShardCaller,
  from: Place | undefined,
): { readonly shard: Shard; readonly place: Place } | undefined {
  let place = from;
  while (place !== undefined) {
    const { groupId, position } = place;
    const shard = shardsOfPass(shards, place).find((candidate) => candidate.groupId >= groupId);
    if (shard !== undefined) {
      const isSame = shard.groupId === groupId;
      return {
        shard,
        place: { ...place, groupId: shard.groupId, position: isSame ? position : 0 },
      };
    }
    if (!place.isTail) {
      place = { ...place, isTail: true, groupId: 0, position: 0 };
      continue;
    }
    place = nextPass(shards, place);
  }
  return undefined;
}

/**
 * The pass that must follow a finished one; undefined when none must.
 *
 * A pass looks at its groups in the order of their ids, then at the targets of slots that are
 * moving (its tail): keys move from source to target only, so a move that goes on during the whole
 * pass hides nothing. A slot whose state changed during the pass may hide keys; then another pass
 * follows, over the groups that received slots and the sources of what still moves to them
 * (`shardsInDoubt`). The last pass is one during which no group received a slot.
 */
function nextPass(shards: ShardCaller, done: Place): Place | undefined {
  const { revision } = shards;
  if (shardsInDoubt(shards, done.startRevision).length === 0) return undefined;
  return passOver(windowOver(revision - done.startRevision), revision);
}
