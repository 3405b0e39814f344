/** The slot of a key in a product with 1024 slots, for tests that choose keys by group: by zlib, not our own code. */
import { crc32 } from "node:zlib";

const SLOT_COUNT = 1024;

/** A hash tag decides, an empty one too. */
export function slotOfText(key: string): number {
  return crc32(/\{([^}]*)\}/.exec(key)?.[1] ?? key) % SLOT_COUNT;
}
