/**
 * How processes on one machine know of each other whether they live: each has a file that it keeps locked
 * (flock ends with a kill -9, at once) and in which it renews the time (a frozen process can't).
 *
 * Times are those of the machine's monotonic clock. After a reboot nothing is locked, so old times don't
 * matter.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CodisError } from "../../base/error.ts";
import { isMissing } from "./failure.ts";
import { FILE_MODE, type FolderLayout } from "./layout.ts";
import { machineTimeMs, tryLock, unlock } from "./system-call.ts";

/** Digits of a time, padded, so that each renewal overwrites all of the last. */
const TIME_DIGITS = 16;
const ID = /^[0-9a-f]{32}$/;
/** Begins the name of every temporary file of ours; then the id of its process, and a number. */
const TEMP_PREFIX = "codis-ext-";

/** The sign of one connection. Unless they say otherwise, its methods are called under the lock of the data. */
export class SignOfLife {
  readonly id = randomBytes(16).toString("hex");
  readonly #layout: FolderLayout;
  readonly #path: string;
  #fd: number | undefined;
  #lastTemp = 0;

  constructor(layout: FolderLayout) {
    this.#layout = layout;
    this.#path = join(layout.alive, this.id);
  }

  /** Whether the file is there, and the folders; somebody may have removed them. Needs no lock. */
  hasAppeared(): boolean {
    return this.#fd !== undefined && this.#isThere(this.#fd) && existsSync(this.#layout.temp);
  }

  /** Makes the file and the folders unless they are there. Throws system errors. */
  appear(): void {
    if (this.hasAppeared()) {
      return;
    }
    this.disappear();
    this.#layout.makeFolders();
    // Locked before others can find it: they would take it for that of a process that is gone.
    const temp = this.tempName();
    this.#fd = openSync(temp, "w+", FILE_MODE);
    if (!tryLock(this.#fd, "exclusive")) {
      closeSync(this.#fd);
      this.#fd = undefined;
      unlinkSync(temp);
      throw new CodisError("COORDINATOR_REFUSED", `the file system of ${temp} has no flock`);
    }
    this.beat();
    renameSync(temp, this.#path);
  }

  /** Renews the time. */
  beat(): void {
    if (this.#fd !== undefined) {
      const time = `${machineTimeMs()}`.padStart(TIME_DIGITS, "0");
      writeSync(this.#fd, Buffer.from(time), 0, TIME_DIGITS, 0);
    }
  }

  /** Removes the file: from now on this process counts as gone. */
  disappear(): void {
    if (this.#fd !== undefined) {
      if (this.#isThere(this.#fd)) {
        unlinkSync(this.#path);
      }
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }

  /** A new name for a temporary file, by which others know its process. Needs no lock. */
  tempName(): string {
    this.#lastTemp += 1;
    return join(this.#layout.temp, `${TEMP_PREFIX}${this.id}-${this.#lastTemp}`);
  }

  #isThere(fd: number): boolean {
    try {
      return statSync(this.#path).ino === fstatSync(fd).ino;
    } catch (thrown) {
      if (isMissing(thrown)) {
        return false;
      }
      throw thrown;
    }
  }
}

/**
 * Whether a process lives: its file is locked, and the time in it not older than `ttlMs`. Needs no lock of
 * the data; but only under it the answer is still true when it is used. Throws system errors.
 */
export function isAlive(layout: FolderLayout, id: string, ttlMs: number): boolean {
  let fd: number;
  try {
    fd = openSync(join(layout.alive, id), "r");
  } catch (thrown) {
    if (isMissing(thrown)) {
      return false;
    }
    throw thrown;
  }
  try {
    if (tryLock(fd, "shared")) {
      unlock(fd);
      return false;
    }
    const bytes = Buffer.alloc(TIME_DIGITS);
    const count = readSync(fd, bytes, 0, TIME_DIGITS, 0);
    // It is written before the file gets its name; should it be unreadable, the lock alone counts.
    const beatMs = Number(bytes.toString("latin1", 0, count));
    return count < TIME_DIGITS || !Number.isFinite(beatMs) || machineTimeMs() - beatMs <= ttlMs;
  } finally {
    closeSync(fd);
  }
}

/** The id of the process that made a temporary file; undefined for a file that isn't ours. */
export function makerOf(tempName: string): string | undefined {
  const id = tempName.slice(TEMP_PREFIX.length, TEMP_PREFIX.length + 32);
  return tempName.startsWith(TEMP_PREFIX) && ID.test(id) ? id : undefined;
}
