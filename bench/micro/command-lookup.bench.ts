/**
 * Micro-benchmark of `lookupCommand` against other designs over the same table: a hash of five bytes
 * with a chain and a verify loop, a switch on the length with a scan of the names, and a Map of strings.
 * Prints nanoseconds for each name, the best of the rounds.
 *
 * Usage: `bun bench/micro/command-lookup.bench.ts [rounds]`; one round is enough to see that it runs.
 */
import { lookupCommand } from "../../src/command/lookup.ts";
import { COMMANDS } from "../../src/command/table.ts";

type Lookup = (bytes: Uint8Array, start: number, end: number) => number;

const NAMES = COMMANDS.filter((entry) => !entry.name.includes("|"));
const ID_MAX = COMMANDS.length;
const NAME_BYTES = 64;
const REQUESTS = 1024;
const REPEATS = 100;

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

let sink = 0;

/** Best nanoseconds for a name of the mix. */
function measure(run: Lookup, mix: readonly string[], rounds: number): number {
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
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (let i = 0; i < REQUESTS; i++) sink += run(bytes, offsets[2 * i]!, offsets[2 * i + 1]!);
    }
    best = Math.min(best, ((performance.now() - startedAt) * 1e6) / (REPEATS * REQUESTS));
  }
  return best;
}

const rounds = Number(process.argv[2] ?? 30);
for (const [title, mix] of MIXES) {
  const figures = DESIGNS.map(([name, run]) => `${name} ${measure(run, mix, rounds).toFixed(1)}`);
  process.stdout.write(`${title.padEnd(10)} ns: ${figures.join("   ")}\n`);
}
// The sum keeps the compiler from dropping the work.
if (sink === -1) process.stdout.write("\n");
