/**
 * Where the program's own files are, and by which names the single executable is another program.
 */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  IS_SINGLE_FILE,
  oldProgramName,
  ownProgram,
  placeOf,
} from "../../../src/base/program-place.ts";

test("in a source tree files are found from its root, and children run on the same runtime", () => {
  expect(IS_SINGLE_FILE).toBe(false);
  expect(existsSync(placeOf("src/main.ts"))).toBe(true);
  expect(ownProgram()).toBe(process.execPath);
});

test("the old names of Codis are commands of the single executable only", () => {
  expect(oldProgramName("/usr/local/bin/codis-proxy", true)).toBe("proxy");
  expect(oldProgramName("codis-server", true)).toBe("server");
  expect(oldProgramName("codis", true)).toBeUndefined();
  expect(oldProgramName("codis-proxy-4.0", true)).toBeUndefined();
  expect(oldProgramName("my-codis-proxy", true)).toBeUndefined();
  expect(oldProgramName("/usr/local/bin/codis-proxy", false)).toBeUndefined();
});
