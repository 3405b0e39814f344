/**
 * All texts with a code: what people read in the console in their own language, and in English everywhere else. A
 * code keeps its meaning and its values for ever; the English words may change, which makes a text that was stored
 * before one without a code.
 */
import { AVAILABILITY_PHRASES } from "./availability-phrases.ts";
import { HEALTH_PHRASES } from "./health-phrases.ts";

/** English by code; `{name}` is a value. */
export const PHRASES = {
  ...HEALTH_PHRASES,
  ...AVAILABILITY_PHRASES,
  /** Two texts in one; each may have a code. */
  joined: "{one}; {other}",
} as const;
/** Code of a text. */
export type PhraseCode = keyof typeof PHRASES;
