/**
 * Slots in a row: lists of ids as ranges, for answers and messages. Pure; nothing here knows how many slots a
 * product has.
 */

/** Slots from `from` to `to`, both included. */
export interface SlotSpan {
  readonly from: number;
  readonly to: number;
}

/** The ids as ranges in order; `ids` is ascending. */
export function spansOf(ids: readonly number[]): readonly SlotSpan[] {
  const spans: { from: number; to: number }[] = [];
  for (const id of ids) {
    const last = spans.at(-1);
    if (last !== undefined && last.to === id - 1) {
      last.to = id;
    } else {
      spans.push({ from: id, to: id });
    }
  }
  return spans;
}

/** The ids as text, like `0-99,512`; `ids` is ascending. */
export function formatRanges(ids: readonly number[]): string {
  return spansOf(ids)
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`))
    .join(",");
}
