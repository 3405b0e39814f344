/**
 * Pointer and keyboard of the grid, as steps of the selection. One listener for all cells.
 *
 *     click, drag               choose; with Ctrl or Cmd: also; with Shift: up to there
 *     arrows, Home, End, Page   the cursor; with Shift: choose up to there
 *     Space                     this slot also, or not any more; Enter: just this one
 *     Ctrl+A, Esc               all, none
 */
import {
  chooseSlots,
  clearSlots,
  extendTo,
  moveCursor,
  pressSlot,
  stepCursor,
  toggleSlot,
} from "./slot-selection.ts";
import type { SlotsModel } from "./slots-model.ts";

/** What the listeners need. */
export interface GridInput {
  readonly host: HTMLElement;
  readonly model: SlotsModel;
  readonly columns: () => number;
  /** Brings the focus to the slot's cell. */
  readonly focus: (slotId: number) => void;
}

/** Listens until the function that it gives is called. */
export function listenToGrid(input: GridInput): () => void {
  const { host, model } = input;
  const off = new AbortController();
  const { signal } = off;
  let isDragging = false;
  host.addEventListener("keydown", (event) => pressKey(input, event), { signal });
  host.addEventListener(
    "pointerdown",
    (event) => {
      const slotId = slotAt(event.target);
      if (slotId === undefined || event.button !== 0) {
        return;
      }
      event.preventDefault();
      isDragging = true;
      const now = model.selection.peek();
      const isAlso = event.ctrlKey || event.metaKey;
      model.select(
        event.shiftKey
          ? extendTo(now, slotId)
          : isAlso
            ? toggleSlot(now, slotId)
            : pressSlot(now, slotId),
      );
      input.focus(slotId);
    },
    { signal },
  );
  host.addEventListener(
    "pointerover",
    (event) => {
      const slotId = slotAt(event.target);
      model.hovered.value = slotId;
      if (isDragging && slotId !== undefined && slotId !== model.selection.peek().cursor) {
        model.select(extendTo(model.selection.peek(), slotId));
        input.focus(slotId);
      }
    },
    { signal },
  );
  host.addEventListener("pointerleave", () => (model.hovered.value = undefined), { signal });
  // The button may be let go anywhere.
  const end = (): void => {
    isDragging = false;
  };
  addEventListener("pointerup", end, { signal });
  addEventListener("pointercancel", end, { signal });
  host.addEventListener(
    "focusin",
    (event) => {
      const slotId = slotAt(event.target);
      if (slotId !== undefined && slotId !== model.selection.peek().cursor) {
        model.select(moveCursor(model.selection.peek(), slotId));
      }
    },
    { signal },
  );
  return () => off.abort();
}

function pressKey({ model, columns, focus }: GridInput, event: KeyboardEvent): void {
  const now = model.selection.peek();
  const { count } = model.map.peek();
  const isFar = event.ctrlKey || event.metaKey;
  if (event.altKey || count === 0) {
    return;
  }
  const to = stepCursor(now.cursor, { key: event.key, isFar }, columns(), count);
  if (to !== undefined) {
    model.select(event.shiftKey ? extendTo(now, to) : moveCursor(now, to));
    focus(to);
  } else if (event.key === " ") {
    model.select(toggleSlot(now, now.cursor));
  } else if (event.key === "Enter") {
    model.select(pressSlot(now, now.cursor));
  } else if (event.key === "Escape" && now.chosen.size > 0) {
    model.select(clearSlots(now));
  } else if (isFar && event.key.toLowerCase() === "a") {
    const all = Array.from({ length: count }, (_, id) => id);
    model.select({ ...chooseSlots(now, all), cursor: now.cursor });
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function slotAt(target: EventTarget | null): number | undefined {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-slot]") : null;
  return cell === null ? undefined : Number(cell.dataset["slot"]);
}
