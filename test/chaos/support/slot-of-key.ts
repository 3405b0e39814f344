/**
 * The slot of a key that is a text, hash tags as Codis counts them. The hash itself is compared with zlib's in
 * the product's own tests.
 */
import { slotOf } from "../../../src/command/hash.ts";

/** `slotCount` is a power of two. */
export function slotOfKey(key: string, slotCount: number): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length, slotCount - 1);
}
