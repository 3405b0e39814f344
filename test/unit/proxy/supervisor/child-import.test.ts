/**
 * What a worker process loads: its memory counts once for each worker, so the REST server, the command line
 * and the parsers of configuration stay in the supervisor.
 */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { findImports } from "../../../../scripts/import-rules.ts";
import { ROOT } from "../../../support/source-tree.ts";

/** Packages that the file and all it imports load, types excluded. */
function packagesOf(entry: string): { packages: string[]; files: string[] } {
  const packages = new Set<string>();
  const files = new Set([entry]);
  for (const file of files) {
    for (const { specifier, isType } of findImports(readFileSync(file, "utf8"))) {
      if (isType || specifier.startsWith("node:")) continue;
      if (!specifier.startsWith(".")) packages.add(specifier);
      else if (specifier.endsWith(".ts")) files.add(join(dirname(file), specifier));
    }
  }
  const paths = [...files].filter((file) => existsSync(file)).map((file) => relative(ROOT, file));
  return { packages: [...packages].sort(), files: paths };
}

test("a worker process loads the data plane and the log, nothing else", () => {
  const { packages, files } = packagesOf(join(ROOT, "src/proxy/worker/child-main.ts"));
  // The pretty printer is loaded on a terminal only.
  expect(packages).toEqual(["pino", "pino-pretty"]);
  expect(files).toContain("src/proxy/session/session.ts");
  expect(files.filter((path) => /src\/(api|cli)\/|proxy\/(admin|supervisor)\//.test(path))).toEqual(
    [],
  );
});
