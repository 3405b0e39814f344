/**
 * Licences: `docs/dependencies.md` names every package with the licence that it has, and what is shipped has none that
 * asks for more than its text.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { licenseNotices, shippedPackages } from "../../../scripts/license-notices.ts";
import { ROOT } from "../../support/source-tree.ts";

const FREE = ["0BSD", "BSD-3-Clause", "ISC", "MIT"];

function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

test("the document has every package of package.json, with its licence, and no other", () => {
  const { dependencies, devDependencies } = JSON.parse(readText("package.json")) as Record<
    "dependencies" | "devDependencies",
    Readonly<Record<string, string>>
  >;
  const { packages } = JSON.parse(readText("package-lock.json")) as {
    packages: Readonly<Record<string, { readonly license?: string }>>;
  };
  const wanted = [...Object.keys(dependencies), ...Object.keys(devDependencies)].map(
    (name) => `${name}: ${packages[`node_modules/${name}`]?.license}`,
  );
  const shown = [
    ...readText("docs/dependencies.md").matchAll(/^\| (`[^|]+`) \|.*\| ([^|]+) \|$/gm),
  ].flatMap(([, names = "", license = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name}: ${license}`),
  );
  expect(shown.sort()).toEqual(wanted.sort());
});

test("what is shipped is free, and its texts are there", () => {
  const shipped = shippedPackages();
  expect(shipped.filter(({ license }) => !FREE.includes(license))).toEqual([]);
  expect(shipped.map(({ name }) => name)).toContain("@preact/signals-core");
  const text = licenseNotices();
  for (const { name, version } of shipped) {
    expect(text).toContain(`\n${name} ${version} (`);
  }
  expect(text).toContain("Permission is hereby granted");
});
