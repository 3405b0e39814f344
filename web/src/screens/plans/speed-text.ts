/**
 * Limits of speed and the bound of the p99 guard as texts of fields; sizes are written as on the command line, `20mb`.
 * Empty or 0: none. Pure.
 */
import { formatByteSize, parseByteSize } from "../../../../src/base/byte-size.ts";
import { P99_GUARD_MS_MAX } from "../../../../src/model/operation/operation.ts";
import type { SpeedLimit } from "./plan-command.ts";

/** What is written in the fields. */
export interface SpeedTexts {
  readonly keys: string;
  readonly bytes: string;
  readonly guard: string;
}

/** No limit. */
export const NO_SPEED: SpeedTexts = { keys: "", bytes: "", guard: "" };

/** What the fields of a limit show. */
export function textsOfSpeed({
  keysPerSecond,
  bytesPerSecond,
  p99GuardMs,
}: SpeedLimit): SpeedTexts {
  return {
    keys: keysPerSecond === 0 ? "" : String(keysPerSecond),
    bytes: bytesPerSecond === 0 ? "" : formatByteSize(bytesPerSecond),
    guard: p99GuardMs === 0 ? "" : String(p99GuardMs),
  };
}

/** The limit; undefined in a field that can't be read. */
export function readSpeed({ keys, bytes, guard }: SpeedTexts): {
  readonly [Name in keyof SpeedLimit]: number | undefined;
} {
  const size = bytes.trim() === "" ? 0 : parseByteSize(bytes);
  return {
    keysPerSecond: readWhole(keys, 999_999_999),
    bytesPerSecond: size !== undefined && size >= 0 ? size : undefined,
    p99GuardMs: readWhole(guard, P99_GUARD_MS_MAX),
  };
}

/** The limit of fields without faults; undefined when there is one. */
export function speedOf(texts: SpeedTexts): SpeedLimit | undefined {
  const { keysPerSecond, bytesPerSecond, p99GuardMs } = readSpeed(texts);
  return keysPerSecond === undefined || bytesPerSecond === undefined || p99GuardMs === undefined
    ? undefined
    : { keysPerSecond, bytesPerSecond, p99GuardMs };
}

function readWhole(text: string, max: number): number | undefined {
  const digits = text.trim();
  return /^\d{0,9}$/.test(digits) && Number(digits) <= max ? Number(digits) : undefined;
}
