/**
 * The slots of the keys of a whole request, for a read that is sent again: its session may have written to one of
 * them meanwhile, and the slot table may have changed. Not on the way of other requests.
 */
import { slotOf } from "../../command/hash.ts";
import { findKeys } from "../../command/key-spec.ts";
import { lookupCommand, lookupSubcommand } from "../../command/lookup.ts";
import { RequestScanner } from "../../resp/request-scanner.ts";

const scanner = new RequestScanner();

/** Each slot once, that of the first key first; none when the request names no key. */
export function slotsOfRequest(frame: Buffer, slotMask: number): readonly number[] {
  scanner.scan(frame, 0, frame.length, true);
  const { argOffsets, argCount } = scanner;
  let id = lookupCommand(frame, argOffsets[0] as number, argOffsets[1] as number);
  if (id === -1) return [];
  if (argCount > 1) {
    const sub = lookupSubcommand(id, frame, argOffsets[2] as number, argOffsets[3] as number);
    if (sub !== -1) id = sub;
  }
  const indexes = new Int32Array(argCount);
  const count = findKeys(id, frame, argOffsets, argCount, indexes);
  const slots = new Set<number>();
  for (let i = 0; i < count; i++) {
    const at = (indexes[i] as number) * 2;
    slots.add(slotOf(frame, argOffsets[at] as number, argOffsets[at + 1] as number, slotMask));
  }
  return [...slots];
}
