/**
 * The state of a product in one sentence: whether it serves, then what isn't as it should be, then what is under way.
 * Each clause is a text with the screen that it leads to. Pure.
 */
import type { V1Availability } from "../../../../src/api/v1-availability-schema.ts";
import type {
  V1LiveGroup,
  V1LiveOperation,
  V1LiveProduct,
} from "../../../../src/api/v1-live-schema.ts";
import type { ProblemKind, V1Health } from "../../../../src/api/v1-state-schema.ts";
import type { ProductScreen } from "../../route.ts";
import type { Tone } from "../../ui/badge.tsx";
import { isOpen, sharesOf } from "../operations/operation-progress.ts";

/** What a clause says; `overview.truth.` in front is its text. */
export type ClauseName =
  | "serving"
  | "partly"
  | "noProxy"
  | "empty"
  | "unreachable"
  | "servers"
  | "proxies"
  | "unsynced"
  | "failover"
  | "move"
  | "paused"
  | "problems"
  | "well";

/** A part of the sentence. */
export interface Clause {
  readonly name: ClauseName;
  readonly params: Readonly<Record<string, string | number>>;
  readonly tone: Tone;
  readonly screen: ProductScreen;
  readonly id?: string;
}

/** What the sentence is made of. */
export interface TruthParts {
  readonly product: V1LiveProduct;
  readonly health: V1Health;
  readonly groups: readonly Pick<V1LiveGroup, "out_of_sync">[];
  readonly operations: readonly V1LiveOperation[];
  readonly running: V1Availability["running"];
}

/** Operations that are named; more are counted among the others. */
const MOVES_TOLD = 2;
/** Kinds of problems that clauses of their own tell. */
const TOLD: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  "slots_offline",
  "slot_moving",
  "server_unreachable",
  "proxy_unreachable",
  "proxy_not_online",
  "group_out_of_sync",
  "operation_trouble",
]);

/** The clauses in order; never empty. */
export function truthOf(parts: TruthParts): readonly Clause[] {
  const { product, health, groups, running } = parts;
  const clauses: Clause[] = [serves(product, health)];
  const add = (clause: Clause, count: number): void => {
    if (count > 0) {
      clauses.push(clause);
    }
  };
  const down = product.servers.total - product.servers.up;
  add(
    {
      name: "servers",
      params: { count: down, total: product.servers.total },
      tone: "bad",
      screen: "groups",
    },
    down,
  );
  const off = product.proxies.total - product.proxies.online;
  add(
    {
      name: "proxies",
      params: { count: off, total: product.proxies.total },
      tone: "bad",
      screen: "proxies",
    },
    product.proxies.online === 0 ? 0 : off,
  );
  const unsynced = groups.filter((group) => group.out_of_sync).length;
  add({ name: "unsynced", params: { count: unsynced }, tone: "warn", screen: "groups" }, unsynced);
  const others = health.problems.filter(({ kind }) => !TOLD.has(kind)).length;
  add({ name: "problems", params: { count: others }, tone: "warn", screen: "alerts" }, others);
  for (const { id, group_id: group } of running) {
    clauses.push({ name: "failover", params: { group }, tone: "busy", screen: "ha", id });
  }
  clauses.push(...moves(parts.operations));
  if (clauses.length === 1 && clauses[0]?.name === "serving") {
    clauses.push({ name: "well", params: {}, tone: "ok", screen: "alerts" });
  }
  return clauses;
}

function serves({ slots, proxies, slot_count: all }: V1LiveProduct, health: V1Health): Clause {
  if (slots.offline === all) {
    return { name: "empty", params: {}, tone: "bad", screen: "slots" };
  }
  if (proxies.online === 0) {
    return { name: "noProxy", params: {}, tone: "bad", screen: "proxies" };
  }
  if (slots.offline > 0) {
    return { name: "partly", params: { count: slots.offline }, tone: "bad", screen: "slots" };
  }
  return health.status === "critical"
    ? { name: "unreachable", params: {}, tone: "bad", screen: "alerts" }
    : { name: "serving", params: {}, tone: "ok", screen: "topology" };
}

function moves(operations: readonly V1LiveOperation[]): readonly Clause[] {
  return operations
    .filter(isOpen)
    .slice(0, MOVES_TOLD)
    .map((operation): Clause => {
      // As the page of the operation rounds it; but what isn't done isn't told as done.
      const share = sharesOf(operation).keys;
      const percent = share < 1 ? Math.min(99, Math.round(share * 100)) : 100;
      const isPaused = operation.state === "paused";
      return {
        name: isPaused ? "paused" : "move",
        params: { id: operation.id, percent },
        tone: isPaused ? "warn" : "busy",
        screen: "operations",
        id: operation.id,
      };
    });
}
