/**
 * The copy of the module that the single executable writes for redis-server: named by its content, whole or not there,
 * and never a file that somebody has changed.
 */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { copyOut, placeOfCopy } from "../../../src/up/module-copy.ts";
import { catchError } from "../../support/caught-error.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const folder = temporaryFolder();
const source = folder.join("codis_slots.so");

afterAll(() => folder.remove());

test("another content has another place, and the same one the same", () => {
  writeFileSync(source, "one");
  const first = placeOfCopy(source);
  expect(first).toEndWith("/codis_slots.so");
  expect(placeOfCopy(source)).toBe(first);
  writeFileSync(source, "two");
  expect(placeOfCopy(source)).not.toBe(first);
});

test("it is written once, and again when it isn't the same any more", () => {
  writeFileSync(source, "the module");
  const path = folder.join("data", "module", "codis_slots.so");
  copyOut(source, path);
  expect(readFileSync(path, "utf8")).toBe("the module");
  writeFileSync(path, "changed");
  copyOut(source, path);
  expect(readFileSync(path, "utf8")).toBe("the module");
  expect(readdirSync(dirname(path))).toEqual(["codis_slots.so"]);
});

test("what can't be done is told with what to do", () => {
  const path = folder.join("other", "codis_slots.so");
  const missing = catchError(() => copyOut(folder.join("missing.so"), path));
  expect(missing).toMatchObject({ code: "SERVER_START_FAILED" });
  expect(String(missing)).toContain("built without the module");
  expect(existsSync(path)).toBe(false);
  // A folder where the file should be: nobody can write that, not even root.
  mkdirSync(path, { recursive: true });
  const refused = catchError(() => copyOut(source, path));
  expect(refused).toMatchObject({ code: "SERVER_START_FAILED" });
  expect(String(refused)).toContain("XDG_DATA_HOME");
  expect(readdirSync(dirname(path))).toEqual(["codis_slots.so"]);
});
