/**
 * Reads the audit log page by page, newest first, and gives it on as it comes: the first page is on the screen at once,
 * the rest follows. Bounded by pages, and stopped when the screen is left.
 */
import type { V1AuditEntry, V1AuditList } from "../../../../src/api/v1-access-schema.ts";

/** Entries of one page; the most that the API gives. */
const PAGE = 1000;
/** Most entries that are read. The dashboard keeps fewer. */
export const AUDIT_ROWS_MAX = 50_000;

/** How a page is asked for. */
export type ReadPage = (path: string) => Promise<V1AuditList>;

/**
 * Calls `onPage` for each page, older and older; `after`: only entries with a higher number, for reading on. Ends
 * early when `isOver`. Throws what `read` throws; what was given on before stays good.
 */
export async function loadAudit(
  read: ReadPage,
  onPage: (entries: readonly V1AuditEntry[]) => void,
  isOver: () => boolean,
  after = 0,
): Promise<void> {
  let before: number | null | undefined;
  let rows = 0;
  while (before !== null && rows < AUDIT_ROWS_MAX && !isOver()) {
    const page: V1AuditList = await read(
      `audit?limit=${PAGE}${before === undefined ? "" : `&before=${before}`}`,
    );
    if (isOver()) {
      return;
    }
    const fresh = page.items.filter(({ seq }) => seq > after);
    onPage(fresh);
    rows += fresh.length;
    before = fresh.length < page.items.length ? null : page.next;
  }
}

/** Puts newer entries before older ones; of two with one number the newer reading counts. */
export function mergeAudit<Row extends { readonly entry: V1AuditEntry }>(
  newer: readonly Row[],
  older: readonly Row[],
): readonly Row[] {
  const read = new Set(newer.map(({ entry }) => entry.seq));
  return [...newer, ...older.filter(({ entry }) => !read.has(entry.seq))];
}
