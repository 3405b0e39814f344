/**
 * What an error of the file system means to a user of the coordinator: which `CodisError` it becomes, and
 * what the line says besides the system's own text.
 */
import {
  CodisError,
  type ErrorCode,
  isCodisError,
  messageOf,
  systemCodeOf,
} from "../../base/error.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const REFUSED = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * A `CodisError` for anything caught: COORDINATOR_FULL, COORDINATOR_REFUSED, or COORDINATOR_UNREACHABLE for
 * all else that a disk does. `doing` begins the line: `filesystem /srv/codis: write /codis3/demo`.
 */
export function toFailure(thrown: unknown, doing: string): CodisError {
  if (isCodisError(thrown)) {
    return thrown;
  }
  const system = systemCodeOf(thrown);
  if (system === undefined) {
    return new CodisError("INTERNAL", `${doing}: ${messageOf(thrown)}`, { cause: thrown });
  }
  const [code, meaning] = classify(system);
  return new CodisError(code, `${doing}: ${meaning} (${messageOf(thrown)})`, { cause: thrown });
}

/** Whether an error means that there is no such file: it, or a folder above it, is missing or no folder. */
export function isMissing(thrown: unknown): boolean {
  const system = systemCodeOf(thrown);
  return system === "ENOENT" || system === "ENOTDIR";
}

function classify(system: string): readonly [ErrorCode, string] {
  if (FULL.has(system)) {
    return ["COORDINATOR_FULL", "the disk or quota is full; make room and try again"];
  }
  if (REFUSED.has(system)) {
    return [
      "COORDINATOR_REFUSED",
      "this user may not do that; check owner and mount of the folder",
    ];
  }
  return ["COORDINATOR_UNREACHABLE", "the file system failed"];
}
