/**
 * Reads a TOML file of a program: text to values by key, each with the line it stands on, so that a complaint can
 * point there. What the values mean is not known here (`check.ts`).
 *
 * Loads the TOML parser; only the main process imports this.
 */
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";
import type { GivenValues } from "./check.ts";

/** Reads and parses a file. Throws `CONFIG_UNREADABLE`. */
export function readTomlFile(path: string): GivenValues {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const why = systemCodeOf(cause) === "ENOENT" ? "there is no such file" : messageOf(cause);
    throw new CodisError("CONFIG_UNREADABLE", `can't read the config file ${path}: ${why}`, {
      cause,
    });
  }
  return parseToml(text, path);
}

/** Parses the text of a configuration file; `path` is for error lines. Throws `CONFIG_UNREADABLE`. */
export function parseToml(text: string, path: string): GivenValues {
  try {
    const values = new Map<string, unknown>(Object.entries(parse(text)));
    return { values, originOf: (key) => originOf(text, path, key) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) {
      throw cause;
    }
    // The message goes on with an excerpt of the file over several lines, which may hold a password.
    const problem = cause.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    throw new CodisError(
      "CONFIG_UNREADABLE",
      `${path}:${cause.line}:${cause.column}: this isn't TOML: ${problem}`,
    );
  }
}

/** `path:line` of a key at the top level of the file; the path alone when the key is written oddly. */
function originOf(text: string, path: string, key: string): string {
  const lines = text.split("\n");
  const index = lines.findIndex((line) => {
    const name = /^\s*\[?\s*["']?([^"'=\]\s]+)["']?\s*[=\].]/.exec(line)?.[1];
    return name === key || name?.startsWith(`${key}.`) === true;
  });
  return index < 0 ? path : `${path}:${index + 1}`;
}
