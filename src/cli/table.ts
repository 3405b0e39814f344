/**
 * Tables for people: columns as wide as their widest cell, two blanks between them, no blanks at the ends
 * of lines. Programs use `--json`.
 */
import { describeBytes } from "../base/byte-size.ts";

/** A cell; null and undefined are shown as `-`. */
export type Cell = string | number | boolean | null | undefined;

/** The table as text, one line for each row; the first row is the heading. */
export function formatTable(rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(showCell));
  const widths = (texts[0] ?? []).map((_, column) =>
    Math.max(...texts.map((row) => [...(row[column] ?? "")].length)),
  );
  return texts
    .map((row) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
      return `${line.trimEnd()}\n`;
    })
    .join("");
}

/** Errors of rows, to stand below a table: in it, one long text would make every line longer. */
export function formatErrors(
  rows: readonly (readonly [name: string, error: string | null])[],
): string {
  return rows
    .filter(([, error]) => error !== null)
    .map(([name, error]) => (error?.includes(name) ? `! ${error}\n` : `! ${name}: ${error}\n`))
    .join("");
}

/** Names and values in two columns. */
export function formatFacts(facts: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts
    .map(([name, value]) => `${`${name.padEnd(width)}  ${showCell(value)}`.trimEnd()}\n`)
    .join("");
}

/** Bytes with a unit, `1.5 MB` (units of 1024). */
export function formatBytes(bytes: number | null): string | null {
  return bytes === null ? null : describeBytes(bytes);
}

/** A number and the word for it: `1 slot`, `2 slots`. */
export function formatCount(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Slots in a row as `0-511`, one alone as `7`. */
export function formatSpan(from: number, to: number): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

function showCell(cell: Cell): string {
  if (cell === null || cell === undefined) {
    return "-";
  }
  return typeof cell === "boolean" ? (cell ? "yes" : "no") : String(cell);
}
