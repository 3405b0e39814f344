/**
 * The cells of the grid. They are made once; after that a change touches only the cells that look otherwise than
 * before, so that twenty slots that move cost twenty cells and not a thousand.
 */
import type { CellLook } from "./slot-cell.ts";
import { changedSlots, NO_SLOTS, type SlotMap } from "./slot-map.ts";
import type { SlotSelection } from "./slot-selection.ts";

/** What is to be drawn: the map, and what its cells and rows look like and are called. */
export interface GridDrawing {
  readonly map: SlotMap;
  lookOf(slotId: number): CellLook;
  /** The slots from one to another, both included. */
  labelOfRow(from: number, to: number): string;
}

/** Slots in a row of the grid: 32 for 1,024 slots, 64 for more. */
export function columnsFor(count: number): number {
  return count <= 1024 ? 32 : 64;
}

/** Draws into an element with `role="grid"`, which has to be empty. */
export class GridPainter {
  readonly #host: HTMLElement;
  readonly #cells: HTMLElement[] = [];
  readonly #heads: HTMLElement[] = [];
  readonly #looks: CellLook[] = [];
  #chosen: ReadonlySet<number> = new Set();
  #cursor = 0;
  #map: SlotMap = NO_SLOTS;
  #shown = "";

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** The cell of a slot; undefined when there is none. */
  cell(slotId: number): HTMLElement | undefined {
    return this.#cells[slotId];
  }

  /** Draws what differs. `shown` stands for all but the map (mode, language): when it changes, every cell counts. */
  paint(drawing: GridDrawing, shown: string): void {
    const startMs = performance.now();
    const isNew = drawing.map.count !== this.#cells.length;
    const isOther = shown !== this.#shown || drawing.map.count !== this.#map.count;
    if (isNew) {
      this.#build(drawing.map.count);
    }
    const ids = isOther ? this.#cells.keys() : changedSlots(this.#map, drawing.map);
    const rows = new Set<number>();
    const columns = columnsFor(drawing.map.count);
    for (const id of ids) {
      this.#draw(id, drawing.lookOf(id));
      rows.add(Math.floor(id / columns));
    }
    for (const row of rows) {
      const label = drawing.labelOfRow(row * columns, row * columns + columns - 1);
      this.#heads[row]?.setAttribute("aria-label", label);
    }
    this.#map = drawing.map;
    this.#shown = shown;
    noteTime(isNew ? "slots.create" : "slots.update", startMs);
  }

  /** Draws the choice and the cursor. */
  choose({ chosen, cursor }: SlotSelection): void {
    for (const id of this.#chosen) {
      if (!chosen.has(id)) {
        this.#cells[id]?.setAttribute("aria-selected", "false");
      }
    }
    for (const id of chosen) {
      if (!this.#chosen.has(id)) {
        this.#cells[id]?.setAttribute("aria-selected", "true");
      }
    }
    this.#chosen = chosen;
    if (cursor !== this.#cursor) {
      this.#cells[this.#cursor]?.setAttribute("tabindex", "-1");
      this.#cells[cursor]?.setAttribute("tabindex", "0");
      this.#cursor = cursor;
    }
  }

  #draw(id: number, look: CellLook): void {
    const cell = this.#cells[id];
    const before = this.#looks[id];
    if (cell === undefined) {
      return;
    }
    if (before?.classes !== look.classes) {
      cell.className = look.classes;
    }
    if (before?.text !== look.text) {
      cell.textContent = look.text;
    }
    if (before?.label !== look.label) {
      cell.setAttribute("aria-label", look.label);
    }
    this.#looks[id] = look;
  }

  #build(count: number): void {
    const columns = columnsFor(count);
    this.#cells.length = 0;
    this.#heads.length = 0;
    this.#looks.length = 0;
    const pattern = cellPattern();
    const rows: HTMLElement[] = [];
    for (let from = 0; from < count; from += columns) {
      const row = document.createElement("div");
      row.className = columns === 32 ? "slot-row" : "slot-row slot-row-wide";
      row.setAttribute("role", "row");
      row.append(this.#makeHead(from));
      for (let id = from; id < from + columns; id++) {
        const cell = pattern.cloneNode() as HTMLElement;
        cell.dataset["slot"] = String(id);
        const isChosen = this.#chosen.has(id);
        cell.setAttribute("aria-selected", isChosen ? "true" : "false");
        cell.setAttribute("tabindex", id === this.#cursor ? "0" : "-1");
        this.#cells.push(cell);
        row.append(cell);
      }
      rows.push(row);
    }
    this.#host.replaceChildren(...rows);
  }

  #makeHead(from: number): HTMLElement {
    const head = document.createElement("div");
    head.className = "slot-row-head";
    head.setAttribute("role", "rowheader");
    head.textContent = String(from);
    this.#heads.push(head);
    return head;
  }
}

/** For gate P9. Only the newest is kept, so that a page that is open for days doesn't collect them. */
function noteTime(name: "slots.create" | "slots.update", startMs: number): void {
  performance.clearMeasures(name);
  performance.measure(name, { start: startMs });
}

function cellPattern(): HTMLElement {
  const cell = document.createElement("div");
  cell.setAttribute("role", "gridcell");
  return cell;
}
