/**
 * Problems of the product as checks: each kind of problem is a check with an id that never changes, which passes, warns
 * or fails. Where a problem leads, and which command line is its next step, is here too. Pure.
 */
import { problemCode } from "../../../../src/api/problem-code.ts";
import type { ProblemKind, V1Health } from "../../../../src/api/v1-state-schema.ts";
import type { ProductScreen } from "../../route.ts";
import { cliLine } from "../members/cli-line.ts";

/** One problem of the health of the product. */
export type Problem = V1Health["problems"][number];

/** `bad`: some keys can't be reached. */
export type CheckState = "ok" | "warn" | "bad";

/** All problems of one kind. */
export interface Check {
  /** `CODIS-SLOTS-OFFLINE`: for rules, tickets and handbooks; never changes. */
  readonly id: string;
  readonly kind: ProblemKind;
  readonly state: CheckState;
  readonly problems: readonly Problem[];
}

/** All kinds, the gravest first: what is in the way of requests, then what would be after one more failure. */
export const CHECK_KINDS = [
  "slots_offline",
  "server_unreachable",
  "group_empty",
  "server_role",
  "split_brain",
  "fault",
  "failover_failed",
  "proxy_unprovable",
  "proxy_unreachable",
  "proxy_not_online",
  "proxy_not_synced",
  "group_out_of_sync",
  "no_replica",
  "server_link",
  "replica_lagging",
  "sync_failed",
  "operation_trouble",
  "sentinel_trouble",
  "sentinels_out_of_sync",
  "functions_differ",
  "group_promoting",
  "slot_moving",
] as const satisfies readonly ProblemKind[];

/** Every check, those with problems first, the gravest at the top; kinds of a newer server at the end of theirs. */
export function checksOf(problems: readonly Problem[]): readonly Check[] {
  const kinds = new Set<ProblemKind>([...CHECK_KINDS, ...problems.map(({ kind }) => kind)]);
  const checks = [...kinds].map((kind): Check => {
    const own = problems.filter((problem) => problem.kind === kind);
    return { id: problemCode(kind), kind, state: stateOf(own), problems: own };
  });
  return checks.toSorted((one, other) => rank(one.state) - rank(other.state));
}

/** The problems, the gravest first. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return checksOf(problems).flatMap((check) => {
    const isCritical = (one: Problem): number => Number(one.is_critical);
    return check.problems.toSorted((one, other) => isCritical(other) - isCritical(one));
  });
}

function stateOf(problems: readonly Problem[]): CheckState {
  if (problems.length === 0) {
    return "ok";
  }
  return problems.some((each) => each.is_critical) ? "bad" : "warn";
}

function rank(state: CheckState): number {
  return state === "bad" ? 0 : state === "warn" ? 1 : 2;
}

/** The screen on which a problem is dealt with. */
export interface ProblemPlace {
  readonly screen: ProductScreen;
  readonly id?: string;
  readonly query?: Readonly<Record<string, string>>;
}

/** What a subject names: `group 3`, `server 10.0.0.1:6379`; the rest of the words is `name`. */
export function partsOf(subject: string): { readonly word: string; readonly name: string } {
  const at = subject.indexOf(" ");
  return at < 0
    ? { word: subject, name: "" }
    : { word: subject.slice(0, at), name: subject.slice(at + 1) };
}

/** Longer lists of slots don't go into an address. */
const SLOTS_CHARS_MAX = 1500;

/** `groupOf`: the group of a server, undefined when it isn't known. */
export function placeOf(
  problem: Pick<Problem, "kind" | "subject">,
  groupOf: (addr: string) => number | undefined,
): ProblemPlace {
  const { word, name } = partsOf(problem.subject);
  if (problem.kind === "failover_failed" || word === "sentinels" || word === "sentinel") {
    return { screen: "ha" };
  }
  if (problem.kind === "slots_offline" || problem.kind === "slot_moving") {
    const isShort = name !== "" && name.length <= SLOTS_CHARS_MAX;
    return { screen: "slots", ...(isShort ? { query: { slots: name } } : {}) };
  }
  switch (word) {
    case "group":
      return { screen: "groups", id: name };
    case "server": {
      const group = groupOf(name);
      return group === undefined
        ? { screen: "groups" }
        : { screen: "groups", id: String(group), query: { server: name } };
    }
    case "proxy":
      return { screen: "proxies", id: name };
    case "operation":
      return { screen: "operations", id: name };
    default:
      return { screen: problem.kind === "functions_differ" ? "groups" : "alerts" };
  }
}

/** The command line of the next step; without one: where to look. */
export function commandOf(
  problem: Pick<Problem, "kind" | "subject">,
  groupOf: (addr: string) => number | undefined,
): string {
  const { name } = partsOf(problem.subject);
  const group = groupOf(name);
  switch (problem.kind) {
    case "slots_offline":
      return `codis slot info ${name === "" ? "--all" : name}`;
    case "slot_moving":
    case "operation_trouble":
      return name.startsWith("op-") ? `codis operation show ${name}` : "codis operation list";
    case "group_out_of_sync":
      return cliLine.resyncGroup(Number(name));
    case "server_role":
      return cliLine.repair(group);
    case "sync_failed":
      return cliLine.sync(name);
    case "server_unreachable":
    case "server_link":
    case "replica_lagging":
      return cliLine.serverInfo(name);
    case "proxy_not_synced":
    case "proxy_not_online":
      return cliLine.reinitProxy(name);
    case "proxy_unprovable":
      return cliLine.proxyGone(name);
    case "proxy_unreachable":
      return "codis proxy list";
    case "sentinels_out_of_sync":
    case "sentinel_trouble":
      return cliLine.resyncSentinels();
    case "failover_failed":
      return cliLine.history();
    case "split_brain":
      return cliLine.haStatus();
    default:
      return "codis product health";
  }
}
