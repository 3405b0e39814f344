/**
 * Files that are there whole after a crash, or not at all: written under a temporary name, fsynced, renamed,
 * and the folder fsynced too. The caller may renew many files and fsync each folder once.
 */
import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { CodisError, systemCodeOf } from "../../base/error.ts";
import type { NodeVersion } from "../coordinator.ts";
import { FILE_MODE } from "./layout.ts";
import { digestOf, versionOf } from "./node-file.ts";

const fsyncLater = promisify(fsync);

/** A temporary file that is complete and fsynced. */
export interface PreparedFile {
  readonly temp: string;
  readonly digest: string;
  /** The version it will have as a node. */
  readonly version: NodeVersion;
}

/**
 * Makes a temporary file; it must not be there yet. Only the fsync is waited for in the background: the rest
 * takes microseconds. Throws system errors, and may leave a part of the file.
 */
export async function prepareFile(temp: string, text: string): Promise<PreparedFile> {
  const bytes = Buffer.from(text);
  const fd = openSync(temp, "wx", FILE_MODE);
  try {
    writeFileSync(fd, bytes);
    await fsyncLater(fd);
    const digest = digestOf(bytes);
    return { temp, digest, version: versionOf(digest, fstatSync(fd, { bigint: true }).mtimeNs) };
  } finally {
    closeSync(fd);
  }
}

/** Makes or replaces a small file at once, durably. For what has to happen under the lock. */
export function replaceFile(temp: string, target: string, text: string): void {
  const fd = openSync(temp, "w", FILE_MODE);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  const folders = new Set<string>();
  moveFile(temp, target, folders);
  for (const folder of folders) {
    syncFolder(folder);
  }
}

/**
 * Renames a file to its place, making folders as needed, and adds every folder to fsync. Throws
 * COORDINATOR_CONFLICT when a file is where a folder must be, or a folder with something in it where the
 * file must be; and system errors.
 */
export function moveFile(temp: string, target: string, folders: Set<string>): void {
  const folder = dirname(target);
  makeFolder(folder, folders);
  folders.add(folder);
  try {
    renameSync(temp, target);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== "EISDIR") {
      throw thrown;
    }
    removeEmptyFolder(target);
    renameSync(temp, target);
  }
}

/** Makes what was renamed in or removed from a folder durable. Throws system errors. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** As `syncFolder`, without stopping the event loop. */
export async function syncFolderLater(folder: string): Promise<void> {
  const fd = openSync(folder, "r");
  try {
    await fsyncLater(fd);
  } finally {
    closeSync(fd);
  }
}

function makeFolder(folder: string, folders: Set<string>): void {
  try {
    const first = mkdirSync(folder, { recursive: true });
    if (first !== undefined) {
      // Every new folder is an entry of the one above it.
      for (let at = folder; at.length >= first.length; at = dirname(at)) {
        folders.add(dirname(at));
      }
    }
  } catch (thrown) {
    if (systemCodeOf(thrown) === "EEXIST" || systemCodeOf(thrown) === "ENOTDIR") {
      throw new CodisError(
        "COORDINATOR_CONFLICT",
        `${folder} or what it lies in is a node with a text; such a node can't have children here`,
      );
    }
    throw thrown;
  }
}

function removeEmptyFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOTEMPTY") {
      throw new CodisError(
        "COORDINATOR_CONFLICT",
        `${folder} has children; such a node can't have a text here`,
      );
    }
    throw thrown;
  }
}
