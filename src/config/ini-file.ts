/**
 * Reads a file of `key=value` lines, as Codis 1.9 and 2.0 have for their configuration (`config.ini`): text to
 * values by key, each with the line it stands on, so that a complaint can point there. Empty lines, lines
 * that begin with `#` or `;`, and `[sections]` mean nothing. What the values mean isn't known here.
 */
import { readFileSync } from "node:fs";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";

/** What a file says. */
export interface IniFile {
  readonly path: string;
  /** Blanks around keys and values are taken off; of a key that is there twice the last value counts. */
  readonly values: ReadonlyMap<string, string>;
  /** `path:line` of a key, the path alone for one that isn't there. */
  readonly originOf: (key: string) => string;
  /** Lines about what is odd but not wrong. */
  readonly warnings: readonly string[];
}

/** Reads and parses a file. Throws `CONFIG_UNREADABLE`. */
export function readIniFile(path: string): IniFile {
  try {
    return parseIni(readFileSync(path, "utf8"), path);
  } catch (cause) {
    if (cause instanceof CodisError) {
      throw cause;
    }
    const why = systemCodeOf(cause) === "ENOENT" ? "there is no such file" : messageOf(cause);
    throw new CodisError("CONFIG_UNREADABLE", `can't read the config file ${path}: ${why}`, {
      cause,
    });
  }
}

/** Parses the text of a file; `path` is for error lines. Throws `CONFIG_UNREADABLE`. */
export function parseIni(text: string, path: string): IniFile {
  const values = new Map<string, string>();
  const lineByKey = new Map<string, number>();
  const warnings: string[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || /^[#;]/.test(line) || /^\[.*\]$/.test(line)) {
      continue;
    }
    const equals = line.indexOf("=");
    const key = line.slice(0, Math.max(0, equals)).trim();
    if (key === "") {
      // The rest of the line may be a password.
      const word = line.split(/[\s:=]/, 1)[0] ?? "";
      throw new CodisError(
        "CONFIG_UNREADABLE",
        `${path}:${index + 1}: the line with "${word}" isn't key=value, a [section] or a # comment`,
      );
    }
    const before = lineByKey.get(key);
    if (before !== undefined) {
      warnings.push(`${path}:${index + 1}: ${key} is in line ${before} already; this one counts`);
    }
    lineByKey.set(key, index + 1);
    values.set(key, line.slice(equals + 1).trim());
  }
  return {
    path,
    values,
    originOf: (key) => {
      const line = lineByKey.get(key);
      return line === undefined ? path : `${path}:${line}`;
    },
    warnings,
  };
}
