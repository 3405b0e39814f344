/**
 * How a failure becomes an exit code and one line on stderr. All programs use the same few codes, so
 * that scripts can tell a slip on the command line from a failure at work.
 */
import { type ErrorCode, isCodisError } from "../base/error.ts";

/** Exit codes: those of sysexits.h, which the proxy uses too, and 130. They never change their meaning. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  defect: 70,
  portInUse: 71,
  notAllowed: 77,
  unusable: 78,
  /** As a shell says it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** What each code means, for help texts and `docs/cli.md`. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed: refused, not found, or there already",
  usage: "wrong command line; nothing was done",
  unavailable: "nobody answers, or not in this release",
  defect: "a defect of codis",
  portInUse: "a port is in use",
  notAllowed: "a token, password or right is missing",
  unusable: "a configuration, slot table or folder can't be used",
  interrupted: "Ctrl+C ended the watching; the operation goes on",
};

/** Codes that aren't here mean `EXIT.failed`. */
const EXIT_BY_ERROR: Readonly<Partial<Record<ErrorCode, number>>> = {
  USAGE: EXIT.usage,
  NOT_SUPPORTED: EXIT.unavailable,
  REMOTE_UNREACHABLE: EXIT.unavailable,
  COORDINATOR_UNREACHABLE: EXIT.unavailable,
  NOT_LEADER: EXIT.unavailable,
  NOT_ONLINE: EXIT.unavailable,
  INTERNAL: EXIT.defect,
  PORT_IN_USE: EXIT.portInUse,
  UNAUTHENTICATED: EXIT.notAllowed,
  SETUP_NEEDED: EXIT.notAllowed,
  FORBIDDEN: EXIT.notAllowed,
  XAUTH_INVALID: EXIT.notAllowed,
  COORDINATOR_REFUSED: EXIT.notAllowed,
  CONFIG_INVALID: EXIT.unusable,
  CONFIG_UNREADABLE: EXIT.unusable,
  SLOT_TABLE_INVALID: EXIT.unusable,
  SLOT_TABLE_UNREADABLE: EXIT.unusable,
  CLUSTER_DIR_INVALID: EXIT.unusable,
};

/** The exit code for anything thrown. */
export function exitCodeOf(thrown: unknown): number {
  return isCodisError(thrown) ? (EXIT_BY_ERROR[thrown.code] ?? EXIT.failed) : EXIT.defect;
}

/** The error codes that end with this exit code, in order of their names; none for `EXIT.failed`: the rest. */
export function errorsOfExit(exit: number): readonly string[] {
  return Object.entries(EXIT_BY_ERROR)
    .filter(([, code]) => code === exit)
    .map(([name]) => name)
    .sort();
}

/** What to print for anything thrown: one line when it was expected, the whole trace for a defect. */
export function describeFailure(program: string, thrown: unknown): string {
  if (isCodisError(thrown)) {
    return `${program}: ${thrown.message}\n`;
  }
  const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `${program}: this is a defect of codis, please report it:\n${trace}\n`;
}

/** The codes and their meanings, one line each, for help texts. */
export function describeExitCodes(): string {
  return (Object.keys(EXIT) as (keyof typeof EXIT)[])
    .map((name) => `  ${String(EXIT[name]).padEnd(4)}${EXIT_MEANINGS[name]}\n`)
    .join("");
}
