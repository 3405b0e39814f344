/**
 * Which rows of a table are drawn: those that fit the filter, in the order of a column, and of long tables
 * only those near the window.
 */

/** What a cell is sorted by; null and undefined come last in either direction. */
export type SortValue = string | number | boolean | null | undefined;

/** A column's order. */
export interface Order<Row> {
  readonly sort: (row: Row) => SortValue;
  readonly isDescending: boolean;
}

/** Above this number only the rows near the window are drawn. */
export const WINDOW_ABOVE = 500;
/** Rows that are drawn above and below those in sight. */
const OVERSCAN = 12;

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Rows that hold all words of the filter; case doesn't count. */
export function filterRows<Row>(
  rows: readonly Row[],
  text: (row: Row) => string,
  filter: string,
): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return rows;
  }
  return rows.filter((row) => {
    const held = text(row).toLowerCase();
    return words.every((word) => held.includes(word));
  });
}

/** A sorted copy; rows that are equal stay in their order. */
export function sortRows<Row>(rows: readonly Row[], order: Order<Row> | undefined): readonly Row[] {
  if (order === undefined) {
    return rows;
  }
  const keyed = rows.map((row) => ({ row, value: order.sort(row) }));
  const sign = order.isDescending ? -1 : 1;
  keyed.sort((left, right) => compare(left.value, right.value, sign));
  return keyed.map((each) => each.row);
}

/** First row and the one after the last to draw, for a list of `count` rows of the same height. */
export function windowOf(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): { readonly from: number; readonly to: number } {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const from = Math.max(0, Math.min(first - OVERSCAN, count - 1));
  const to = Math.min(count, first + Math.ceil(height / rowHeight) + OVERSCAN);
  return { from, to: Math.max(from, to) };
}

function compare(left: SortValue, right: SortValue, sign: number): number {
  const isLeftUnknown = left === null || left === undefined;
  const isRightUnknown = right === null || right === undefined;
  if (isLeftUnknown || isRightUnknown) {
    return Number(isLeftUnknown) - Number(isRightUnknown);
  }
  if (typeof left === "string" || typeof right === "string") {
    return sign * collator.compare(String(left), String(right));
  }
  return sign * (Number(left) - Number(right));
}
