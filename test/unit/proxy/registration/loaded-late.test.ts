/**
 * What a proxy loads at its start: neither the coordinators nor the code of registrations and metrics push,
 * which cost memory only where they are switched on.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { findImports } from "../../../../scripts/import-rules.ts";
import { ROOT } from "../../../support/source-tree.ts";

/** Files that are loaded together with one: imports at the top, not those that are made when they are needed. */
function loadedWith(entry: string): readonly string[] {
  const files = new Set([entry]);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n");
    for (const { specifier, isType, line } of findImports(text)) {
      const isLate = lines[line - 1]?.includes("import(") === true;
      if (!isType && !isLate && specifier.startsWith(".") && specifier.endsWith(".ts")) {
        files.add(join(dirname(file), specifier));
      }
    }
  }
  return [...files].map((file) => relative(ROOT, file));
}

test("a proxy loads no coordinator, registration or metrics push before it is asked for", () => {
  const files = loadedWith(join(ROOT, "src/proxy/main.ts"));
  expect(files).toContain("src/proxy/admin/handler.ts");
  expect(files).toContain("src/proxy/outbound.ts");
  expect(
    files.filter((file) => /^src\/(coordinator|proxy\/registration|proxy\/report)\//.test(file)),
  ).toEqual([]);
});
