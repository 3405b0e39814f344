/** Slots as the differential test computes them itself: crc32 of the key or of its tag, modulo 1024. */
import { crc32 } from "node:zlib";
import type { Argument } from "./grammar.ts";

const SLOT_COUNT = 1024;

/** The slot of a key. The tag is what is between the first `{` and the first `}` behind it, empty or not. */
export function slotOfKey(key: Argument): number {
  const bytes = Buffer.from(key as string);
  const open = bytes.indexOf("{");
  const close = open === -1 ? -1 : bytes.indexOf("}", open + 1);
  return crc32(close === -1 ? bytes : bytes.subarray(open + 1, close)) % SLOT_COUNT;
}
