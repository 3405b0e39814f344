/**
 * What the charts show as CSV: a row for each point, a column for each line; a figure that nobody knows is an empty
 * cell. Names of the files for figures and pictures. Pure.
 */
import { csvCell } from "../audit/audit-export.ts";
import type { Lines } from "./chart-plan.ts";

/** The whole text; times are RFC 3339, units those of the API. Columns of the period before end with `before`. */
export function exportLines({ times, lines }: Lines): string {
  const columns = lines.flatMap(({ metric, of, values, before }) => {
    const name = of === null ? metric : `${metric} ${of}`;
    return [
      { name, values },
      ...(before === undefined ? [] : [{ name: `${name} before`, values: before }]),
    ];
  });
  const head = ["time", ...columns.map(({ name }) => name)];
  const rows = times.map((at, index) => [
    new Date(at).toISOString(),
    ...columns.map(({ values }) => values[index] ?? null),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** Name of a file without its ending; `what`: the split, and the chart. */
export function exportName(product: string, what: string, nowMs: number): string {
  const moment = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `codis-performance-${product.replace(/[^\w-]+/g, "_")}-${what}-${moment}`;
}
