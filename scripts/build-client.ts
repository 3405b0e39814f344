/**
 * Builds the discovery client (`src/client`) for applications that run on Node, which can't run its sources:
 * one JavaScript file, its type declarations, and a package.json, in `dist/client` or the folder given.
 *
 *   bun scripts/build-client.ts [FOLDER]
 *
 * Then `npm install FOLDER` in the application, or a copy of the folder. The Redis library isn't in it: the
 * application brings its own.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const ENTRY = "src/client/discovery.ts";
/** Node 20 lacks `Promise.withResolvers`; the bundle brings its own instead of changing the global. */
const WITH_RESOLVERS = `const codisWithResolvers = () => {
  let resolve, reject;
  const promise = new Promise((res, rej) => { resolve = res; reject = rej; });
  return { promise, resolve, reject };
};`;

/** Builds into the folder, which is emptied first. Throws with the tools' own words when one fails. */
export function buildClient(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run("bun", [
    "build",
    join(ROOT, ENTRY),
    "--target=node",
    "--format=esm",
    "--define=Promise.withResolvers=codisWithResolvers",
    `--banner=${WITH_RESOLVERS}`,
    `--outfile=${join(folder, "discovery.js")}`,
  ]);
  // Whether the types fit is checked with the whole project, not here.
  run("tsc", [
    ...["--declaration", "--emitDeclarationOnly", "--noEmit", "false", "--strict", "--noCheck"],
    ...["--target", "ESNext", "--module", "Preserve", "--moduleResolution", "bundler"],
    ...["--allowImportingTsExtensions", "--rewriteRelativeImportExtensions", "--skipLibCheck"],
    ...["--resolveJsonModule", "--verbatimModuleSyntax", "--types", "bun"],
    ...["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--ignoreConfig"],
    ...["--rootDir", join(ROOT, "src"), "--outDir", join(folder, "types")],
    join(ROOT, ENTRY),
  ]);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), undefined, 2)}\n`);
}

function manifest(): Readonly<Record<string, unknown>> {
  const { version, license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
    license: string;
  };
  return {
    name: "codis-discovery",
    version,
    license,
    type: "module",
    engines: { node: ">=20" },
    exports: { ".": { types: "./types/client/discovery.d.ts", default: "./discovery.js" } },
    peerDependencies: { ioredis: ">=5", redis: ">=4" },
    peerDependenciesMeta: { ioredis: { optional: true }, redis: { optional: true } },
  };
}

function run(tool: string, args: readonly string[]): void {
  const program = tool === "bun" ? process.execPath : join(ROOT, "node_modules/.bin", tool);
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) {
    throw new Error(`${tool} failed: ${error?.message ?? `${stdout}${stderr}`}`);
  }
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(ROOT, "dist/client"));
  buildClient(folder);
  process.stdout.write(`${folder}\n`);
}
