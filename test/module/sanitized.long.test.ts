/**
 * Every test of the module, against servers whose module is built with AddressSanitizer and
 * UndefinedBehaviorSanitizer: the first thing that these find ends the server, and so fails the test that it
 * happened in.
 */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/source-tree.ts";

const FILE_MS = 600_000;
/** For tests that don't give a bound of their own; sanitizers are slow. */
const TEST_MS = 120_000;
const FOLDER = join(ROOT, "test", "module");
const files = readdirSync(FOLDER).filter(
  (name) => name.endsWith(".test.ts") && !/\.long\.|^sanitized/.test(name),
);

for (const file of files) {
  test(
    file,
    () => {
      const command = ["test", `--timeout=${TEST_MS}`, `./test/module/${file}`];
      const result = spawnSync(process.execPath, command, {
        cwd: ROOT,
        encoding: "utf8",
        env: { ...process.env, CODIS_SLOTS_SANITIZE: "1" },
        timeout: FILE_MS,
      });
      const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
      expect(result.status === 0 ? "" : output).toBe("");
    },
    FILE_MS,
  );
}
