/**
 * A folder that looks like the built console, for tests of the servers: the page, a file with a hash in its name that
 * is worth packing, one that the build has packed itself, and one that is nobody's.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "./temporary-folder.ts";

/** Text of the script of the page. */
export const SCRIPT = `export const text = "${"long enough to be worth packing ".repeat(40)}";\n`;
/** Where it is. */
export const SCRIPT_PATH = "/assets/main-DeadBeef.js";

/** Makes the folder; it goes with the tests. */
export function builtConsole(): string {
  const folder = temporaryFolder();
  mkdirSync(folder.join("assets"));
  writeFileSync(
    folder.join("index.html"),
    `<!doctype html>\n<html><head><base href="/" /><title>Codis</title></head>` +
      `<body><script type="module" src="./assets/main-DeadBeef.js"></script></body></html>\n`,
  );
  writeFileSync(folder.join("assets/main-DeadBeef.js"), SCRIPT);
  writeFileSync(folder.join("assets/icon-12345678.svg"), "<svg/>");
  writeFileSync(folder.join("assets/style-abcdefgh.css"), "body {}".repeat(100));
  // Packed by the build; its content shows that this one is sent.
  writeFileSync(folder.join("assets/style-abcdefgh.css.gz"), gzipSync("packed by the build"));
  writeFileSync(folder.join("secret.key"), "not for anybody");
  return folder.join(".");
}
