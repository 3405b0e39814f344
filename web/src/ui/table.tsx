/**
 * A table of the browser's own elements: sortable, filtered by words, with `j`, `k` and the arrow keys from
 * row to row and Enter to open one. Above 500 rows only those near the window are drawn.
 */
import { useRef, useState } from "preact/hooks";
import { hasShortcuts } from "../data/preferences.ts";
import { formatCount } from "../i18n/format.ts";
import { t } from "../i18n/text.ts";
import { useQuery } from "../route.ts";
import type { Children } from "./props.ts";
import { filterRows, type SortValue, sortRows, WINDOW_ABOVE, windowOf } from "./table-rows.ts";
import { useCut } from "./use-cut.ts";

/** A column. */
export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly render: (row: Row) => Children;
  /** What the column is sorted by; without it it can't be. */
  readonly sort?: ((row: Row) => SortValue) | undefined;
  /** `end` for figures. */
  readonly align?: "start" | "end" | undefined;
  /** Further class of its cells, for a style sheet that hides it where there is little room. */
  readonly class?: string | undefined;
}

/** See the head of the file. */
export interface TableProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: ((row: Row) => void) | undefined;
  /** The text of a row that the filter looks into; without it there is no filter. */
  readonly filter?: ((row: Row) => string) | undefined;
  /** Drawn when there are no rows at all. */
  readonly empty?: Children;
  /** Name of the table, for screen readers. */
  readonly caption: string;
  /** Name of the filter in the query string, `filter` unless told: for screens with several tables. */
  readonly name?: string | undefined;
  /** Key of the column that it is sorted by at first; with `-` in front: descending. */
  readonly sortedBy?: string | undefined;
}

/** Height of a row of a table that is drawn in part, in pixels; the style sheet keeps to it. */
const ROW_HEIGHT = 36;
const FIRST_HEIGHT = 720;
/** Above this number the rows scroll within the table: what is below it on the page isn't pushed out of sight. */
const BOUNDED_ABOVE = 60;

/** See the head of the file. */
export function Table<Row>(props: TableProps<Row>): Children {
  const [sortedBy, setSortedBy] = useState(props.sortedBy ?? "");
  const [filter, setFilter] = useQuery(props.name ?? "filter");
  if (props.rows.length === 0 && props.empty !== undefined) {
    return <>{props.empty}</>;
  }
  const fitting =
    props.filter === undefined ? props.rows : filterRows(props.rows, props.filter, filter);
  const column = props.columns.find((each) => each.key === sortedBy.replace(/^-/, ""));
  const isDescending = sortedBy.startsWith("-");
  const order = column?.sort === undefined ? undefined : { sort: column.sort, isDescending };
  const rows = sortRows(fitting, order);
  return (
    <div class="table-box">
      {props.filter !== undefined && (
        <div class="table-filter">
          <input
            class="input"
            type="search"
            data-filter="true"
            aria-label={t("ui.filter", { table: props.caption })}
            placeholder={t("ui.filterHint")}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
          <span class="muted">
            {t("ui.rows", {
              shown: formatCount(rows.length),
              total: formatCount(props.rows.length),
            })}
          </span>
        </div>
      )}
      <Body {...props} rows={rows} sortedBy={sortedBy} onSort={setSortedBy} />
    </div>
  );
}

interface BodyProps<Row> extends TableProps<Row> {
  readonly sortedBy: string;
  readonly onSort: (by: string) => void;
}

function Body<Row>(props: BodyProps<Row>): Children {
  const { rows, columns } = props;
  const isWindowed = rows.length > WINDOW_ABOVE;
  const [scroll, setScroll] = useState({ top: 0, height: FIRST_HEIGHT });
  const [current, setCurrent] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const isCut = useCut(box);
  const { from, to } = isWindowed
    ? windowOf(rows.length, ROW_HEIGHT, scroll.top, scroll.height)
    : { from: 0, to: rows.length };
  const go = (index: number): void => {
    setCurrent(index);
    if (isWindowed) {
      keepInSight(box.current, index);
    }
    requestAnimationFrame(() => {
      box.current?.querySelector<HTMLElement>(`tr[data-index="${index}"]`)?.focus();
    });
  };
  const isBounded = rows.length > BOUNDED_ABOVE;
  const size = isWindowed ? "table-windowed" : isBounded && "table-bounded";
  const classes = ["table-scroll", size, isCut && "table-cut"];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      class={classes.filter(Boolean).join(" ")}
      ref={box}
      role="group"
      aria-label={props.caption}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, clientHeight } = event.currentTarget;
        if (isWindowed && Math.abs(scrollTop - scroll.top) > ROW_HEIGHT) {
          setScroll({ top: scrollTop, height: clientHeight });
        }
      }}
      onKeyDown={(event) => moveByKey(event, current, rows.length, go)}
    >
      <table aria-rowcount={isWindowed ? rows.length + 1 : undefined}>
        <caption class="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((each) => (
              <Head key={each.key} column={each} sortedBy={props.sortedBy} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap columns={columns.length} rows={from} />
          {rows.slice(from, to).map((row, offset) => (
            <Line
              key={props.rowKey(row)}
              row={row}
              index={from + offset}
              columns={columns}
              isCurrent={from + offset === Math.min(current, rows.length - 1)}
              rowIndex={isWindowed ? from + offset + 2 : undefined}
              onOpen={props.onOpen}
            />
          ))}
          <Gap columns={columns.length} rows={rows.length - to} />
        </tbody>
      </table>
      {rows.length === 0 && <p class="table-none muted">{t("ui.noneFits")}</p>}
      {isCut && <p class="table-more">{t("ui.moreColumns")}</p>}
    </div>
  );
}

function Head<Row>(props: {
  readonly column: Column<Row>;
  readonly sortedBy: string;
  readonly onSort: (by: string) => void;
}): Children {
  const { key, title, sort } = props.column;
  const isSorted = props.sortedBy.replace(/^-/, "") === key && sort !== undefined;
  const isDescending = props.sortedBy.startsWith("-");
  const direction = isDescending ? "descending" : "ascending";
  return (
    <th scope="col" class={classOf(props.column)} aria-sort={isSorted ? direction : undefined}>
      {sort === undefined ? (
        title
      ) : (
        <button
          type="button"
          class="sort-button"
          onClick={() => props.onSort(isSorted && !isDescending ? `-${key}` : key)}
        >
          {title}
          <span class="sort-sign" aria-hidden="true">
            {isSorted ? (isDescending ? "▼" : "▲") : "↕"}
          </span>
        </button>
      )}
    </th>
  );
}

function Line<Row>(props: {
  readonly row: Row;
  readonly index: number;
  readonly columns: readonly Column<Row>[];
  readonly isCurrent: boolean;
  readonly rowIndex: number | undefined;
  readonly onOpen: ((row: Row) => void) | undefined;
}): Children {
  const { row, onOpen } = props;
  const open = (event: Event): void => {
    const isInner =
      event.target instanceof Element && event.target.closest("a, button, input") !== null;
    if (!isInner && onOpen !== undefined && getSelection()?.isCollapsed !== false) {
      onOpen(row);
    }
  };
  return (
    <tr
      data-index={props.index}
      aria-rowindex={props.rowIndex}
      class={onOpen === undefined ? undefined : "opens"}
      tabIndex={onOpen === undefined ? -1 : props.isCurrent ? 0 : -1}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          open(event);
        }
      }}
    >
      {props.columns.map((each) => (
        <td key={each.key} class={classOf(each)}>
          {each.render(row)}
        </td>
      ))}
    </tr>
  );
}

function classOf<Row>(column: Column<Row>): string | undefined {
  const names = [column.align === "end" ? "end" : undefined, column.class];
  return names.filter((name) => name !== undefined).join(" ") || undefined;
}

/** Room of rows that aren't drawn. */
function Gap(props: { readonly columns: number; readonly rows: number }): Children {
  return props.rows <= 0 ? null : (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of a table takes no focus by itself
    <tr aria-hidden="true" class="table-gap">
      <td colSpan={props.columns} style={{ blockSize: `${props.rows * ROW_HEIGHT}px` }} />
    </tr>
  );
}

function moveByKey(
  event: KeyboardEvent,
  current: number,
  count: number,
  go: (index: number) => void,
): void {
  const isTyping =
    event.target instanceof Element && event.target.closest("input, select, textarea");
  if (isTyping !== null || event.ctrlKey || event.metaKey || event.altKey || count === 0) {
    return;
  }
  const isOnRow = event.target instanceof Element && event.target.closest("tbody tr") !== null;
  const letters = hasShortcuts.peek() ? { j: current + (isOnRow ? 1 : 0), k: current - 1 } : {};
  const steps: Readonly<Record<string, number>> = {
    ...letters,
    ...(isOnRow ? { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: count - 1 } : {}),
  };
  const next = steps[event.key];
  if (next !== undefined) {
    event.preventDefault();
    go(Math.max(0, Math.min(count - 1, next)));
  }
}

function keepInSight(box: HTMLElement | null, index: number): void {
  if (box === null) {
    return;
  }
  const top = index * ROW_HEIGHT;
  if (top < box.scrollTop + ROW_HEIGHT) {
    box.scrollTop = Math.max(0, top - ROW_HEIGHT);
  } else if (top + 2 * ROW_HEIGHT > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + 3 * ROW_HEIGHT - box.clientHeight;
  }
}
