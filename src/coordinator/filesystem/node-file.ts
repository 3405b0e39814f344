/**
 * Nodes as files: reading them, their versions, their names. Nothing here needs a lock, because a file is
 * only ever replaced whole, by `rename`.
 *
 * The version is made of the content and the time of the write, so it also fits files that the original, or
 * an editor, has written. Bytes that aren't UTF-8 are read with U+FFFD in their place; whoever parses the
 * text finds what is wrong with it, and the node can still be replaced or deleted by its version.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { CodisError } from "../../base/error.ts";
import type { CoordinatorNode, NodeVersion } from "../coordinator.ts";
import { compareNames, NAME_BYTES_MAX } from "../node-check.ts";
import { isMissing } from "./failure.ts";
import type { FolderLayout } from "./layout.ts";

/** Larger files under `data` are none of ours or the original's. */
const READ_BYTES_MAX = 16_000_000;

/** A node with what its owner's record is compared with. */
export interface NodeFile extends CoordinatorNode {
  readonly digest: string;
}

/** The node's file; undefined when there is none, or a folder. Throws system errors. */
export function readNodeFile(layout: FolderLayout, path: string): NodeFile | undefined {
  let fd: number;
  try {
    // Without O_NONBLOCK a pipe that somebody put there would stop the whole process.
    fd = openSync(layout.fileOf(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isMissing(thrown)) {
      return undefined;
    }
    throw thrown;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) {
      return undefined;
    }
    if (stat.size > READ_BYTES_MAX) {
      throw new CodisError(
        "COORDINATOR_REFUSED",
        `${layout.fileOf(path)} has ${stat.size} bytes; nobody writes such a node, so it isn't read`,
      );
    }
    const bytes = readFileSync(fd);
    const digest = digestOf(bytes);
    return { path, data: bytes.toString(), digest, version: versionOf(digest, stat.mtimeNs) };
  } finally {
    closeSync(fd);
  }
}

/** Names of the children in order, those that can't be nodes left out. Throws system errors. */
export function listNames(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (thrown) {
    if (isMissing(thrown)) {
      return [];
    }
    throw thrown;
  }
  return names.filter(isNodeName).sort(compareNames);
}

/** Names one content. */
export function digestOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
}

/** Version of a content that was written at this time (of the file, nanoseconds). */
export function versionOf(digest: string, mtimeNs: bigint): NodeVersion {
  return `${digest}.${mtimeNs.toString(36)}`;
}

/** A file with bytes in its name that aren't UTF-8 is none of ours; it is read with U+FFFD. */
function isNodeName(name: string): boolean {
  return !name.includes("\ufffd") && Buffer.byteLength(name) <= NAME_BYTES_MAX;
}
