/**
 * Micro-benchmark of `lookupCommand` against other designs over the same table: a hash of five bytes
 * with a chain and a verify loop, a switch on the length with a scan of the names, and a Map of strings.
 * One operation is one name. Run by `bun bench/main.ts micro command-lookup`.
 */
import { lookupCommand } from "../../src/command/lookup.ts";
import { COMMANDS } from "../../src/command/table.ts";
import type { Bench } from "./bench.ts";

type Lookup = (bytes: Uint8Array, start: number, end: number) => number;

const NAMES = COMMANDS.filter((entry) => !entry.name.includes("|"));
const ID_MAX = COMMANDS.length;
const NAME_BYTES = 64;
/** A power of two, so that the loop over the names can wrap with a mask. */
const REQUESTS = 1024;

const FOLD = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) FOLD[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;

/** Names by id, 64 bytes each. */
const PACKED = new Uint8Array(ID_MAX * NAME_BYTES);
const LENGTH = new Uint8Array(ID_MAX);
for (const { name, id } of NAMES) {
  PACKED.set(Buffer.from(name, "latin1"), id * NAME_BYTES);
  LENGTH[id] = name.length;
}

function isName(id: number, bytes: Uint8Array, start: number, end: number): boolean {
  let at = id * NAME_BYTES;
  for (let i = start; i < end; i++, at++) if (FOLD[bytes[i]!] !== PACKED[at]) return false;
  return true;
}

const HASH_BITS = 11;
const BUCKET = new Int16Array(1 << HASH_BITS).fill(-1);
const CHAIN = new Int16Array(ID_MAX).fill(-1);

/** First two, last two and a middle byte, without their case bits, and the length. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const low =
    (bytes[start]! & 31) | ((bytes[end - 1]! & 31) << 5) | ((bytes[start + 1]! & 31) << 10);
  const middle = start + ((length - 2) >> 2);
  const high = ((bytes[end - 2]! & 31) << 15) | ((bytes[middle]! & 31) << 20);
  return Math.imul((low | high) + (length << 25), 0x9e3779b1) >>> (32 - HASH_BITS);
}

for (const { name, id } of NAMES) {
  const bucket = hashOf(Buffer.from(name, "latin1"), 0, name.length);
  CHAIN[id] = BUCKET[bucket]!;
  BUCKET[bucket] = id;
}

function lookupByHash(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 2 || length > NAME_BYTES) return -1;
  for (let id = BUCKET[hashOf(bytes, start, end)]!; id >= 0; id = CHAIN[id]!) {
    if (LENGTH[id] === length && isName(id, bytes, start, end)) return id;
  }
  return -1;
}

const BY_LENGTH = Array.from({ length: NAME_BYTES + 1 }, (_, length) =>
  Int16Array.from(NAMES.filter((entry) => entry.name.length === length).map((entry) => entry.id)),
);

function lookupByLength(bytes: Uint8Array, start: number, end: number): number {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return -1;
  for (let i = 0; i < candidates.length; i++) {
    if (isName(candidates[i]!, bytes, start, end)) return candidates[i]!;
  }
  return -1;
}

const ID_BY_NAME = new Map(NAMES.map((entry) => [entry.name, entry.id]));

function lookupInMap(bytes: Uint8Array, start: number, end: number): number {
  const name = Buffer.from(bytes.buffer, start, end - start)
    .toString("latin1")
    .toLowerCase();
  return ID_BY_NAME.get(name) ?? -1;
}

const DESIGNS: readonly (readonly [string, Lookup])[] = [
  ["trie (lookupCommand)", lookupCommand],
  ["hash and verify", lookupByHash],
  ["length and scan", lookupByLength],
  ["Map of strings", lookupInMap],
];

const MIXES: readonly (readonly [string, readonly string[]])[] = [
  ["GET", ["GET"]],
  ["GET SET", ["GET", "SET"]],
  ["common", "get SET HGETALL ZADD INCRBY EXPIRE HSET LPUSH zrangebyscore MGET".split(" ")],
  ["all names", NAMES.map((entry) => entry.name)],
];

/** Loops over names of the mix, in a shuffled order; the sum depends on every result. */
function loopOver(lookup: Lookup, mix: readonly string[]): Bench["run"] {
  const bytes = new Uint8Array(REQUESTS * (NAME_BYTES + 4));
  const offsets = new Int32Array(REQUESTS * 2);
  let position = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const name = Buffer.from(mix[(i * 7 + ((i * i) >> 3)) % mix.length]!, "latin1");
    bytes.set(name, position);
    offsets[2 * i] = position;
    offsets[2 * i + 1] = position + name.length;
    position += name.length + 4;
  }
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const at = 2 * (i & (REQUESTS - 1));
      sum += lookup(bytes, offsets[at]!, offsets[at + 1]!);
    }
    return sum;
  };
}

/** Found by the runner. */
export const benches: readonly Bench[] = MIXES.flatMap(([title, mix]) =>
  DESIGNS.map(([name, lookup]) => ({ name: `${title}: ${name}`, run: loopOver(lookup, mix) })),
);
