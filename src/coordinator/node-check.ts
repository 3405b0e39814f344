/**
 * What every coordinator accepts: the same paths and texts on all of them, so that a product can be moved
 * from one to another. Checked before anything is sent or written; what doesn't fit is ARGUMENT_INVALID.
 *
 * The bounds are those of the narrowest: 255 bytes a name (files), a million bytes a text (ZooKeeper takes
 * one MiB with all that goes with it), no control characters and no lone surrogates (ZooKeeper, UTF-8).
 */
import { CodisError } from "../base/error.ts";
import { ABSENT, type NodeWrite } from "./coordinator.ts";

/** Most bytes of one name in a path. */
export const NAME_BYTES_MAX = 255;
/** Most bytes of a path. */
const PATH_BYTES_MAX = 1_024;
/** Most bytes of the text of a node, as UTF-8. */
const DATA_BYTES_MAX = 1_000_000;

/** What ZooKeeper refuses in paths: control characters, private ones, and all beyond U+FFF0. */
const UNFIT = /[\p{Cc}\ue000-\uf8ff\ufff0-\u{10ffff}]/u;

/** Throws ARGUMENT_INVALID unless the path can be that of a node. The root alone can't. */
export function checkPath(path: string): void {
  const problem = findPathProblem(path);
  if (problem !== undefined) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `${JSON.stringify(path.slice(0, 100))} can't be a path in the coordinator: ${problem}`,
    );
  }
}

/** Throws ARGUMENT_INVALID unless all writes could be done: paths, sizes, and no deleting of nothing. */
export function checkWrites(writes: readonly NodeWrite[]): void {
  for (const write of writes) {
    checkPath(write.path);
    if (write.data !== undefined) {
      checkData(write.path, write.data);
    } else if (write.expected === ABSENT) {
      throw new CodisError(
        "ARGUMENT_INVALID",
        `can't delete ${write.path} where it must be absent`,
      );
    }
  }
}

/** Throws ARGUMENT_INVALID unless the text can be that of a node. */
export function checkData(path: string, data: string): void {
  if (!data.isWellFormed()) {
    throw new CodisError("ARGUMENT_INVALID", `the text for ${path} isn't valid Unicode`);
  }
  const bytes = Buffer.byteLength(data);
  if (bytes > DATA_BYTES_MAX) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `the text for ${path} has ${bytes} bytes; ${DATA_BYTES_MAX} are the most`,
    );
  }
}

/** Paths of all inner nodes above a path, outermost first, without the root. */
export function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

/** Compares by bytes of UTF-8, the order in which children are listed. */
export function compareNames(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function findPathProblem(path: string): string | undefined {
  if (!path.startsWith("/") || path === "/") {
    return "it begins with / and has at least one name";
  }
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    return `it has at most ${PATH_BYTES_MAX} bytes`;
  }
  if (!path.isWellFormed() || UNFIT.test(path)) {
    return "control characters, private ones and those beyond U+FFF0 aren't allowed";
  }
  for (const name of path.slice(1).split("/")) {
    if (name === "" || name === "." || name === "..") {
      return "a name is never empty, . or ..";
    }
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
      return `a name has at most ${NAME_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}
