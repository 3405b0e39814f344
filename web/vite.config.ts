/**
 * How Vite builds the console. All addresses in the built files are relative, because the console may be
 * served under any path: the server puts that path into `<base href>` of the page. `scripts/build-web.ts`
 * runs this and packs the result.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { splitTexts } from "./split-texts.ts";

const WEB = dirname(fileURLToPath(import.meta.url));
/** Elements and data that screens share; charts are read only where there are some. */
const SHARED =
  /\/web\/src\/(?:ui\/(?!draw-chart|time-chart)|data\/|screens\/members\/)[^/]+\.tsx?$/;

export default defineConfig({
  root: WEB,
  base: "./",
  publicDir: false,
  plugins: [splitTexts(join(WEB, "src"))],
  // The same whoever builds: `bun test` says in the environment that it isn't for production.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    // A small file in a `data:` address would break the content security policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // How long a build took is no warning: on a slow machine every one would have it.
    rolldownOptions: {
      checks: { bundlerTimings: false },
      // What many screens share is one file: in thirty small ones it takes more bytes, and more requests.
      output: { codeSplitting: { groups: [{ name: "shared", test: SHARED, minShareCount: 2 }] } },
    },
  },
});
