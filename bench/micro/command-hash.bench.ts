/**
 * Micro-benchmark of `src/command/hash.ts`: CRC-32 and slot of keys of 5 to 40 bytes, against the simple
 * forms that it replaces. Prints nanoseconds for each key, the best of the rounds.
 *
 * Usage: `bun bench/micro/command-hash.bench.ts [rounds]`; one round is enough to see that it runs.
 */
import { crc32, slotOf } from "../../src/command/hash.ts";

const KEY_COUNT = 1000;
const REPEATS = 20;
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

let sink = 0;

/** Best nanoseconds for a key. */
function measure(run: KeyFunction, bytes: Uint8Array, length: number, rounds: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (let key = 0; key < KEY_COUNT; key++)
        sink ^= run(bytes, key * length, (key + 1) * length);
    }
    const nanoseconds = ((performance.now() - startedAt) * 1e6) / (REPEATS * KEY_COUNT);
    best = Math.min(best, nanoseconds);
  }
  return best;
}

const rounds = Number(process.argv[2] ?? 40);
for (const isTagged of [false, true]) {
  process.stdout.write(`${isTagged ? "keys with a tag of 3 bytes" : "keys without a tag"}\n`);
  for (const length of [5, 8, 10, 16, 20, 40]) {
    const bytes = keysOf(length, isTagged);
    const figures = CASES.map(
      ([name, run]) => `${name} ${measure(run, bytes, length, rounds).toFixed(1)}`,
    );
    process.stdout.write(`  ${String(length).padStart(2)} bytes, ns: ${figures.join("   ")}\n`);
  }
}
// The sum keeps the compiler from dropping the work.
if (sink === 0x7fffffff) process.stdout.write("\n");
