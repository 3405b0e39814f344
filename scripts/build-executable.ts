/**
 * Makes `dist/codis`: this program with all that it needs in one file, for machines without Node, npm and Bun. It is
 * for the platform that it is built on.
 *
 *   npm run build
 *   bun scripts/build-executable.ts [FILE]
 *
 * Inside are the code of `src` as one bundle for each command (compiled to bytecode, for a fast start), the built
 * console, and the module with the slot commands when there is a compiler to build it. A file that is in use is
 * replaced as a whole: what runs goes on with what it was started from. Beside it is `FILE.licenses.txt`.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { buildWeb, WEB_DIST } from "./build-web.ts";
import { licenseNotices } from "./license-notices.ts";

const ROOT = join(import.meta.dirname, "..");
const ENTRY = "src/main.ts";
const MODULE_FILE = "codis_slots.so";
const STEP_TIMEOUT_MS = 300_000;
/** Last lines of what a step says that are shown. */
const TAIL_CHARS = 2_000;

/** What a build has made. */
export interface Executable {
  readonly bytes: number;
  /** Why the module isn't inside; undefined: it is. */
  readonly moduleProblem: string | undefined;
}

/** Builds the executable at the path, and the licences beside it. Throws with what the failed step printed. */
export async function buildExecutable(path: string): Promise<Executable> {
  await buildWeb();
  mkdirSync(dirname(path), { recursive: true });
  // Beside it, so that the last step is a rename.
  const stage = mkdtempSync(`${path}.of-`);
  try {
    // By the paths of the tree: Bun keeps a path from the folder on that it was told.
    cpSync(WEB_DIST, join(stage, "web/dist"), { recursive: true });
    const moduleProblem = placeModule(join(stage, "module/build"));
    const assets = moduleProblem === undefined ? ["web", "module"] : ["web"];
    const made = join(stage, "made");
    compile(made, assets);
    writeFileSync(`${path}.licenses.txt`, licenseNotices());
    renameSync(made, path);
    return { bytes: statSync(path).size, moduleProblem };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Puts the module into the folder, built there unless the tree has it; or returns why that can't be done. */
function placeModule(folder: string): string | undefined {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, MODULE_FILE);
  const source = join(ROOT, "module");
  const built = join(source, "build", MODULE_FILE);
  if (existsSync(built) && run("make", ["-q", "-C", source]).status === 0) {
    copyFileSync(built, path);
    return undefined;
  }
  // Elsewhere than in the tree, where another make may be at work; what else it makes isn't wanted.
  const work = join(dirname(dirname(folder)), "work");
  mkdirSync(work);
  const { status, error, stderr } = run("make", ["-s", "-C", source, `BUILD=${work}`]);
  if (error !== undefined || status !== 0) {
    return error?.message ?? stderr.trim().slice(-TAIL_CHARS);
  }
  renameSync(join(work, MODULE_FILE), path);
  return undefined;
}

function compile(made: string, assets: readonly string[]): void {
  const stage = dirname(made);
  const { status, error, stdout, stderr } = run(process.execPath, [
    ...["build", "--compile", "--splitting", "--bytecode", "--format=esm"],
    // Stack traces name the lines of the tree; Bun embeds the maps, those beside the result go with the folder.
    "--sourcemap=linked",
    // What a daemon does must not depend on the folder it is started from.
    ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
    ...assets.map((folder) => `--asset=${join(stage, folder)}`),
    ...[`--outfile=${made}`, ENTRY],
  ]);
  if (error !== undefined || status !== 0) {
    throw new Error(`bun build failed: ${error?.message ?? `${stdout}${stderr}`}`);
  }
}

function run(program: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd: ROOT, encoding: "utf8", timeout: STEP_TIMEOUT_MS });
}

if (import.meta.main) {
  const started = performance.now();
  const path = resolve(process.argv[2] ?? join(ROOT, "dist/codis"));
  const { bytes, moduleProblem } = await buildExecutable(path);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${path}: ${Math.round(bytes / 1e6)} MB, ${seconds} s\n`);
  if (moduleProblem !== undefined) {
    process.stderr.write(`Without the module with the slot commands: ${moduleProblem}\n`);
  }
}
