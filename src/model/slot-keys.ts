/**
 * Keys of slots, and their sum over slots in a row: for the command lines and for the map in the console. Pure;
 * browsers load it too.
 */
import type { SlotSpan } from "./slot-range.ts";

/** Keys by slot; null where nobody can tell. */
export type SlotKeys = readonly (number | null)[];

/** Keys of all slots of the span; null as soon as one isn't known, or isn't in the list. */
export function sumOfKeys(keys: SlotKeys, { from, to }: SlotSpan): number | null {
  let sum = 0;
  for (let id = from; id <= to; id++) {
    const each = keys[id];
    if (each === null || each === undefined) {
      return null;
    }
    sum += each;
  }
  return sum;
}
