/**
 * The filter of the audit log: what it is made of in the address of the page, and which entries match. Each entry is
 * prepared once, so that a filter over 50,000 of them takes milliseconds. Pure.
 */
import type { V1AuditEntry } from "../../../../src/api/v1-access-schema.ts";

/** An entry, and what is searched and compared. */
export interface AuditRow {
  readonly entry: V1AuditEntry;
  readonly atMs: number;
  /** Who without the token: `alice` of `alice/laptop`. */
  readonly user: string;
  /** What was changed, in short: `group 1, 127.0.0.1:6379`. */
  readonly target: string;
  /** Everything that is searched, in small letters. */
  readonly text: string;
}

/** What the filter asks; empty texts ask nothing. */
export interface AuditFilter {
  readonly query: string;
  /** A user, or the whole `user/token`. */
  readonly who: string;
  readonly operation: string;
  readonly state: string;
  /** Milliseconds since 1970, both included. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Periods that can be chosen by name, in milliseconds. */
export const PERIODS = {
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
  "30d": 30 * 86_400_000,
} as const;
/** Name of a period. */
export type Period = keyof typeof PERIODS;

/** Whether a text of the address is the name of a period. */
export function isPeriod(text: string): text is Period {
  return Object.hasOwn(PERIODS, text);
}

/** Prepares an entry. */
export function auditRow(entry: V1AuditEntry): AuditRow {
  const target = targetOf(entry.operation, entry.arguments);
  const text = [
    entry.seq,
    entry.who,
    entry.operation,
    target,
    entry.state,
    entry.from,
    entry.api,
    entry.error_code ?? "",
    entry.error ?? "",
    entry.request_id ?? "",
    entry.reason ?? "",
    JSON.stringify(entry.arguments),
  ];
  return {
    entry,
    atMs: Date.parse(entry.at),
    user: entry.who.split("/")[0] ?? entry.who,
    target,
    text: text.join(" ").toLowerCase(),
  };
}

/** Arguments that name what is changed, with the word that is put before them. */
const NAMED: readonly (readonly [name: string, word: string])[] = [
  ["gid", "group "],
  ["group_id", "group "],
  ["group", "group "],
  ["addr", ""],
  ["admin_addr", ""],
  ["token", ""],
  ["name", ""],
  ["id", ""],
  ["plan", ""],
  ["level", ""],
];

/** What an entry is about, in short; empty when it is about the whole product. */
export function targetOf(operation: string, values: Readonly<Record<string, unknown>>): string {
  const parts: string[] = [];
  for (const [name, word] of NAMED) {
    const value = values[name];
    if (typeof value !== "string" && typeof value !== "number") {
      continue;
    }
    parts.push(`${name === "id" && operation === "createGroup" ? "group " : word}${value}`);
  }
  return [...parts, ...assignmentsOf(values["assignments"])].join(", ");
}

/** Assignments that are named; the detail has all. */
const ASSIGNMENTS_NAMED = 3;

/** Of slots to groups: `slots 0-511 -> group 1`; 0 is no group. */
function assignmentsOf(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  const named = all.slice(0, ASSIGNMENTS_NAMED).flatMap((each) => {
    const { from, to, group_id: group } = (each ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof from !== "number" || typeof to !== "number" || typeof group !== "number") {
      return [];
    }
    const slots = from === to ? `slot ${from}` : `slots ${from}-${to}`;
    return [`${slots} -> ${group === 0 ? "offline" : `group ${group}`}`];
  });
  return all.length > ASSIGNMENTS_NAMED ? [...named, "…"] : named;
}

/** Rows that match, in their order. */
export function filterAudit(rows: readonly AuditRow[], filter: AuditFilter): readonly AuditRow[] {
  const words = filter.query.toLowerCase().split(/\s+/).filter(Boolean);
  const { who, operation, state, fromMs, toMs } = filter;
  return rows.filter(
    (row) =>
      (who === "" || row.user === who || row.entry.who === who) &&
      (operation === "" || row.entry.operation === operation) &&
      (state === "" || row.entry.state === state) &&
      (fromMs === undefined || row.atMs >= fromMs) &&
      (toMs === undefined || row.atMs <= toMs) &&
      words.every((word) => row.text.includes(word)),
  );
}

/** Values that a field has, sorted, for the choices of the filter. */
export function choicesOf(
  rows: readonly AuditRow[],
  pick: (row: AuditRow) => string,
): readonly string[] {
  return [...new Set(rows.map(pick))].sort();
}

/** Reads `2026-11-27T10:30` or an RFC 3339 moment of the address; undefined when it is neither. */
export function readMoment(text: string): number | undefined {
  const ms = text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
