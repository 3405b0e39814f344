/**
 * What the charts show as CSV: a row for each point, a column for each line; a figure that nobody knows is an empty
 * cell. Pure.
 */
import { csvCell } from "../audit/audit-export.ts";
import type { Lines } from "./chart-plan.ts";

/** The whole text; times are RFC 3339, units those of the API. */
export function exportLines({ times, lines }: Lines): string {
  const head = [
    "time",
    ...lines.map(({ metric, of }) => (of === null ? metric : `${metric} ${of}`)),
  ];
  const rows = times.map((at, index) => [
    new Date(at).toISOString(),
    ...lines.map(({ values }) => values[index] ?? null),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** Name of the file. */
export function exportLinesName(product: string, by: string, nowMs: number): string {
  const moment = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `codis-performance-${product.replace(/[^\w-]+/g, "_")}-${by}-${moment}.csv`;
}
