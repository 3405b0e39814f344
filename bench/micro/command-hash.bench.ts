/**
 * Micro-benchmark of `src/command/hash.ts`: CRC-32 and slot of keys of 5 to 40 bytes, against the simple
 * forms that it replaces. One operation is one key. Run by `bun bench/main.ts micro command-hash`.
 */
import { crc32, slotOf } from "../../src/command/hash.ts";
import type { Bench } from "./bench.ts";

/** A power of two, so that the loop over the keys can wrap with a mask. */
const KEY_COUNT = 1024;
const SLOT_MASK = 1023;

type KeyFunction = (bytes: Uint8Array, start: number, end: number) => number;

const TABLE = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLE[byte] = crc;
}

/** One byte a step. */
function crc32Bytewise(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let i = start; i < end; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** First the braces, then the crc of what counts. */
function slotInTwoPasses(bytes: Uint8Array, start: number, end: number): number {
  let open = start;
  while (open < end && bytes[open] !== 0x7b) open++;
  let close = open;
  while (close < end && bytes[close] !== 0x7d) close++;
  if (close === end) return crc32(bytes, start, end) & SLOT_MASK;
  return crc32(bytes, open + 1, close) & SLOT_MASK;
}

function slotInOnePass(bytes: Uint8Array, start: number, end: number): number {
  return slotOf(bytes, start, end, SLOT_MASK);
}

const CASES: readonly (readonly [string, KeyFunction])[] = [
  ["crc32 bytewise", crc32Bytewise],
  ["crc32", crc32],
  ["slot, two passes", slotInTwoPasses],
  ["slotOf", slotInOnePass],
];

/** Keys of one length, one after the other, without braces or with a tag of three bytes. */
function keysOf(length: number, isTagged: boolean): Uint8Array {
  const bytes = new Uint8Array(KEY_COUNT * length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + (((i * i * 7) >>> 3) % 26);
  for (let key = 0; isTagged && key < KEY_COUNT; key++) {
    bytes[key * length] = 0x7b;
    bytes[key * length + 4] = 0x7d;
  }
  return bytes;
}

/** Loops over the keys; the sum depends on every result. */
function loopOver(keyFunction: KeyFunction, bytes: Uint8Array, length: number): Bench["run"] {
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const start = (i & (KEY_COUNT - 1)) * length;
      sum ^= keyFunction(bytes, start, start + length);
    }
    return sum;
  };
}

/** Found by the runner. */
export const benches: readonly Bench[] = [false, true].flatMap((isTagged) =>
  [5, 8, 10, 16, 20, 40].flatMap((length) => {
    const bytes = keysOf(length, isTagged);
    return CASES.map(([name, keyFunction]) => ({
      name: `${name}: ${length} bytes${isTagged ? ", a tag of 3" : ""}`,
      run: loopOver(keyFunction, bytes, length),
      bytesPerOp: length,
    }));
  }),
);
