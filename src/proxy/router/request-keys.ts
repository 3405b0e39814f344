/**
 * The names of the keys of a request, for slots that move: each must be known to have arrived before the request
 * is sent. Copies, so that they may be kept.
 */
import { findKeys } from "../../command/key-spec.ts";
import { optionAt, SORT_BY, SORT_GET, SORT_OPTIONS } from "../../command/option.ts";
import { CHECK_SORT } from "../../command/route.ts";
import { CHECK } from "../../command/table.ts";
import { RequestScanner } from "../../resp/request-scanner.ts";

/** Where the arguments of a request are; see `RequestScanner.argOffsets`. */
export interface RequestArguments {
  readonly argOffsets: Int32Array;
  readonly argCount: number;
}

const STAR = 0x2a;
const scanner = new RequestScanner();

/**
 * The names, each once; none when the request names no key, undefined when it may touch keys that it doesn't
 * name.
 */
export function namesOfRequest(
  commandId: number,
  buffer: Buffer,
  args: RequestArguments,
): readonly Buffer[] | undefined {
  const { argOffsets, argCount } = args;
  if (hasPattern(commandId, buffer, args)) return undefined;
  const indexes = new Int32Array(argCount);
  const count = findKeys(commandId, buffer, argOffsets, argCount, indexes);
  const names = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    const at = (indexes[i] as number) * 2;
    const start = argOffsets[at] as number;
    const end = argOffsets[at + 1] as number;
    names.set(buffer.toString("latin1", start, end), Buffer.from(buffer.subarray(start, end)));
  }
  return [...names.values()];
}

/** As `namesOfRequest`, for a whole request of its own. */
export function namesOfFrame(commandId: number, frame: Buffer): readonly Buffer[] | undefined {
  scanner.scan(frame, 0, frame.length, true);
  return namesOfRequest(commandId, frame, scanner);
}

/** SORT with BY or GET reads a key for each element, in the slot of the list (`command/check.ts`). */
function hasPattern(commandId: number, buffer: Buffer, args: RequestArguments): boolean {
  if (CHECK[commandId] !== CHECK_SORT) return false;
  const { argOffsets, argCount } = args;
  for (let index = 2; index < argCount; index++) {
    const option = optionAt(SORT_OPTIONS, buffer, argOffsets, argCount, index);
    if (option === undefined) continue;
    if (option === SORT_BY || option === SORT_GET) {
      const start = argOffsets[2 * index + 2] as number;
      const end = argOffsets[2 * index + 3] as number;
      if (buffer.subarray(start, end).includes(STAR)) return true;
    }
    index += option.argCount;
  }
  return false;
}
