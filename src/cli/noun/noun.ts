/**
 * All nouns of the everyday command lines, and the choice between a verb (`codis proxy list`) and the
 * program of the same name (`codis proxy --config=FILE`).
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

/** Whether the word is one of the noun's verbs. */
export function isVerb(noun: Noun, word: string | undefined): boolean {
  return noun.verbs.some((verb) => verb.use.split(" ")[0] === word);
}
