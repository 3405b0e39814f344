/**
 * What a terminal shows after some output of a program that draws lines in place: rows of text, and the few
 * sequences that such a program uses (cursor up, delete the line, delete below).
 */

/** The rows from the top, the one with the cursor last or below text that is still there. */
export function screenRows(output: string): readonly string[] {
  const rows: string[] = [""];
  let row = 0;
  // Visible signs instead of the controls, which the linter doesn't want in patterns.
  const text = output.replaceAll("\u001b", "␛").replaceAll("\r", "␍");
  for (const [part] of text.matchAll(/␛\[\d*[AKJ]|␍|\n|[^␛␍\n]+/g)) {
    const up = /^␛\[(\d+)A$/.exec(part)?.[1];
    if (up !== undefined) {
      row -= Number(up);
    } else if (part === "␛[2K") {
      rows[row] = "";
    } else if (part === "␛[J") {
      rows.splice(row, rows.length, "");
    } else if (part === "\n") {
      row += 1;
      rows[row] ??= "";
    } else if (part !== "␍") {
      rows[row] += part;
    }
  }
  return rows;
}
