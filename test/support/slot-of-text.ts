/** The slot of a key in a product with 1024 slots, for tests that choose keys by group: by zlib, not our own code. */
import { crc32 } from "node:zlib";

const SLOT_COUNT = 1024;

/** Of a key without a hash tag. */
export function slotOfText(key: string): number {
  return crc32(key) % SLOT_COUNT;
}
