/**
 * Texts of fixtures as the server sends them: English words, and their code where they have one.
 */
import type { V1Said } from "../../../src/api/v1-said-schema.ts";
import { phraseOf, saidOf } from "../../../src/model/phrase/phrase.ts";

/** A text with its code, for fields `text` and `said`. */
export function told(text: string): { readonly text: string; readonly said?: V1Said } {
  return { text, ...saidOf(text) };
}

/** The code of a text, for fields such as `real_said`. */
export function codeOf(text: string): V1Said | undefined {
  return phraseOf(text);
}
