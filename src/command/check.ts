/**
 * Arguments that decide whether a forwarded command may be forwarded. Dispatch calls `checkArguments`
 * for commands with a `CHECK`, after the arity and before the keys.
 *
 * Nothing is refused here that Redis would answer with a syntax error: such a request is let through, so
 * that the client reads Redis's own words.
 */
import { slotOf } from "./hash.ts";
import {
  COPY_DB,
  COPY_OPTIONS,
  optionAt,
  SORT_BY,
  SORT_GET,
  SORT_OPTIONS,
  STREAMS_BLOCK,
  STREAMS_OPTIONS,
  STREAMS_STREAMS,
} from "./option.ts";
import { CHECK_COPY, CHECK_SORT, CHECK_STREAMS } from "./route.ts";
import { CHECK } from "./table.ts";

/** Nothing against it. */
export const ARGUMENTS_OK = 0;
/** COPY with DB: refuse. The slot of a key is moved in all databases, but a session sees only one. */
export const ARGUMENTS_OTHER_DATABASE = 1;
/** SORT with a BY or GET pattern that may name keys of other slots: refuse. */
export const ARGUMENTS_PATTERN = 2;
/** XREAD or XREADGROUP with BLOCK: not supported yet, as the other blocking commands. */
export const ARGUMENTS_BLOCKING = 3;

const STAR = 0x2a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/**
 * One of `ARGUMENTS_…` for a request; `ARGUMENTS_OK` for commands without a check. Arguments are given
 * as to `findKeys`, `slotMask` as to `slotOf`. No allocation.
 */
export function checkArguments(
  id: number,
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  slotMask: number,
): number {
  switch (CHECK[id]) {
    case CHECK_COPY:
      return checkCopy(buffer, argOffsets, argCount);
    case CHECK_SORT:
      return checkSort(buffer, argOffsets, argCount, slotMask);
    case CHECK_STREAMS:
      return checkStreams(buffer, argOffsets, argCount);
    default:
      return ARGUMENTS_OK;
  }
}

function checkCopy(buffer: Uint8Array, argOffsets: Int32Array, argCount: number): number {
  for (let index = 3; index < argCount; index++) {
    const option = optionAt(COPY_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === COPY_DB) return ARGUMENTS_OTHER_DATABASE;
  }
  return ARGUMENTS_OK;
}

function checkStreams(buffer: Uint8Array, argOffsets: Int32Array, argCount: number): number {
  for (let index = 1; index < argCount; index++) {
    const option = optionAt(STREAMS_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === STREAMS_BLOCK) return ARGUMENTS_BLOCKING;
    if (option === STREAMS_STREAMS) return ARGUMENTS_OK;
    if (option !== undefined) index += option.argCount;
  }
  return ARGUMENTS_OK;
}

function checkSort(
  buffer: Uint8Array,
  argOffsets: Int32Array,
  argCount: number,
  slotMask: number,
): number {
  const keySlot = slotOf(buffer, argOffsets[2]!, argOffsets[3]!, slotMask);
  for (let index = 2; index < argCount; index++) {
    const option = optionAt(SORT_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === undefined) continue;
    if (option === SORT_BY || option === SORT_GET) {
      const start = argOffsets[2 * index + 2]!;
      const end = argOffsets[2 * index + 3]!;
      if (!isPatternInSlot(buffer, start, end, keySlot, slotMask)) return ARGUMENTS_PATTERN;
    }
    index += option.argCount;
  }
  return ARGUMENTS_OK;
}

/**
 * Whether all keys that a BY or GET pattern can name are in the slot. Redis puts each element in place
 * of the first `*`. Without a `*` no key is read at all (BY nosort, GET #). An element may contain braces
 * itself, so only a whole hash tag before the `*` pins the slot.
 */
function isPatternInSlot(
  buffer: Uint8Array,
  start: number,
  end: number,
  slot: number,
  slotMask: number,
): boolean {
  let star = start;
  while (star < end && buffer[star] !== STAR) star++;
  if (star === end) return true;
  let open = start;
  while (open < star && buffer[open] !== BRACE_OPEN) open++;
  let close = open;
  while (close < star && buffer[close] !== BRACE_CLOSE) close++;
  return close < star && slotOf(buffer, start, star, slotMask) === slot;
}
