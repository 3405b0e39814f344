/**
 * The slot commands as a module for redis-server: where it is, and how it is made when it isn't there. In a source
 * tree it is built by its Makefile; the single executable has it inside, and writes it to a file for redis-server.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CodisError, messageOf } from "../base/error.ts";
import { IS_SINGLE_FILE, placeOf } from "../base/program-place.ts";
import { copyOut, placeOfCopy } from "./module-copy.ts";

const FOLDER = placeOf("module");
/** Its name, by which a line of a server's configuration is known. */
export const MODULE_FILE = "codis_slots.so";
const BUILT = join(FOLDER, "build", MODULE_FILE);
/** Where it is once it is made; CODIS_SLOTS_MODULE in the environment names another place. */
export const SLOTS_MODULE =
  process.env["CODIS_SLOTS_MODULE"] ?? (IS_SINGLE_FILE ? placeOfCopy(BUILT) : BUILT);
/** Of the whole build; it takes a few seconds. */
const BUILD_TIMEOUT_MS = 300_000;
/** Last lines of what the compiler says that are shown. */
const TAIL_CHARS = 300;

/**
 * Path of the module; makes it when it isn't there. Throws SERVER_START_FAILED with what to do when that can't be
 * done here.
 */
export function findSlotsModule(): string {
  if (IS_SINGLE_FILE && process.env["CODIS_SLOTS_MODULE"] === undefined) {
    copyOut(BUILT, SLOTS_MODULE);
  } else if (!existsSync(SLOTS_MODULE)) {
    build(SLOTS_MODULE);
  }
  return SLOTS_MODULE;
}

/** In a folder of its own, so that two at a time don't disturb each other. */
function build(path: string): void {
  if (IS_SINGLE_FILE) {
    throw new CodisError(
      "SERVER_START_FAILED",
      `there is no file ${path}, which CODIS_SLOTS_MODULE names; name the module, or unset it`,
    );
  }
  const folder = join(FOLDER, "build", `of-${process.pid}`);
  if (process.stderr.isTTY) {
    process.stderr.write(
      "the module with the slot commands is built, once; that takes some seconds\n",
    );
  }
  try {
    mkdirSync(folder, { recursive: true });
    const made = spawnSync("make", ["-s", "-C", FOLDER, `BUILD=${folder}`], {
      encoding: "utf8",
      timeout: BUILD_TIMEOUT_MS,
    });
    if (made.error !== undefined || made.status !== 0) {
      throw made.error ?? new Error((made.stderr ?? "").trim().slice(-TAIL_CHARS));
    }
    renameSync(join(folder, MODULE_FILE), path);
  } catch (cause) {
    throw new CodisError(
      "SERVER_START_FAILED",
      `the module with the slot commands can't be built here (${messageOf(cause).replaceAll(/\s+/g, " ")}); ` +
        `on a machine with make and gcc run: make -C ${FOLDER}`,
      { cause },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
