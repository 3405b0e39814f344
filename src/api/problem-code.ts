/**
 * Codes of the problems that health tells: `CODIS-SLOTS-OFFLINE`. They are for rules, tickets and handbooks, never
 * change their meaning, and are the same in the API, the command line and the console. Without schemas, so that
 * browsers can use it.
 */

/** The code of a kind of problem; `kind` is one of `PROBLEM_KINDS`. */
export function problemCode(kind: string): string {
  return `CODIS-${kind.toUpperCase().replaceAll("_", "-")}`;
}
