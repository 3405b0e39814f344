/**
 * The lock that all programs take for each change, ours and the original's: an exclusive flock on
 * `data.lck`. The original gives up at once when it is taken, so what is done under it is done in one turn,
 * without waiting for anything; slow work (fsync of new files, of folders) comes before or after.
 *
 * The operations of one connection queue up here; other processes are waited for by trying again.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import { isMissing } from "./failure.ts";
import { FILE_MODE, type FolderLayout } from "./layout.ts";
import { tryLock } from "./system-call.ts";

/** Between two tries; doubled up to the maximum, with jitter, so that two processes don't go in step. */
const RETRY_MIN_MS = 1;
const RETRY_MAX_MS = 16;

/** Runs changes one at a time, on the whole machine. */
export class DataLock {
  readonly #layout: FolderLayout;
  readonly #clock: Clock;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(layout: FolderLayout, clock: Clock) {
    this.#layout = layout;
    this.#clock = clock;
  }

  /**
   * Calls `change` once under the lock; its result, or what it throws. Throws COORDINATOR_UNREACHABLE when
   * the lock isn't free until the deadline (monotonic clock), and system errors.
   */
  run<T>(deadlineMs: number, change: () => T): Promise<T> {
    const turn = this.#queue.then(() => this.#lockAndRun(deadlineMs, change));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #lockAndRun<T>(deadlineMs: number, change: () => T): Promise<T> {
    for (let waitMs = RETRY_MIN_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MAX_MS)) {
      const fd = this.#tryOnce();
      if (fd !== undefined) {
        try {
          return change();
        } finally {
          closeSync(fd);
        }
      }
      if (this.#clock.monotonicMs() >= deadlineMs) {
        throw new CodisError(
          "COORDINATOR_UNREACHABLE",
          `${this.#layout.dataLock} is locked by another program for too long, or can't be locked there`,
        );
      }
      await new Promise<void>((resolve) => {
        setTimeout(resolve, waitMs * (0.5 + Math.random()));
      });
    }
  }

  /** The locked file; undefined while another has it. */
  #tryOnce(): number | undefined {
    const fd = this.#open();
    try {
      if (tryLock(fd, "exclusive") && this.#isCurrent(fd)) {
        return fd;
      }
    } catch (thrown) {
      closeSync(fd);
      throw thrown;
    }
    closeSync(fd);
    return undefined;
  }

  #open(): number {
    const flags = constants.O_RDWR | constants.O_CREAT;
    try {
      return openSync(this.#layout.dataLock, flags, FILE_MODE);
    } catch (thrown) {
      if (!isMissing(thrown)) {
        throw thrown;
      }
      this.#layout.makeFolders();
      return openSync(this.#layout.dataLock, flags, FILE_MODE);
    }
  }

  /** Whether others lock the same file: somebody may have removed it since it was opened. */
  #isCurrent(fd: number): boolean {
    try {
      return statSync(this.#layout.dataLock).ino === fstatSync(fd).ino;
    } catch (thrown) {
      if (isMissing(thrown)) {
        return false;
      }
      throw thrown;
    }
  }
}
