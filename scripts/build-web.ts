/**
 * Builds the console (`web/`) into `web/dist` when its sources have changed; otherwise it ends at once.
 * Part of `npm start` and `npm test`.
 *
 *   bun scripts/build-web.ts [--force]
 *
 * Vite makes the files; then each is packed as `.br` and `.gz` beside it, and `build.json` tells which files
 * a first visit loads and how large everything is. A build is put in place as a whole: whoever reads
 * `web/dist` meanwhile sees the old one or the new one.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { consoleSources } from "./console-sources.ts";

const ROOT = join(import.meta.dirname, "..");
const WEB = join(ROOT, "web");
/** Where the built console is. */
export const WEB_DIST = join(WEB, "dist");
const BUILD_FILE = "build.json";
/** What a build depends on besides `web/` and `consoleSources`. */
const OTHER_SOURCES = ["package-lock.json", "scripts/build-web.ts"];
const PACKED = new Set([".js", ".css", ".svg", ".json"]);
const GZIP_LEVEL = 9;
/** Builds that end at the same moment get in each other's way at most so often. */
const PLACE_TRIES = 5;

/** Sizes of one file, in bytes. */
export interface FileSizes {
  readonly bytes: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** What `build.json` holds. */
export interface WebBuild {
  /** Of all sources. */
  readonly hash: string;
  /** Files that every first visit loads, without those of the language and of the screen. */
  readonly initial: readonly string[];
  /** The file of each language, of which a visit loads one. */
  readonly languages: readonly string[];
  /** For each screen: the files that it loads besides. */
  readonly screens: Readonly<Record<string, readonly string[]>>;
  /** All files but the page, by their path in `web/dist`. */
  readonly files: Readonly<Record<string, FileSizes>>;
}

/** One entry of Vite's manifest. */
interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

/** The last build; undefined when there is none that can be read. */
export function readWebBuild(): WebBuild | undefined {
  try {
    return JSON.parse(readFileSync(join(WEB_DIST, BUILD_FILE), "utf8")) as WebBuild;
  } catch {
    return undefined; // There is none yet, or it was broken off.
  }
}

/** Builds when the sources differ from those of the last build; true when it built. Throws when that fails. */
export async function buildWeb(isForced = false): Promise<boolean> {
  const hash = hashOfSources();
  if (!isForced && readWebBuild()?.hash === hash) {
    return false;
  }
  const { build } = await import("vite");
  const folder = join(ROOT, "node_modules", `.web-build-${process.pid}`);
  const old = `${folder}-old`;
  try {
    await build({
      configFile: join(WEB, "vite.config.ts"),
      logLevel: "warn",
      build: { outDir: folder, emptyOutDir: true },
    });
    finish(folder, hash);
    putInPlace(folder, old);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
  return true;
}

/** Other builds may do the same at the same time; the last one stays. */
function putInPlace(folder: string, old: string): void {
  for (let tries = 1; ; tries += 1) {
    rmSync(old, { recursive: true, force: true });
    try {
      if (existsSync(WEB_DIST)) {
        renameSync(WEB_DIST, old);
      }
      renameSync(folder, WEB_DIST);
      return;
    } catch (thrown) {
      if (tries === PLACE_TRIES) {
        throw thrown;
      }
    }
  }
}

/** Packs the files, and writes `build.json` in place of Vite's manifest. */
function finish(folder: string, hash: string): void {
  const manifestPath = join(folder, "manifest.json");
  const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as Record<string, Chunk>;
  rmSync(manifestPath);
  const files: Record<string, FileSizes> = {};
  for (const path of listFiles(folder)) {
    if (PACKED.has(extname(path))) {
      files[path] = pack(join(folder, path));
    }
  }
  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry === true) ?? "";
  const initial = filesOf(manifest, entry);
  const screens: Record<string, readonly string[]> = {};
  for (const key of Object.keys(manifest)) {
    const name = /^src\/screens\/([\w-]+)\/screen\.tsx$/.exec(key)?.[1];
    if (name !== undefined) {
      screens[name] = filesOf(manifest, key).filter((file) => !initial.includes(file));
    }
  }
  const languages = Object.entries(manifest)
    .filter(([key]) => key.includes("codis-texts:"))
    .map(([, chunk]) => chunk.file);
  const told: WebBuild = { hash, initial, languages, screens, files };
  writeFileSync(join(folder, BUILD_FILE), `${JSON.stringify(told, undefined, 2)}\n`);
}

function pack(path: string): FileSizes {
  const plain = readFileSync(path);
  const gzip = gzipSync(plain, { level: GZIP_LEVEL });
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  writeFileSync(`${path}.gz`, gzip);
  writeFileSync(`${path}.br`, brotli);
  return { bytes: plain.length, gzip: gzip.length, brotli: brotli.length };
}

/** A chunk with all that it imports at once, and their style sheets. */
function filesOf(manifest: Readonly<Record<string, Chunk>>, key: string): readonly string[] {
  const seen = new Set<string>();
  const files = new Set<string>();
  const visit = (name: string): void => {
    const chunk = manifest[name];
    if (chunk === undefined || seen.has(name)) {
      return;
    }
    seen.add(name);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) {
      files.add(file);
    }
    for (const imported of chunk.imports ?? []) {
      visit(imported);
    }
  };
  visit(key);
  return [...files].sort();
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const own = listFiles(WEB)
    .filter((path) => !path.startsWith("dist/"))
    .map((path) => `web/${path}`);
  for (const path of [...own, ...consoleSources(), ...OTHER_SOURCES]) {
    const bytes = readFileSync(join(ROOT, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

/** Paths of all files, sorted, relative to the folder and with `/`. */
function listFiles(folder: string, below = ""): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? listFiles(folder, path) : [path];
    })
    .sort();
}

if (import.meta.main) {
  const started = performance.now();
  if (await buildWeb(process.argv.includes("--force"))) {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`The console is built: web/dist, ${seconds} s.\n`);
  }
}
