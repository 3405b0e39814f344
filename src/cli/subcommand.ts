/**
 * The subcommands of `codis`: their names, what they are for, and whether this release has them. `main.ts`
 * starts them; the help text and the hint after a slip come from the same table.
 */
import { nearestName } from "../base/nearest-name.ts";

/** One subcommand. */
export interface Subcommand {
  readonly name: string;
  readonly summary: string;
  /** False: the name is known (Codis has the program), but this release can't do it yet. */
  readonly isHere: boolean;
}

/** In the order of the help text. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  { name: "up", summary: "start a local cluster: redis-servers and proxies", isHere: true },
  { name: "down", summary: "end a local cluster; its data stays", isHere: true },
  { name: "status", summary: "show a local cluster", isHere: true },
  { name: "proxy", summary: "speak Redis to applications, route by slot", isHere: true },
  { name: "dashboard", summary: "control one product", isHere: false },
  { name: "admin", summary: "command line of Codis 3", isHere: false },
  { name: "config", summary: "command line of Codis 1.9 and 2.0", isHere: false },
  { name: "ha", summary: "replace masters that died", isHere: false },
  { name: "fe", summary: "web console", isHere: false },
  { name: "server", summary: "a Redis server with the slot commands", isHere: false },
];

/** Text of `codis --help`. */
export function describeUsage(): string {
  const width = Math.max(...SUBCOMMANDS.map((command) => command.name.length));
  const rows = (isHere: boolean): string =>
    SUBCOMMANDS.filter((command) => command.isHere === isHere)
      .map((command) => `  ${command.name.padEnd(width)}  ${command.summary}\n`)
      .join("");
  return `\
Codis makes many Redis servers look like one.

Usage: codis COMMAND [FLAGS]
       codis COMMAND --help
       codis --version

Commands:
${rows(true)}
With a later release:
${rows(false)}
Exit codes: 0 done, 1 failed, 64 wrong command line, 69 not in this release, 70 a defect of
codis, 71 a port is in use, 78 a configuration, slot table or folder can't be used.
`;
}

/** The line for a name that is no subcommand. */
export function describeUnknown(name: string): string {
  const nearest = nearestName(
    name,
    SUBCOMMANDS.map((command) => command.name),
  );
  const hint = nearest === undefined ? "codis --help lists them" : `did you mean ${nearest}?`;
  return `unknown command ${JSON.stringify(name)}; ${hint}`;
}
