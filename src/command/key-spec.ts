/**
 * Where the keys of a request are. Dispatch calls `findKeys` for every command that isn't on its fast
 * path (`IS_SINGLE_KEY`), hashes the keys and compares their slots.
 *
 * The answer must never miss a key that the command touches: a missed one in another slot would be read
 * or written on the wrong server. Where Redis ignores a key that was named (the first of two STOREs), it
 * is reported all the same.
 */
import {
  GEORADIUS_OPTIONS,
  GEORADIUS_STORE,
  GEORADIUS_STOREDIST,
  MIGRATE_KEYS,
  MIGRATE_OPTIONS,
  optionAt,
  SORT_OPTIONS,
  SORT_STORE,
  STREAMS_OPTIONS,
  STREAMS_STREAMS,
} from "./option.ts";
import { FLAG_NO_MANDATORY_KEYS } from "./route.ts";
import {
  ARITY,
  COMMAND_COUNT,
  COMMANDS,
  FIRST_KEY,
  FLAGS,
  findCommandId,
  KEY_STEP,
  LAST_KEY,
} from "./table.ts";

/** What `findKeys` answers when the syntax gives no keys. */
export const KEYS_INVALID = -1;

const KIND_NONE = 0;
const KIND_RANGE = 1;
const KIND_NUMKEYS = 2;
const KIND_SORT = 3;
const KIND_GEORADIUS = 4;
const KIND_STREAMS = 5;
const KIND_MIGRATE = 6;

/** How the keys are found, by id. */
const KIND = new Uint8Array(COMMAND_COUNT);
/** Argument that holds the number of keys. */
const NUMKEYS_AT = new Uint8Array(COMMAND_COUNT);
/** Argument of the destination key before the number, 0 is none. */
const DESTINATION = new Uint8Array(COMMAND_COUNT);
/** SORT_RO has no STORE: the word is a syntax error there. */
const SORT_ID = findCommandId("sort");

const KIND_OF_PARSER = {
  sort: KIND_SORT,
  georadius: KIND_GEORADIUS,
  streams: KIND_STREAMS,
  migrate: KIND_MIGRATE,
};

for (const { id, keys } of COMMANDS) {
  if (keys.kind === "range") KIND[id] = KIND_RANGE;
  if (keys.kind === "special") KIND[id] = KIND_OF_PARSER[keys.parser];
  if (keys.kind !== "numkeys") continue;
  KIND[id] = KIND_NUMKEYS;
  NUMKEYS_AT[id] = keys.at;
  DESTINATION[id] = keys.destination;
}

/**
 * Writes the argument indexes of all keys, sources and destinations, into `out`, and answers how many
 * there are. 0 means a command without keys, or a script called with none: any server will do.
 *
 * The count may be larger than `out` is long; then only what fits was written, and the caller makes a
 * larger array, keeps it, and calls again. An array as long as the request has arguments always fits.
 *
 * `KEYS_INVALID` means that the arguments don't say where the keys are (a bad number of keys, a pair cut
 * in half, STREAMS missing). Redis refuses such a request before it looks at a key, so the caller sends
 * it to any server, and the client gets Redis's own error.
 *
 * The number of arguments must fit `ARITY`; `argOffsets` are pairs of start and end in `buffer`, the
 * command name first. Subcommands count from the container's name: OBJECT ENCODING k has its key at 2.
 * No allocation.
 */
export function findKeys(
  id: number,
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  switch (KIND[id]) {
    case KIND_NONE:
      return 0;
    case KIND_RANGE:
      return findRangeKeys(FIRST_KEY[id]!, LAST_KEY[id]!, KEY_STEP[id]!, argCount, out);
    case KIND_NUMKEYS:
      return findCountedKeys(id, buffer, argOffsets, argCount, out);
    case KIND_SORT:
      return findSortKeys(id, buffer, argOffsets, argCount, out);
    case KIND_GEORADIUS:
      return findGeoradiusKeys(id, buffer, argOffsets, argCount, out);
    case KIND_STREAMS:
      return findStreamKeys(buffer, argOffsets, argCount, out);
    default:
      return findMigrateKeys(buffer, argOffsets, argCount, out);
  }
}

/**
 * `findKeys` for a plain range, as COMMAND INFO describes one: every `step`th argument from `first` to
 * `last`, a negative `last` counted from the end. `KEYS_INVALID` when the range is empty, or ends in the
 * middle of a step (MSET with a key that has no value).
 */
export function findRangeKeys(
  first: number,
  last: number,
  step: number,
  argCount: number,
  out: Int32Array,
): number {
  const lastIndex = last < 0 ? argCount + last : last;
  if (lastIndex < first || lastIndex >= argCount) return KEYS_INVALID;
  if (last < 0 && (lastIndex - first + 1) % step !== 0) return KEYS_INVALID;
  let count = 0;
  for (let index = first; index <= lastIndex; index += step) out[count++] = index;
  return count;
}

/** ZUNIONSTORE dest numkeys key …, EVAL script numkeys key …, MSETEX numkeys key value …. */
function findCountedKeys(
  id: number,
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  const at = NUMKEYS_AT[id]!;
  if (at >= argCount) return KEYS_INVALID;
  const keyCount = parseCount(buffer, argOffsets[2 * at]!, argOffsets[2 * at + 1]!);
  const step = KEY_STEP[id]!;
  if (keyCount < 0 || at + keyCount * step >= argCount) return KEYS_INVALID;
  if (keyCount === 0) return (FLAGS[id]! & FLAG_NO_MANDATORY_KEYS) === 0 ? KEYS_INVALID : 0;
  let count = 0;
  if (DESTINATION[id]! > 0) out[count++] = DESTINATION[id]!;
  for (let i = 0; i < keyCount; i++) out[count++] = at + 1 + i * step;
  return count;
}

/** Digits as Redis takes an integer: no sign, no leading zero. -1 for anything else or over 9 digits. */
function parseCount(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > 9) return -1;
  if (buffer[start] === 0x30 && length > 1) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = buffer[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** SORT key [BY p] [LIMIT o c] [GET p …] [ASC|DESC] [ALPHA] [STORE dest]. */
function findSortKeys(
  id: number,
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  let count = 0;
  out[count++] = 1;
  for (let index = 2; index < argCount; index++) {
    const option = optionAt(SORT_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === undefined) continue;
    if (option === SORT_STORE && id === SORT_ID) out[count++] = index + 1;
    index += option.argCount;
  }
  return count;
}

/** GEORADIUS key lon lat radius unit [options], GEORADIUSBYMEMBER key member radius unit [options]. */
function findGeoradiusKeys(
  id: number,
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  let count = 0;
  out[count++] = 1;
  // The arity is minus the number of the arguments before the options.
  for (let index = -ARITY[id]!; index < argCount; index++) {
    const option = optionAt(GEORADIUS_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === undefined) continue;
    if (option === GEORADIUS_STORE || option === GEORADIUS_STOREDIST) out[count++] = index + 1;
    index += option.argCount;
  }
  return count;
}

/** XREAD … STREAMS key … id …: the keys are the first half of what follows the word. */
function findStreamKeys(
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  for (let index = 1; index < argCount; index++) {
    const option = optionAt(STREAMS_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === STREAMS_STREAMS) {
      const rest = argCount - index - 1;
      if (rest === 0 || rest % 2 !== 0) return KEYS_INVALID;
      return findRangeKeys(index + 1, index + rest / 2, 1, argCount, out);
    }
    if (option !== undefined) index += option.argCount;
  }
  return KEYS_INVALID;
}

/** MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH p | AUTH2 u p] [KEYS key …]. */
function findMigrateKeys(
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  out: Int32Array,
): number {
  const isKeyEmpty = argOffsets[6] === argOffsets[7];
  for (let index = 6; isKeyEmpty && index < argCount; index++) {
    const option = optionAt(MIGRATE_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === MIGRATE_KEYS) return findRangeKeys(index + 1, -1, 1, argCount, out);
    if (option !== undefined) index += option.argCount;
  }
  out[0] = 3;
  return 1;
}
