/**
 * All nouns of the everyday command lines, and the verbs that need none. (`codis proxy list` is one of them,
 * `codis proxy --config=FILE` is the program of that name, and so is `codis ha`; `main.ts` tells them apart.)
 */
import { AUDIT, SENTINEL, USER } from "./access.ts";
import { GROUP } from "./group.ts";
import { HA } from "./ha.ts";
import { OPERATION } from "./operation.ts";
import { PLAN } from "./plan.ts";
import { PRODUCT } from "./product.ts";
import type { LoneVerb, Noun } from "./program.ts";
import { PROXY } from "./proxy.ts";
import { LONE_REBALANCE } from "./rebalance.ts";
import { SERVER } from "./server.ts";
import { SLOT } from "./slot.ts";

/** In the order of the help text. */
export const NOUNS: readonly Noun[] = [
  PRODUCT,
  GROUP,
  SERVER,
  SLOT,
  PLAN,
  OPERATION,
  PROXY,
  SENTINEL,
  HA,
  USER,
  AUDIT,
];

/** In the order of the help text. */
export const LONE_VERBS: readonly LoneVerb[] = [LONE_REBALANCE];

/** The noun of this name. */
export function findNoun(name: string): Noun | undefined {
  return NOUNS.find((noun) => noun.name === name);
}
