/**
 * The flags that limit how fast keys move: the same for starting an operation and for one that is under way. Sizes
 * are written as in configuration files, `20mb`; the bound of the p99 guard in whole milliseconds.
 */
import type { V1OperationChange } from "../../api/v1-operation-schema.ts";
import { parseByteSize } from "../../base/byte-size.ts";
import { CodisError } from "../../base/error.ts";
import { P99_GUARD_MS_MAX } from "../../model/operation/operation.ts";
import { readNumber } from "./argument.ts";
import type { VerbOption } from "./program.ts";

/** Flags of `SPEED_OPTIONS`. */
export interface SpeedFlags {
  readonly keysPerSecond?: string;
  readonly bytesPerSecond?: string;
  readonly p99GuardMs?: string;
}

/** For tables of verbs. */
export const SPEED_OPTIONS: readonly VerbOption[] = [
  ["--keys-per-second <n>", "move at most so many keys in a second; 0: no limit"],
  ["--bytes-per-second <size>", "move at most so much in a second, like 20mb; 0: no limit"],
  [
    "--p99-guard-ms <n>",
    "move slower while the p99 of clients is above so many milliseconds; 0: no guard",
  ],
];

const KEYS_MAX = 999_999_999;

/** The limits that are there, as the API takes them. Throws USAGE. */
export function readSpeed({
  keysPerSecond: keys,
  bytesPerSecond: size,
  p99GuardMs: guard,
}: SpeedFlags): V1OperationChange {
  return {
    ...(keys === undefined
      ? {}
      : { keys_per_second: readNumber(keys, "--keys-per-second", 0, KEYS_MAX) }),
    ...(size === undefined ? {} : { bytes_per_second: readBytes(size) }),
    ...(guard === undefined
      ? {}
      : { p99_guard_ms: readNumber(guard, "--p99-guard-ms", 0, P99_GUARD_MS_MAX) }),
  };
}

function readBytes(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === undefined || bytes < 0) {
    throw new CodisError(
      "USAGE",
      `invalid --bytes-per-second ${text}: expected a size like 500kb or 20mb`,
    );
  }
  return bytes;
}
