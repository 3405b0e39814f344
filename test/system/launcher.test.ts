/**
 * `bin/codis` and the programs beside it: found through symlinks, the same process from start to end,
 * and a clear line where something is missing.
 */
import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { CODIS, runCodis } from "../support/codis-program.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const bin = dirname(CODIS);

test("--version tells the version and the runtime, also through symlinks and from another folder", async () => {
  const folder = temporaryFolder();
  symlinkSync(CODIS, folder.join("first"));
  symlinkSync("first", folder.join("second"));
  const launcher = folder.join("second");
  const { code, stdout } = await runCodis(["--version"], { launcher, cwd: folder.path });
  expect(stdout).toStartWith(`codis ${packageJson.version}\nbun `);
  expect(code).toBe(0);
  folder.remove();
});

test("every program of Codis is there under its own name, with its own help", async () => {
  for (const name of ["proxy", "dashboard", "admin", "config", "fe"]) {
    const launcher = join(bin, `codis-${name}`);
    const { code, stdout, stderr } = await runCodis(["--help"], { launcher });
    expect([name, code, stderr]).toEqual([name, 0, ""]);
    expect(stdout).toContain(`codis ${name} `);
  }
  const server = await runCodis(["--version"], { launcher: join(bin, "codis-server") });
  expect([server.code, server.stderr]).toEqual([0, ""]);
  expect(server.stdout).toStartWith("Redis server v=");
});

test("an unknown command and no command end with 64", async () => {
  const unknown = await runCodis(["stauts"]);
  expect(unknown.stderr).toBe('codis: unknown command "stauts"; did you mean status?\n');
  expect(unknown.code).toBe(64);
  const none = await runCodis([]);
  expect(none.stderr).toContain("Usage: codis COMMAND");
  expect(none.code).toBe(64);
});

test("without node_modules one line says what to run", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder.join("bin"));
  copyFileSync(CODIS, folder.join("bin", "codis"));
  const launcher = folder.join("bin", "codis");
  const { code, stderr } = await runCodis(["--version"], { launcher });
  expect(stderr).toBe(`codis: Bun isn't installed here; run: npm ci --prefix ${folder.path}\n`);
  expect(code).toBe(1);
  folder.remove();
});
