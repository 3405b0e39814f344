/**
 * How many files (so: connections) this process may have open, for `--ulimit` and for the warning that
 * `proxy_max_clients` can't be reached. The limit is only read, never raised.
 */
import { readFileSync } from "node:fs";

/** The soft limit of open files; infinite when unlimited, undefined where Linux doesn't say. */
export function readOpenFilesLimit(): number | undefined {
  try {
    return parseOpenFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined; // Not Linux, or /proc isn't mounted: nothing can be checked.
  }
}

/** The soft limit of open files in the text of `/proc/PID/limits`. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (soft === undefined) {
    return undefined;
  }
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
