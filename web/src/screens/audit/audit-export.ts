/**
 * The audit log as a file: JSON lines exactly as the API gives the entries, or CSV for spreadsheets. Pure, but for
 * `saveFile`, which hands a text to the browser.
 */
import type { V1AuditEntry } from "../../../../src/api/v1-access-schema.ts";

/** Forms of the file. */
export type ExportForm = "jsonl" | "csv";

const COLUMNS = [
  "seq",
  "at",
  "who",
  "api",
  "from",
  "claimed_from",
  "operation",
  "arguments",
  "reason",
  "state",
  "error_code",
  "error",
  "duration_ms",
  "request_id",
  "epoch",
] as const satisfies readonly (keyof V1AuditEntry)[];

/** The whole text of the file; the order is that of the entries. */
export function exportAudit(entries: readonly V1AuditEntry[], form: ExportForm): string {
  if (form === "jsonl") {
    return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  }
  const lines = entries.map((entry) => COLUMNS.map((name) => csvCell(entry[name])).join(","));
  return [COLUMNS.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

/**
 * One cell (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front: what callers
 * sent must not run on the machine of who reads it.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) {
    return "";
  }
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Name of the file: product, moment, form. */
export function exportName(product: string, form: ExportForm, nowMs: number): string {
  const moment = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `codis-audit-${product.replace(/[^\w-]+/g, "_")}-${moment}.${form}`;
}

const TYPES: Readonly<Record<ExportForm | "json", string>> = {
  json: "application/json;charset=utf-8",
  jsonl: "application/x-ndjson;charset=utf-8",
  csv: "text/csv;charset=utf-8",
};

/** Has the browser save the text under the name. */
export function saveFile(name: string, text: string, form: ExportForm | "json"): void {
  // Spreadsheets take a CSV without the mark for another encoding.
  const parts = form === "csv" ? ["\uFEFF", text] : [text];
  const url = URL.createObjectURL(new Blob(parts, { type: TYPES[form] }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the blob by the end of this turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
