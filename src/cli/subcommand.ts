/**
 * The subcommands of `codis`: their names, what they are for, and whether this release has them. `main.ts`
 * starts them; the help text and the hint after a slip come from the same table.
 */
import { nearestName } from "../base/nearest-name.ts";
import { describeExitCodes } from "./exit-code.ts";

/** One subcommand. */
export interface Subcommand {
  readonly name: string;
  readonly summary: string;
  /** False: the name is known (Codis has the program), but this release can't do it yet. */
  readonly isHere: boolean;
}

/** In the order of the help text. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  { name: "up", summary: "start a local cluster: servers, proxies, a dashboard", isHere: true },
  { name: "down", summary: "end a local cluster; its data stays", isHere: true },
  { name: "status", summary: "show a local cluster", isHere: true },
  { name: "product", summary: "a product as a whole: show, health, stats, …", isHere: true },
  { name: "group", summary: "its groups: list, show, create, …", isHere: true },
  { name: "server", summary: "its Redis servers: list, add, remove, …", isHere: true },
  { name: "slot", summary: "its slots: info, assign, migrate, …", isHere: true },
  { name: "rebalance", summary: "spread the slots over the groups, with their keys", isHere: true },
  { name: "operation", summary: "slots that move: list, watch, pause, speed, …", isHere: true },
  { name: "plan", summary: "plans of moving slots: show, start, import", isHere: true },
  { name: "proxy", summary: "its proxies: list, add, …; with flags: run a proxy", isHere: true },
  { name: "sentinel", summary: "its sentinels: list, add, remove, resync", isHere: true },
  { name: "ha", summary: "dead masters: status, history; with flags: replace them", isHere: true },
  { name: "user", summary: "who may change it: list, add, …", isHere: true },
  { name: "audit", summary: "what was changed, by whom", isHere: true },
  { name: "dashboard", summary: "run the dashboard of a product", isHere: true },
  { name: "admin", summary: "command line of Codis 3", isHere: true },
  { name: "config", summary: "command line of Codis 1.9 and 2.0", isHere: true },
  { name: "completion", summary: "completion for a shell: bash, zsh, fish", isHere: true },
  { name: "fe", summary: "run the web console for many products", isHere: true },
];

/** Text of `codis --help`. */
export function describeUsage(): string {
  const width = Math.max(...SUBCOMMANDS.map((command) => command.name.length));
  const rows = (isHere: boolean): string =>
    SUBCOMMANDS.filter((command) => command.isHere === isHere)
      .map((command) => `  ${command.name.padEnd(width)}  ${command.summary}\n`)
      .join("");
  const later = rows(false);
  return `\
Codis makes many Redis servers look like one.

Usage: codis COMMAND [VERB] [FLAGS]
       codis help COMMAND [VERB]
       codis --version

Commands:
${rows(true)}${later === "" ? "" : `\nWith a later release:\n${later}`}
Begin with codis up: it starts a small cluster on this machine, and its last lines say what to try.

Exit codes:
${describeExitCodes()}`;
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
