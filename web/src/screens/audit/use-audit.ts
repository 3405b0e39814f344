/**
 * The audit log for its screen: read page by page, and from where it ends when it is read again.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { V1AuditList } from "../../../../src/api/v1-access-schema.ts";
import { api } from "../../data/api.ts";
import { type ApiProblem, asProblem } from "../../data/problem.ts";
import { type AuditRow, auditRow } from "./audit-filter.ts";
import { loadAudit, mergeAudit } from "./audit-load.ts";

/** What the screen gets. */
export interface Audit {
  /** Newest first. */
  readonly rows: readonly AuditRow[];
  readonly isLoading: boolean;
  readonly problem: ApiProblem | undefined;
  /** Reads what is new, and what was under way. */
  readonly reload: () => void;
}

/** `isAllowed` false: nothing is read. */
export function useAudit(isAllowed: boolean): Audit {
  const [rows, setRows] = useState<readonly AuditRow[]>([]);
  const [isLoading, setLoading] = useState(isAllowed);
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const [round, setRound] = useState(0);
  const known = useRef<readonly AuditRow[]>([]);
  const isWhole = useRef(false);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  useEffect(() => {
    if (!isAllowed) {
      return;
    }
    let isOver = false;
    const older = known.current;
    let newer: readonly AuditRow[] = [];
    setLoading(true);
    setProblem(undefined);
    loadAudit(
      (path) => api.get<V1AuditList>(path),
      (entries) => {
        newer = [...newer, ...entries.map(auditRow)];
        known.current = mergeAudit(newer, older);
        setRows(known.current);
      },
      () => isOver,
      isWhole.current ? endOfSettled(older) : 0,
    )
      .then(
        () => {
          isWhole.current = isWhole.current || !isOver;
        },
        (thrown: unknown) => !isOver && setProblem(asProblem(thrown)),
      )
      .finally(() => !isOver && setLoading(false));
    return () => {
      isOver = true;
    };
  }, [isAllowed, round]);
  return { rows, isLoading, problem, reload };
}

/** Number below which nothing changes any more: before the oldest entry that is under way. */
function endOfSettled(rows: readonly AuditRow[]): number {
  const open = rows.filter(({ entry }) => entry.state === "running").map(({ entry }) => entry.seq);
  return open.length > 0 ? Math.min(...open) - 1 : (rows[0]?.entry.seq ?? 0);
}
