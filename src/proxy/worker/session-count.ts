/**
 * How many sessions each worker has, in memory that all processes of a proxy share: `proxy_max_clients`
 * counts over all workers, and a worker must know at each accept without asking anybody.
 *
 * One number for each worker, on a cache line of its own, written by that worker only (by the supervisor
 * once the worker is dead). The memory is a file that was deleted as soon as it was open: it is handed on as
 * a descriptor, and the system frees it with the last process, whatever ended that. It lies in /dev/shm
 * where there is one, because pages of a file on a disk may make a writer wait for the disk.
 *
 *   | worker 0: count, 7 unused | worker 1: count, 7 unused | …
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodisError, messageOf } from "../../base/error.ts";

const LINE_BYTES = 64;
const LINE_NUMBERS = LINE_BYTES / Float64Array.BYTES_PER_ELEMENT;
const FOLDERS = ["/dev/shm", tmpdir()];

/** See the file head. */
export class SessionCounts {
  readonly #numbers: Float64Array;

  private constructor(fd: number) {
    const bytes = Bun.mmap(`/proc/self/fd/${fd}`, { shared: true });
    this.#numbers = new Float64Array(
      bytes.buffer,
      bytes.byteOffset,
      Math.floor(bytes.byteLength / Float64Array.BYTES_PER_ELEMENT),
    );
  }

  /**
   * Makes the memory for workers 0 to `workerCount` - 1, all counts 0. The descriptor stays open for the
   * children to come. Throws `WORKER_FAILED`.
   */
  static create(workerCount: number): { readonly counts: SessionCounts; readonly fd: number } {
    const fd = openNameless();
    // Written, not only sized: a full file system must show here, not as a fatal signal later.
    writeSync(fd, Buffer.alloc(workerCount * LINE_BYTES));
    return { counts: new SessionCounts(fd), fd };
  }

  /** Maps the memory behind a descriptor that was inherited, and closes that. */
  static inherit(fd: number): SessionCounts {
    const counts = new SessionCounts(fd);
    closeSync(fd);
    return counts;
  }

  set(index: number, count: number): void {
    this.#numbers[index * LINE_NUMBERS] = count;
  }

  /** Sessions of all workers but one. */
  sumWithout(index: number): number {
    let sum = 0;
    for (let at = 0; at < this.#numbers.length; at += LINE_NUMBERS) {
      if (at !== index * LINE_NUMBERS) sum += this.#numbers[at] as number;
    }
    return sum;
  }
}

function openNameless(): number {
  let cause: unknown;
  for (const parent of FOLDERS) {
    try {
      const folder = mkdtempSync(join(parent, "codis-proxy-"));
      try {
        return openSync(join(folder, "session-count"), "wx+", 0o600);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    } catch (thrown) {
      cause = thrown;
    }
  }
  throw new CodisError(
    "WORKER_FAILED",
    `no memory to share among workers: can't write to ${FOLDERS.join(" or ")}: ${messageOf(cause)}`,
    { cause },
  );
}
