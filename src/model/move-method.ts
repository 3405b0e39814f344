/**
 * How keys of a slot that moves between two servers are reached (`forward_method`): which ways the servers allow,
 * best first, and which of them all proxies know. Pure.
 */
import type { ProxyModel } from "./proxy-model.ts";
import { FORWARD_METHOD, type ForwardMethod } from "./slot.ts";

/** Of one server. */
export interface MoveAbility {
  /** Slot commands of codis-server; `async`: those that don't block as well. */
  readonly slotCommands: "none" | "sync" | "async";
  /** It can be a part of moves with MIGRATE: Redis 7.0 or later. */
  readonly canMigrate: boolean;
  /** A replica of it is online: what moves there must be on one before its source forgets it. */
  readonly isReplicated?: boolean | undefined;
}

/** The name of a method in texts and in the API. */
export const METHOD_NAMES: Readonly<Record<ForwardMethod, "sync" | "semi-async" | "migrate">> = {
  [FORWARD_METHOD.sync]: "sync",
  [FORWARD_METHOD.semiAsync]: "semi-async",
  [FORWARD_METHOD.migrate]: "migrate",
};

/**
 * The ways in which keys can go from the one to the other, best first; none when there is none. `wanted`:
 * `migration_method`, which is for servers with slot commands. Sync doesn't wait for a replica, so it comes behind
 * MIGRATE where the target has one.
 */
export function methodsBetween(
  source: MoveAbility,
  target: MoveAbility,
  wanted: "sync" | "semi-async",
): readonly ForwardMethod[] {
  const both = [source, target];
  const isAsync = both.every(({ slotCommands }) => slotCommands === "async");
  const isSync = both.every(({ slotCommands }) => slotCommands !== "none");
  const isMigrate = both.every(({ canMigrate }) => canMigrate);
  const migrate = isMigrate ? [FORWARD_METHOD.migrate] : [];
  const sync = isSync ? [FORWARD_METHOD.sync] : [];
  return wanted === "sync" && target.isReplicated !== true
    ? [...sync, ...migrate]
    : [
        ...(isAsync && wanted === "semi-async" ? [FORWARD_METHOD.semiAsync] : []),
        ...migrate,
        ...sync,
      ];
}

/** Whether the proxy knows the method. One that doesn't say is an original one, which knows those of Codis. */
export function knowsMethod(
  { forwardMethods }: Pick<ProxyModel, "forwardMethods">,
  method: ForwardMethod,
): boolean {
  return forwardMethods.length === 0
    ? method !== FORWARD_METHOD.migrate
    : forwardMethods.includes(method);
}

/** The first method that all proxies know; undefined: none. */
export function commonMethod(
  proxies: Iterable<Pick<ProxyModel, "forwardMethods">>,
  methods: readonly ForwardMethod[],
): ForwardMethod | undefined {
  const all = [...proxies];
  return methods.find((method) => all.every((proxy) => knowsMethod(proxy, method)));
}
