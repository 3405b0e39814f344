/**
 * The slot commands as a module for redis-server: where it is, and how it is made when it isn't there. It is part of
 * this program's folder, in C, and built by its Makefile.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodisError, messageOf } from "../base/error.ts";

const FOLDER = fileURLToPath(new URL("../../module", import.meta.url));
/** Its name, by which a line of a server's configuration is known. */
export const MODULE_FILE = "codis_slots.so";
/** Where it is once it is made; CODIS_SLOTS_MODULE in the environment names another place. */
export const SLOTS_MODULE = process.env["CODIS_SLOTS_MODULE"] ?? join(FOLDER, "build", MODULE_FILE);
/** Of the whole build; it takes a few seconds. */
const BUILD_TIMEOUT_MS = 300_000;
/** Last lines of what the compiler says that are shown. */
const TAIL_CHARS = 300;

/**
 * Path of the module; builds it when it isn't there. Throws SERVER_START_FAILED with the command to run when that
 * can't be done here.
 */
export function findSlotsModule(): string {
  if (!existsSync(SLOTS_MODULE)) {
    build(SLOTS_MODULE);
  }
  return SLOTS_MODULE;
}

/** In a folder of its own, so that two at a time don't disturb each other. */
function build(path: string): void {
  const folder = join(FOLDER, "build", `of-${process.pid}`);
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
