/**
 * A copy of the module for redis-server, which can't open what is inside the single executable: a file by the hash of
 * its content, because servers of two versions of this program may run at one time. It stays, because a server that
 * has written its own configuration (CONFIG REWRITE) has its path in it.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";
import { userDataFolder } from "./user-data.ts";

/** Characters of the hash, in the name of the folder. */
const HASH_CHARS = 16;

/** Where the copy of that file belongs, among the user's data. Of a file that isn't there: a place where nothing is. */
export function placeOfCopy(source: string): string {
  const bytes = readIfThere(source) ?? Buffer.alloc(0);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, HASH_CHARS);
  return join(userDataFolder(), `module-${hash}`, basename(source));
}

/**
 * Writes the file out, unless the very same one is there: redis-server will run what it finds. Several processes may
 * do it at the same time. Throws SERVER_START_FAILED.
 */
export function copyOut(source: string, path: string): void {
  const bytes = readIfThere(source);
  if (bytes === undefined) {
    throw new CodisError(
      "SERVER_START_FAILED",
      "this executable was built without the module with the slot commands; build it on a machine with make and " +
        "gcc, or name the file of the module in CODIS_SLOTS_MODULE",
    );
  }
  const draft = `${path}.of-${process.pid}`;
  try {
    if (readIfThere(path)?.equals(bytes) === true) {
      return;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, bytes, { mode: 0o700 });
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new CodisError(
      "SERVER_START_FAILED",
      `the module with the slot commands can't be written to ${path} (${messageOf(cause)}); ` +
        "name a folder that can be written to in XDG_DATA_HOME",
      { cause },
    );
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") {
      return undefined;
    }
    throw thrown;
  }
}
