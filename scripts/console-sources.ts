/**
 * Which files of `src` end up in the built console: those that `web` imports for more than their types, and what these
 * import themselves. The console is built anew when one of them changes, and none of them may need a package or the
 * runtime: browsers have neither.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { findImports } from "./import-rules.ts";

const ROOT = join(import.meta.dirname, "..");
const CONSOLE = "web/src";

/** Paths from the root of the tree, sorted. */
export function consoleSources(): readonly string[] {
  const found = new Set<string>();
  const visit = (path: string): void => {
    for (const { specifier, isType } of findImports(readFileSync(join(ROOT, path), "utf8"))) {
      const target = posix.join(posix.dirname(path), specifier);
      if (!isType && specifier.startsWith(".") && target.startsWith("src/") && !found.has(target)) {
        found.add(target);
        visit(target);
      }
    }
  };
  for (const entry of readdirSync(join(ROOT, CONSOLE), { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && /\.tsx?$/.test(entry.name)) {
      visit(join(entry.parentPath, entry.name).slice(ROOT.length + 1));
    }
  }
  return [...found].sort();
}
