/**
 * Writing batches: all new files are made and fsynced first, many at a time and without the lock; then,
 * under it, the versions are compared and the files renamed in their order; at last the folders are
 * fsynced. So the lock is held for milliseconds, and a crash leaves whole files and a beginning of the batch.
 *
 * A chunk of the contract is one write here; conflicts are found before the first write of a round.
 */
import { rmSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { CodisError, systemCodeOf } from "../../base/error.ts";
import { ABSENT, ANY, type NodeVersion, type NodeWrite } from "../coordinator.ts";
import type { DataLock } from "./data-lock.ts";
import { moveFile, type PreparedFile, prepareFile, syncFolderLater } from "./durable-file.ts";
import { isMissing } from "./failure.ts";
import type { FolderLayout } from "./layout.ts";
import { readNode } from "./ownership.ts";
import type { SignOfLife } from "./sign-of-life.ts";

/** Most writes while the lock is held once: some 20 ms on an idle disk. */
const ROUND_WRITES = 256;
/** Files that are written and fsynced at the same time. */
const PREPARE_WIDTH = 8;

/** Where and how long to write. */
export interface WriteScope {
  readonly layout: FolderLayout;
  readonly lock: DataLock;
  readonly clock: Clock;
  readonly life: SignOfLife;
  /** Monotonic clock; checked before each round, so that nothing is changed after it. */
  readonly deadlineMs: number;
}

/** Writes all, `guard` is called under the lock before each round and may throw. Throws system errors too. */
export async function writeBatch(
  scope: WriteScope,
  writes: readonly NodeWrite[],
  guard: () => void,
): Promise<readonly (NodeVersion | undefined)[]> {
  const versions: (NodeVersion | undefined)[] = [];
  for (let start = 0; start < writes.length; start += ROUND_WRITES) {
    versions.push(...(await writeRound(scope, writes.slice(start, start + ROUND_WRITES), guard)));
  }
  return versions;
}

async function writeRound(
  scope: WriteScope,
  writes: readonly NodeWrite[],
  guard: () => void,
): Promise<readonly (NodeVersion | undefined)[]> {
  const temps = writes.map((write) => (write.data === undefined ? "" : scope.life.tempName()));
  const folders = new Set<string>();
  let isDone = false;
  try {
    const prepared = await prepareAll(scope, writes, temps);
    await scope.lock.run(scope.deadlineMs, () => {
      guard();
      checkVersions(scope.layout, writes, prepared);
      apply(scope.layout, writes, prepared, folders);
      isDone = true;
    });
    return prepared.map((file) => file?.version);
  } finally {
    await Promise.all([...folders].map(syncFolderLater));
    if (!isDone) {
      for (const temp of temps.filter((name) => name !== "")) {
        rmSync(temp, { force: true });
      }
    }
  }
}

async function prepareAll(
  scope: WriteScope,
  writes: readonly NodeWrite[],
  temps: readonly string[],
): Promise<readonly (PreparedFile | undefined)[]> {
  const prepared: (PreparedFile | undefined)[] = writes.map(() => undefined);
  let next = 0;
  let hasFailed = false;
  const work = async (): Promise<void> => {
    while (next < writes.length && !hasFailed) {
      const index = next;
      next += 1;
      const data = writes[index]?.data;
      if (data !== undefined) {
        checkDeadline(scope);
        prepared[index] = await prepareFile(temps[index] ?? "", data);
      }
    }
  };
  const workers = Array.from({ length: PREPARE_WIDTH }, () =>
    work().catch((thrown: unknown) => {
      hasFailed = true;
      throw thrown;
    }),
  );
  // All have ended before temporary files are removed, also when one has failed.
  const outcomes = await Promise.allSettled(workers);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    throw failed.reason;
  }
  return prepared;
}

function checkDeadline(scope: WriteScope): void {
  if (scope.clock.monotonicMs() >= scope.deadlineMs) {
    throw new CodisError("COORDINATOR_UNREACHABLE", "the disk is too slow; nothing was changed");
  }
}

/** Throws COORDINATOR_CONFLICT unless each version fits when the writes before it have been done. */
function checkVersions(
  layout: FolderLayout,
  writes: readonly NodeWrite[],
  prepared: readonly (PreparedFile | undefined)[],
): void {
  const written = new Map<string, NodeVersion>();
  for (const [index, { path, expected }] of writes.entries()) {
    if (expected !== ANY) {
      const current = written.get(path) ?? readNode(layout, path)?.version ?? ABSENT;
      if (current !== expected) {
        throw new CodisError("COORDINATOR_CONFLICT", `${path} was changed by somebody else`);
      }
    }
    written.set(path, prepared[index]?.version ?? ABSENT);
  }
}

function apply(
  layout: FolderLayout,
  writes: readonly NodeWrite[],
  prepared: readonly (PreparedFile | undefined)[],
  folders: Set<string>,
): void {
  for (const [index, { path }] of writes.entries()) {
    const file = layout.fileOf(path);
    const replacement = prepared[index];
    if (replacement === undefined) {
      removeNode(file, folders);
    } else {
      moveFile(replacement.temp, file, folders);
    }
  }
}

function removeNode(file: string, folders: Set<string>): void {
  try {
    unlinkSync(file);
    folders.add(dirname(file));
  } catch (thrown) {
    if (!isMissing(thrown) && systemCodeOf(thrown) !== "EISDIR") {
      throw thrown;
    }
    // Nothing there, or an inner node without a text: deleting it is done already.
  }
}
