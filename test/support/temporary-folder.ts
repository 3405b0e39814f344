/**
 * Temporary folders for tests, under the system's folder for them. Each is removed with all that is in
 * it by `remove()`, or at the latest when the test process exits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  const path = mkdtempSync(join(tmpdir(), "codis-test-"));
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
