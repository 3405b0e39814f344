/**
 * The slot map as a few paths: one for each group, and one for each sign of a state, so that a thousand slots cost a
 * dozen elements. A slot is a unit square, rows are from left to right. Pure.
 */
import { isMoving, type SlotMap, stateOf } from "../slots/slot-map.ts";

/** Paths of the map. */
export interface MiniMap {
  readonly columns: number;
  readonly rows: number;
  /** Squares of each owner, by group id; those of nobody aren't there. */
  readonly owners: readonly { readonly groupId: number; readonly path: string }[];
  /** A slash through each slot that moves. */
  readonly moving: string;
  /** A cross through each slot that nobody owns. */
  readonly offline: string;
  readonly counts: { readonly online: number; readonly moving: number; readonly offline: number };
}

const COLUMNS = 64;

/** See the file head. */
export function miniMapOf(map: SlotMap): MiniMap {
  const columns = map.count > 1024 ? 2 * COLUMNS : COLUMNS;
  const paths = new Map<number, string[]>();
  const signs = { moving: "", offline: "" };
  const counts = { online: 0, moving: 0, offline: 0 };
  let from = 0;
  for (let id = 0; id < map.count; id += 1) {
    const state = stateOf(map, id);
    const x = id % columns;
    const y = Math.floor(id / columns);
    if (isMoving(state)) {
      counts.moving += 1;
      signs.moving += `M${x} ${y + 1}l1-1`;
    } else if (state === "offline") {
      counts.offline += 1;
      signs.offline += `M${x} ${y}l1 1m-1 0l1-1`;
    } else {
      counts.online += 1;
    }
    const owner = map.owners[id] ?? 0;
    // A run ends with the row, or where another group begins.
    if (x === columns - 1 || id === map.count - 1 || map.owners[id + 1] !== owner) {
      const length = id - from + 1;
      const path = paths.get(owner) ?? [];
      path.push(`M${from % columns} ${y}h${length}v1h${-length}z`);
      paths.set(owner, path);
      from = id + 1;
    }
  }
  const owners = [...paths]
    .filter(([groupId]) => groupId !== 0)
    .sort(([one], [other]) => one - other)
    .map(([groupId, path]) => ({ groupId, path: path.join("") }));
  return { columns, rows: Math.ceil(map.count / columns), owners, ...signs, counts };
}
