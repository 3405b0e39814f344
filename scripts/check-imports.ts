/**
 * Checks the import rules of `import-rules.ts` on the files of this repository; part of `npm test`.
 * Prints one line for each violation and ends with exit code 1, or prints nothing and ends with 0.
 *
 * As a guard against imports that its pattern misses, every import that Bun's own parser sees (it
 * drops those of types) must have been found too.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findImports, findViolations } from "./import-rules.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function readTexts(): Map<string, string> {
  const entries = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true });
  const texts = new Map<string, string>();
  for (const entry of entries) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      texts.set(path.slice(root.length + 1), readFileSync(path, "utf8"));
    }
  }
  return texts;
}

/** Imports that the parser of the runtime sees and the pattern of the rules doesn't. */
function findMissed(texts: ReadonlyMap<string, string>): readonly string[] {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  return [...texts]
    .filter(([path]) => path.endsWith(".ts"))
    .flatMap(([path, text]) => {
      const found = new Set(findImports(text).map((line) => line.specifier));
      return transpiler
        .scanImports(text)
        .filter((real) => !found.has(real.path))
        .map((real) => `${path}:1: write the import of "${real.path}" as the formatter does`);
    });
}

const packageJson: { dependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const texts = readTexts();
const packages = new Set(Object.keys(packageJson.dependencies));
const problems = [...findViolations({ texts, packages }), ...findMissed(texts)];
for (const problem of problems) {
  process.stdout.write(`${problem}\n`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
