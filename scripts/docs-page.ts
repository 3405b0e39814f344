/**
 * Pieces of the reference pages that `generate-docs.ts` writes: a page, a table, and the note at the top that
 * says where the page comes from.
 */

/** Second part of every generated page. */
export const NOTE =
  "<!-- Made by scripts/generate-docs.ts from the tables in the code: change them there. -->";

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The text of a page. */
export function page(parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}
