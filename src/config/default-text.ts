/**
 * The default file of a program, as `--default-config` prints it: every key with its default and its
 * meaning, under the headings of the table of keys. Keys without effect are there as comments, so that
 * the file as printed starts without a warning.
 */
import type { KeySpec } from "./key-spec.ts";

const LINE_WIDTH = 96;

/** The text of a default file for a table of keys; it ends with a newline. */
export function defaultFileText(
  program: string,
  keys: readonly KeySpec[],
  sections: readonly string[],
): string {
  const parts = [
    `# Configuration of ${program}. All keys of Codis 3.2 have their old names and meaning.\n` +
      '# Sizes: "128kb", "1.5gb", or a number of bytes. Durations: "30s", "1h15m", "500ms", or a\n' +
      "# number of seconds. The values below are the defaults.\n",
  ];
  for (const section of sections) {
    parts.push(`${"#".repeat(LINE_WIDTH)}\n# ${section}\n${"#".repeat(LINE_WIDTH)}\n`);
    parts.push(...keys.filter((spec) => spec.section === section).map(describeKey));
  }
  return parts.join("\n");
}

function describeKey(spec: KeySpec): string {
  const sentences =
    spec.withoutEffect === undefined
      ? spec.doc
      : `${spec.doc} Accepted without effect: ${spec.withoutEffect}.`;
  const assignment = `${spec.name} = ${JSON.stringify(spec.fallback)}`;
  return `${wrapComment(sentences)}\n${spec.withoutEffect === undefined ? "" : "# "}${assignment}\n`;
}

function wrapComment(text: string): string {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}
