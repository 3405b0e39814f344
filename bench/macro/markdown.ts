/**
 * Markdown tables whose source is readable too: columns are padded, numbers are to the right. All
 * reports of the benchmark are made of them.
 */
import type { Spread } from "./statistic.ts";

/** A table; columns whose heads end in `:` are aligned to the right, and lose the colon. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const isRight = heads.map((head) => head.endsWith(":"));
  const titles = heads.map((head) => head.replace(/:$/, ""));
  const widths = titles.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return isRight[column] ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) =>
    isRight[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [line(titles), line(rule), ...rows.map(line)].join("\n");
}

/** `median (min–max)`, or the median alone when nothing varied. */
export function spreadText(spread: Spread | undefined, format: (value: number) => string): string {
  if (spread === undefined) {
    return "–";
  }
  const [middle, low, high] = [spread.median, spread.min, spread.max].map(format);
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}

/** `12.3` for bytes, in units of 2^20. */
export function megabytes(bytes: number): string {
  return (bytes / 1_024 ** 2).toFixed(1);
}

/** `54,321`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
