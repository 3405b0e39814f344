/**
 * Slots as people write them, `0-127,512`: reading with the reason why a text can't be read, and writing. What is
 * written is what the command line takes as well.
 */
import { formatRanges, spansOf } from "../../../../src/model/slot-range.ts";

/** What a text says. */
export type SlotReading =
  /** `ids` are ascending, each once; never empty. */
  | { readonly kind: "slots"; readonly ids: readonly number[] }
  /** Nothing was written. */
  | { readonly kind: "empty" }
  /** `part` isn't a slot or a range. */
  | { readonly kind: "unreadable"; readonly part: string }
  /** `part` names a slot that the product doesn't have. */
  | { readonly kind: "beyond"; readonly part: string }
  /** The range `part` ends before it begins. */
  | { readonly kind: "backwards"; readonly part: string };

/** Reads slots and ranges with commas, blanks, or Chinese commas between them; `all` is every slot. */
export function readSlots(text: string, count: number): SlotReading {
  const parts = text
    .trim()
    .split(/[\s,，、;]+/)
    .filter((part) => part !== "");
  const ids = new Set<number>();
  for (const part of parts) {
    if (part.toLowerCase() === "all") {
      addRange(ids, 0, count - 1);
      continue;
    }
    const match = /^(\d{1,5})(?:(?:-|\.\.|–)(\d{1,5}))?$/.exec(part);
    if (match === null) {
      return { kind: "unreadable", part };
    }
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (Math.max(from, to) >= count) {
      return { kind: "beyond", part };
    }
    if (from > to) {
      return { kind: "backwards", part };
    }
    addRange(ids, from, to);
  }
  return ids.size === 0
    ? { kind: "empty" }
    : { kind: "slots", ids: [...ids].sort((one, other) => one - other) };
}

/** The slots as text, like `0-127,512`; `ids` is ascending. */
export function writeSlots(ids: readonly number[]): string {
  return formatRanges(ids);
}

/** The slots as text of at most so many ranges, with `…` for the rest; `ids` is ascending. */
export function writeFewSlots(ids: readonly number[], spansMax: number): string {
  const spans = spansOf(ids);
  const shown = spans
    .slice(0, spansMax)
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  return shown.join(",") + (spans.length > spansMax ? ",…" : "");
}

function addRange(ids: Set<number>, from: number, to: number): void {
  for (let id = from; id <= to; id++) {
    ids.add(id);
  }
}
