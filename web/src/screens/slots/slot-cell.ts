/**
 * How one slot looks in the grid: classes, the few letters in it, and its name for screen readers. Every state has a
 * pattern and a letter of its own, so that nothing is told by colour alone.
 */
import type { SlotKeys } from "../../../../src/model/slot-keys.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import type { GridDrawing } from "./grid-painter.ts";
import { GROUP_HUES, lookClasses } from "./group-look.ts";
import { fullestOf, LEVEL_UNKNOWN, levelOf } from "./slot-heat.ts";
import { isMoving, type SlotMap, type SlotState, stateOf } from "./slot-map.ts";

/** What the grid shows. */
export const GRID_MODES = ["owner", "state", "keys"] as const;
/** One of `GRID_MODES`. */
export type GridMode = (typeof GRID_MODES)[number];

/** How the grid is to be drawn. */
export interface GridView {
  readonly map: SlotMap;
  readonly mode: GridMode;
  /** Groups that the legend has switched off; their slots are faint. 0: offline slots. */
  readonly faintGroups: ReadonlySet<number>;
  /** States that the legend has switched off. */
  readonly faintStates: ReadonlySet<SlotState>;
  readonly keys: SlotKeys;
  /** Levels of keys that the legend has switched off. */
  readonly faintLevels: ReadonlySet<number>;
}

/** What is drawn in one cell. */
export interface CellLook {
  readonly classes: string;
  readonly text: string;
  readonly label: string;
}

/** Letters of states; online has none. */
export const STATE_SIGNS: Readonly<Record<SlotState, string>> = {
  offline: "×",
  online: "",
  pending: "P",
  preparing: "H",
  prepared: "H",
  migrating: "M",
  finished: "F",
};

/** The grid as its painter draws it. */
export function drawingOf(view: GridView): GridDrawing {
  const fullest = fullestOf(view.keys);
  return {
    map: view.map,
    lookOf: (id) => (view.mode === "keys" ? heatOfCell(view, id, fullest) : lookOfCell(view, id)),
    labelOfRow: (from, to) => labelOfRow(view.map, from, to),
  };
}

/** The look of a slot by its keys. */
function heatOfCell({ map, keys, faintLevels }: GridView, id: number, fullest: number): CellLook {
  const count = keys[id] ?? null;
  const level = levelOf(count, fullest);
  const classes = ["slot-cell", heatClass(level), ...(faintLevels.has(level) ? ["faint"] : [])];
  const name = labelOf(id, map.owners[id] ?? 0, map.targets[id] ?? 0, stateOf(map, id));
  return {
    classes: classes.join(" "),
    text: heatSign(level),
    label:
      count === null
        ? t("slots.cell.uncounted", { slot: name })
        : t("slots.cell.keys", { slot: name, keys: formatCount(count) }),
  };
}

/** Class of a level of keys. */
export function heatClass(level: number): string {
  return level === LEVEL_UNKNOWN ? "heat-unknown" : `heat-${level}`;
}

/** What a cell of this level has written in it; nothing when it has no keys. */
export function heatSign(level: number): string {
  return level === LEVEL_UNKNOWN ? "?" : level === 0 ? "" : String(level);
}

/** The look of a slot. */
export function lookOfCell(
  { map, mode, faintGroups, faintStates }: GridView,
  id: number,
): CellLook {
  const ownerId = map.owners[id] ?? 0;
  const targetId = map.targets[id] ?? 0;
  const state = stateOf(map, id);
  const isFaint = mode === "owner" ? faintGroups.has(ownerId) : faintStates.has(state);
  const classes = [
    "slot-cell",
    `state-${state}`,
    mode === "owner" ? lookClasses(ownerId) : `tone-${state}`,
    ...(targetId > 0 ? [`to-${((targetId - 1) % GROUP_HUES) + 1}`] : []),
    ...(isFaint ? ["faint"] : []),
  ];
  const isNumber = mode === "owner" && state !== "offline";
  return {
    classes: classes.join(" "),
    text: isNumber ? String(ownerId) : STATE_SIGNS[state],
    label: labelOf(id, ownerId, targetId, state),
  };
}

/** A slot in words: `Slot 513, group 4, migrating to group 7`. */
export function labelOf(id: number, ownerId: number, targetId: number, state: SlotState): string {
  if (state === "offline") {
    return t("slots.cell.offline", { slot: id });
  }
  return isMoving(state)
    ? t("slots.cell.moving", {
        slot: id,
        group: ownerId,
        state: t(`slots.state.${state}`),
        target: targetId,
      })
    : t("slots.cell.online", { slot: id, group: ownerId });
}

/** A row of the grid in words: `Slots 0 to 31: group 1: 30, offline: 2`. */
export function labelOfRow(map: SlotMap, from: number, to: number): string {
  const counts = new Map<number, number>();
  for (let id = from; id <= to; id++) {
    const ownerId = map.owners[id] ?? 0;
    counts.set(ownerId, (counts.get(ownerId) ?? 0) + 1);
  }
  const parts = [...counts].map(([groupId, slots]) =>
    groupId === 0
      ? t("slots.row.offline", { count: slots })
      : t("slots.row.group", { group: groupId, count: slots }),
  );
  return t("slots.row", { from, to, what: parts.join(", ") });
}
