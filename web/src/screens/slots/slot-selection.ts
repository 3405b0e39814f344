/**
 * Which slots are chosen, and where the cursor is: a value that every step makes anew. Pointer and keyboard use the
 * same steps; slots in between are those with numbers in between, as in `0-127`.
 *
 *     press     the cursor goes there, and only that slot is chosen
 *     toggle    the cursor goes there, and that slot is chosen or not any more (Ctrl or Cmd)
 *     extend    everything from the anchor to there, in place of what the last extension chose (Shift, drag)
 *     move      the cursor goes there, the choice stays (arrows)
 */

/** A choice of slots. */
export interface SlotSelection {
  /** Chosen slots. */
  readonly chosen: ReadonlySet<number>;
  /** Where the cursor is. */
  readonly cursor: number;
  /** Where an extension begins. */
  readonly anchor: number;
  /** What was chosen before the extension that is under way began. */
  readonly base: ReadonlySet<number>;
}

/** Nothing is chosen, the cursor is at slot 0. */
export const NO_SELECTION: SlotSelection = {
  chosen: new Set(),
  cursor: 0,
  anchor: 0,
  base: new Set(),
};

/** See the file head. */
export function pressSlot(_selection: SlotSelection, slotId: number): SlotSelection {
  return { chosen: new Set([slotId]), cursor: slotId, anchor: slotId, base: new Set() };
}

/** See the file head. */
export function toggleSlot({ chosen }: SlotSelection, slotId: number): SlotSelection {
  const next = new Set(chosen);
  if (!next.delete(slotId)) {
    next.add(slotId);
  }
  return { chosen: next, cursor: slotId, anchor: slotId, base: next };
}

/** See the file head. */
export function extendTo({ anchor, base }: SlotSelection, slotId: number): SlotSelection {
  const next = new Set(base);
  for (let id = Math.min(anchor, slotId); id <= Math.max(anchor, slotId); id++) {
    next.add(id);
  }
  return { chosen: next, cursor: slotId, anchor, base };
}

/** See the file head. */
export function moveCursor({ chosen }: SlotSelection, slotId: number): SlotSelection {
  return { chosen, cursor: slotId, anchor: slotId, base: chosen };
}

/** Just these; the cursor goes to the first of them. */
export function chooseSlots({ cursor }: SlotSelection, ids: readonly number[]): SlotSelection {
  const chosen = new Set(ids);
  const first = ids[0] ?? cursor;
  return { chosen, cursor: first, anchor: first, base: chosen };
}

/** Nothing is chosen; the cursor stays. */
export function clearSlots({ cursor }: SlotSelection): SlotSelection {
  return { chosen: new Set(), cursor, anchor: cursor, base: new Set() };
}

/** Chosen slots, ascending. */
export function chosenOf({ chosen }: SlotSelection): readonly number[] {
  return [...chosen].sort((one, other) => one - other);
}

/** What a key does to the cursor. */
export interface CursorStep {
  readonly key: string;
  /** With Ctrl or Cmd. */
  readonly isFar: boolean;
}

/** Rows that a page is. */
const PAGE_ROWS = 8;

/** Where the cursor goes, by the grid pattern of ARIA; undefined: not a key of the grid. Never leaves the grid. */
export function stepCursor(
  from: number,
  { key, isFar }: CursorStep,
  columns: number,
  count: number,
): number | undefined {
  const column = from % columns;
  const down = (rows: number): number => {
    const to = from + rows * columns;
    return to < 0 ? column : to >= count ? count - columns + column : to;
  };
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(count - 1, from + 1);
    case "ArrowUp":
      return down(-1);
    case "ArrowDown":
      return down(1);
    case "PageUp":
      return down(-PAGE_ROWS);
    case "PageDown":
      return down(PAGE_ROWS);
    case "Home":
      return isFar ? 0 : from - column;
    case "End":
      return isFar ? count - 1 : from - column + columns - 1;
    default:
      return undefined;
  }
}
