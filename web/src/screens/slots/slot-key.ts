/**
 * "Where is my key?": the part of a key that decides, and its slot, computed in the browser by the same code as in
 * the proxy.
 */
import { slotOf } from "../../../../src/command/hash.ts";

/** Where a key belongs. */
export interface KeyPlace {
  /** What is hashed: the hash tag, or the whole key. */
  readonly hashed: string;
  /** The key has a hash tag, which may be empty. */
  readonly hasTag: boolean;
  readonly slotId: number;
}

const encoder = new TextEncoder();

/** The place of a key that is written as UTF-8; `count` is a power of two. */
export function placeOf(key: string, count: number): KeyPlace {
  const bytes = encoder.encode(key);
  const tag = tagOf(key);
  return {
    hashed: tag ?? key,
    hasTag: tag !== undefined,
    slotId: slotOf(bytes, 0, bytes.length, count - 1),
  };
}

/** Between the first `{` and the first `}` after it; undefined: no tag. As in Codis, an empty tag counts. */
function tagOf(key: string): string | undefined {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close < 0 ? undefined : key.slice(open + 1, close);
}
