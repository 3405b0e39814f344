/**
 * The default `proxy.toml`, as `--default-config` prints it: every key with its default and its
 * meaning, under the headings of the table of keys. Keys without effect are there as comments, so that
 * the file as printed starts without a warning.
 */
import { PROXY_KEYS } from "./key.ts";
import { KEY_SECTIONS, type KeySpec } from "./key-spec.ts";

const LINE_WIDTH = 96;

/** The text of the default file; it ends with a newline. */
export function defaultConfigText(): string {
  const parts = [
    "# Configuration of codis-proxy. All keys of Codis 3.2 have their old names and meaning.\n" +
      '# Sizes: "128kb", "1.5gb", or a number of bytes. Durations: "30s", "1h15m", "500ms", or a\n' +
      "# number of seconds. The values below are the defaults.\n",
  ];
  for (const section of KEY_SECTIONS) {
    parts.push(`${"#".repeat(LINE_WIDTH)}\n# ${section}\n${"#".repeat(LINE_WIDTH)}\n`);
    const specs = PROXY_KEYS.filter((spec: KeySpec) => spec.section === section);
    parts.push(...specs.map(describeKey));
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
