/**
 * Numbers in memory that several processes of one program share: a file mapped by all of them.
 *
 * The file is deleted as soon as it is open. It is handed on as a descriptor that a child inherits, and the
 * system frees it with the last process, whatever ended that: nothing is left to be found and removed. It
 * lies in /dev/shm where there is one, because a page of a file on a disk may make a writer wait for the disk.
 * Here because only this folder knows the runtime, whose own function maps files.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodisError, messageOf } from "../base/error.ts";

const FOLDERS = ["/dev/shm", tmpdir()];

/** Numbers that all processes see, and the descriptor by which a child gets them. */
export interface SharedNumbers {
  readonly numbers: Float64Array;
  readonly fd: number;
}

/**
 * Makes `length` numbers, all 0. The descriptor belongs to the caller, who keeps it open for children to
 * come; the numbers hold without it. Throws `WORKER_FAILED`.
 */
export function createSharedNumbers(length: number): SharedNumbers {
  const fd = openNameless();
  // Written, not only sized: a full file system must show here, not as a fatal signal later.
  writeSync(fd, Buffer.alloc(length * Float64Array.BYTES_PER_ELEMENT));
  return { numbers: mapNumbers(fd), fd };
}

/** The numbers behind a descriptor that was inherited; closes it. */
export function inheritSharedNumbers(fd: number): Float64Array {
  const numbers = mapNumbers(fd);
  closeSync(fd);
  return numbers;
}

function mapNumbers(fd: number): Float64Array {
  const bytes = Bun.mmap(`/proc/self/fd/${fd}`, { shared: true });
  const length = Math.floor(bytes.byteLength / Float64Array.BYTES_PER_ELEMENT);
  return new Float64Array(bytes.buffer, bytes.byteOffset, length);
}

function openNameless(): number {
  let cause: unknown;
  for (const parent of FOLDERS) {
    try {
      const folder = mkdtempSync(join(parent, "codis-proxy-"));
      try {
        return openSync(join(folder, "numbers"), "wx+", 0o600);
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
