/**
 * How a failure becomes an exit code and one line on stderr. All programs use the same few codes, so
 * that scripts can tell a slip on the command line from a failure at work.
 */
import { type ErrorCode, isCodisError } from "../base/error.ts";

/** Exit codes, as `codis --help` tells them: those of sysexits.h, which the proxy uses too. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 64,
  notSupported: 69,
  defect: 70,
  portInUse: 71,
  unusable: 78,
} as const;

/** Codes that aren't here mean `EXIT.failed`. */
const EXIT_BY_ERROR: Readonly<Partial<Record<ErrorCode, number>>> = {
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.unusable,
  CONFIG_UNREADABLE: EXIT.unusable,
  SLOT_TABLE_INVALID: EXIT.unusable,
  SLOT_TABLE_UNREADABLE: EXIT.unusable,
  CLUSTER_DIR_INVALID: EXIT.unusable,
  PORT_IN_USE: EXIT.portInUse,
  NOT_SUPPORTED: EXIT.notSupported,
  INTERNAL: EXIT.defect,
};

/** The exit code for anything thrown. */
export function exitCodeOf(thrown: unknown): number {
  return isCodisError(thrown) ? (EXIT_BY_ERROR[thrown.code] ?? EXIT.failed) : EXIT.defect;
}

/** What to print for anything thrown: one line when it was expected, the whole trace for a defect. */
export function describeFailure(program: string, thrown: unknown): string {
  if (isCodisError(thrown)) {
    return `${program}: ${thrown.message}\n`;
  }
  const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `${program}: this is a defect of codis, please report it:\n${trace}\n`;
}
