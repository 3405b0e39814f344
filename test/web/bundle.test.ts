/**
 * How much a browser loads: gates P1 and P2, from the sizes that the build wrote down. Sizes are of brotli at
 * its best, as the server sends them.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { buildWeb, readWebBuild, WEB_DIST, type WebBuild } from "../../scripts/build-web.ts";

const KB = 1000;
/** P1: entry, one language, and the screen that is shown first. */
const FIRST_LOAD_MAX = 60 * KB;
/** P2. */
const ALL_SCRIPTS_MAX = 160 * KB;
const ALL_STYLES_MAX = 15 * KB;

/** Building may take this on a busy machine. */
const BUILD_MS = 180_000;

describe("the built console", () => {
  let build: WebBuild = { hash: "", initial: [], languages: [], screens: {}, files: {} };

  beforeAll(async () => {
    await buildWeb();
    build = readWebBuild() ?? build;
  }, BUILD_MS);

  function sum(paths: readonly string[], ending: string): number {
    return paths
      .filter((path) => path.endsWith(ending))
      .reduce((total, path) => total + (build.files[path]?.brotli ?? 0), 0);
  }

  test("isn't built again while nothing has changed", async () => {
    expect(await buildWeb()).toBe(false);
  });

  test("loads at most 60 kB of scripts at first, whichever screen and language it is", () => {
    const languages = build.languages.map((path) => sum([path], ".js"));
    expect(languages.length).toBe(2);
    const tooLarge = Object.entries(build.screens)
      .map(([name, files]) => {
        const bytes = sum(build.initial, ".js") + Math.max(...languages) + sum(files, ".js");
        return { name, bytes };
      })
      .filter(({ bytes }) => bytes > FIRST_LOAD_MAX);
    expect(Object.keys(build.screens).length).toBeGreaterThan(10);
    expect(tooLarge).toEqual([]);
  });

  test("has at most 160 kB of scripts and 15 kB of styles altogether, and no fonts", () => {
    const all = Object.keys(build.files);
    expect(sum(all, ".js")).toBeLessThanOrEqual(ALL_SCRIPTS_MAX);
    expect(sum(all, ".css")).toBeLessThanOrEqual(ALL_STYLES_MAX);
    expect(all.filter((path) => /\.(woff2?|ttf|otf)$/.test(path))).toEqual([]);
  });

  test("has every file packed both ways, with the same content", () => {
    for (const [path, sizes] of Object.entries(build.files)) {
      const file = join(WEB_DIST, path);
      const plain = readFileSync(file);
      expect(plain.length).toBe(sizes.bytes);
      expect(gunzipSync(readFileSync(`${file}.gz`)).equals(plain)).toBe(true);
      expect(brotliDecompressSync(readFileSync(`${file}.br`)).equals(plain)).toBe(true);
      expect(statSync(`${file}.br`).size).toBe(sizes.brotli);
    }
  });

  test("has nothing that its content security policy forbids", () => {
    const page = readFileSync(join(WEB_DIST, "index.html"), "utf8");
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/);
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).toContain('<base href="/" />');
    expect(existsSync(join(WEB_DIST, "manifest.json"))).toBe(false);
    const schemas = Object.keys(build.files).filter((path) =>
      readFileSync(join(WEB_DIST, path), "utf8").includes("ZodError"),
    );
    expect(schemas).toEqual([]);
  });
});
