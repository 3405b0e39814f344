/**
 * Temporary folders for tests, under the system's folder for them. Each is removed with all that is in
 * it by `remove()`, or at the latest when the test process exits.
 */
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The file system in memory of Linux. */
const MEMORY = "/dev/shm";
/** Free room below which it isn't used: containers often have one of 64 MB. */
const MEMORY_ROOM_BYTES = 2 * 1024 ** 3;

/** A folder of the test's own. */
export interface TemporaryFolder {
  readonly path: string;
  /** Absolute path of something inside. */
  join(...parts: readonly string[]): string;
  /** May be called more than once. */
  remove(): void;
}

const kept = new Set<string>();

process.on("exit", () => {
  for (const path of kept) {
    removeTree(path);
  }
});

/** Creates a new empty folder. */
export function temporaryFolder(): TemporaryFolder {
  return folderBelow(tmpdir());
}

/**
 * Creates a new empty folder in memory where the machine has such a file system with room; otherwise as
 * `temporaryFolder`. For servers whose tests are about time: a disk that all tests share may let an fsync wait for
 * seconds, which is longer than their leases. Programs can't always be started from it.
 */
export function memoryFolder(): TemporaryFolder {
  return folderBelow(hasMemoryRoom() ? MEMORY : tmpdir());
}

function hasMemoryRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_ROOM_BYTES;
  } catch {
    // Systems that have no such folder.
    return false;
  }
}

function folderBelow(parent: string): TemporaryFolder {
  const path = mkdtempSync(join(parent, "codis-test-"));
  kept.add(path);
  return {
    path,
    join: (...parts) => join(path, ...parts),
    remove() {
      kept.delete(path);
      removeTree(path);
    },
  };
}

function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}
