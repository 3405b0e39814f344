/**
 * All nouns of the everyday command lines. (`codis proxy list` is one of them, `codis proxy --config=FILE` is
 * the program of that name; `main.ts` tells them apart.)
 */
import { AUDIT, SENTINEL, USER } from "./access.ts";
import { GROUP } from "./group.ts";
import { PRODUCT } from "./product.ts";
import type { Noun } from "./program.ts";
import { PROXY } from "./proxy.ts";
import { SERVER } from "./server.ts";
import { SLOT } from "./slot.ts";

/** In the order of the help text. */
export const NOUNS: readonly Noun[] = [PRODUCT, GROUP, SERVER, SLOT, PROXY, SENTINEL, USER, AUDIT];

/** The noun of this name. */
export function findNoun(name: string): Noun | undefined {
  return NOUNS.find((noun) => noun.name === name);
}
