/** What of `src` is in the console: pure files, without packages and without the runtime. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { consoleSources } from "../../../scripts/console-sources.ts";
import { findImports } from "../../../scripts/import-rules.ts";
import { ROOT } from "../../support/source-tree.ts";

test("files that the console imports are found, and what they import", () => {
  const found = consoleSources();
  expect(found).toContain("src/command/hash.ts");
  // Of `plan-file.ts`.
  expect(found).toContain("src/model/operation/plan.ts");
  expect(found).not.toContain("src/api/v1-live-schema.ts");
});

test("none of them needs a package or the runtime", () => {
  const needed = consoleSources().flatMap((path) =>
    findImports(readFileSync(join(ROOT, path), "utf8"))
      .filter(({ specifier, isType }) => !isType && !specifier.startsWith("."))
      .map(({ specifier, line }) => `${path}:${line}: ${specifier}`),
  );
  expect(needed).toEqual([]);
});
