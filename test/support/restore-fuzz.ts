/**
 * A fuzzer of the receiving side of the asynchronous migration: good frames, frames with wrong parts, payloads that
 * are damaged with and without a right checksum, raw bytes that are damaged anywhere, cut connections, and other
 * clients' commands on the same few keys. All of it comes from one seed.
 */
import { crc64 } from "../../src/dashboard/migration/payload-probe.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { waitFor } from "./deadline.ts";
import type { RedisServer } from "./redis-server.ts";
import { RespConnection } from "./resp-connection.ts";
import { type Bulk, dumpOf, readAck, scoreBytes } from "./restore-frame.ts";
import type { Random } from "./seed.ts";

/** What a run has met. */
export interface FuzzCounts {
  readonly connections: number;
  /** Acknowledgements that were read: of success, of an error; and other replies. */
  good: number;
  refused: number;
  others: number;
}

const FRAMES_MAX = 12;
const PIPELINE_MS = 30_000;
const KEYS = ["k", "{k}1", "l", "", "\0\xff\r\n", "x".repeat(3_000)];
const WORDS =
  "delete expire string object list hash dict zset stream stream-id stream-group stream-pending".split(
    " ",
  );
const NUMBERS = [
  "0",
  "1",
  "-1",
  "50",
  "3000",
  "9223372036854775807",
  "9223372036854775808",
  "1e3",
  "",
  "x",
  "01",
];
const IDS = [
  "0-0",
  "1-1",
  "2-1",
  "3",
  "-",
  "+",
  "$",
  "*",
  "18446744073709551615-18446744073709551615",
  "x",
];
const OTHERS = [
  "DEL k",
  "SET k 1",
  "RPUSH l a",
  "FLUSHDB",
  "SWAPDB 0 1",
  "RENAME k l",
  "PEXPIRE k 1",
  "SLOTSDEL 0 1 2 3 579",
  "DEBUG SLEEP 0",
];
/** Commands that make a value of every type and encoding. */
const SAMPLES = [
  "SET x 12",
  "SET x hello",
  `RPUSH x ${"1 2 3 four ".repeat(60).trim()}`,
  "SADD x 1 2 3",
  "SADD x a b c",
  `SADD x ${Array.from({ length: 600 }, (_, i) => `m${i}`).join(" ")}`,
  "ZADD x 1 a 2 b",
  `ZADD x ${Array.from({ length: 200 }, (_, i) => `${i}.5 m${i}`).join(" ")}`,
  "HSET x a 1",
  `HSET x ${Array.from({ length: 600 }, (_, i) => `f${i} v`).join(" ")}`,
  "XADD x 1-1 a b",
];

/** Sends so many pipelines of frames; throws when the server ends, hangs, or its counts are wrong. */
export async function fuzzRestore(
  server: RedisServer,
  random: Random,
  pipelines: number,
): Promise<FuzzCounts> {
  const at = await RespConnection.open(server.port);
  const payloads = await samplePayloads(at);
  const counts: FuzzCounts = { connections: pipelines, good: 0, refused: 0, others: 0 };
  for (let round = 0; round < pipelines; round += 1) {
    const commands = random.chance(0.6)
      ? oneKey(random, payloads)
      : Array.from({ length: 1 + random.below(FRAMES_MAX) }, () => anyCommand(random, payloads));
    await sendPipeline(server, random, commands, counts);
    await at.call(...random.pick(OTHERS).split(" "));
    if (round % 50 === 0) {
      await check(at);
    }
  }
  await check(at);
  at.destroy();
  return counts;
}

async function samplePayloads(at: RespConnection): Promise<readonly Buffer[]> {
  const payloads: Buffer[] = [];
  for (const line of SAMPLES) {
    await at.call("DEL", "x");
    await at.call(...line.split(" "));
    payloads.push((await dumpOf("x", at)) ?? Buffer.alloc(0));
  }
  return payloads;
}

async function check(at: RespConnection): Promise<void> {
  for (const db of ["1", "0"]) {
    await at.call("SELECT", db);
    const answer = (await at.call("SLOTSCHECK")).toString();
    if (answer !== "+OK\r\n") {
      throw new Error(`wrong counts in database ${db}: ${answer}`);
    }
  }
}

function anyCommand(random: Random, payloads: readonly Buffer[]): readonly Bulk[] {
  if (random.chance(0.05)) {
    const rest = Array.from({ length: random.below(3) }, () => random.pick(NUMBERS));
    return [
      `SLOTSRESTORE-ASYNC-${random.pick(["AUTH", "AUTH2", "SELECT", "ACK", "FORMS"])}`,
      ...rest,
    ];
  }
  const args = goodFrame(random, payloads);
  for (let wrong = random.below(3); wrong > 0 && random.chance(0.3); wrong -= 1) {
    damageArguments(random, args);
  }
  return ["SLOTSRESTORE-ASYNC", ...args];
}

/** A key as a source sends it, with something wrong here and there. */
function oneKey(random: Random, payloads: readonly Buffer[]): readonly (readonly Bulk[])[] {
  const [word, key] = [random.pick(WORDS), random.pick(KEYS)];
  const frames: Bulk[][] = [["delete", key]];
  for (let n = random.below(FRAMES_MAX); n >= 0; n -= 1) {
    frames.push(goodFrame(random, payloads, word, key));
  }
  frames.push(["expire", key, "0"]);
  for (const args of frames.filter(() => random.chance(0.05))) {
    damageArguments(random, args);
  }
  return frames.map((args) => ["SLOTSRESTORE-ASYNC", ...args]);
}

function goodFrame(
  random: Random,
  payloads: readonly Buffer[],
  word = random.pick(WORDS),
  key = random.pick(KEYS),
): Bulk[] {
  const head = [word, key, random.pick(["0", "50", "3000"])];
  const pairs = (value: () => Bulk): Bulk[] =>
    Array.from({ length: size(random) }, () => [anyBytes(random), value()]).flat();
  switch (word) {
    case "delete":
      return [word, key];
    case "expire":
      return head;
    case "string":
      return [...head, anyBytes(random)];
    case "object":
      return [...head, anyPayload(random, payloads)];
    case "hash":
      return [...head, "9", ...pairs(() => anyBytes(random))];
    case "zset":
      return [...head, "9", ...pairs(() => scoreBytes(random.next() * 1e9))];
    case "stream":
      return [...head, "9", `${1 + random.below(9_999)}-${random.below(9)}`, "1", "f", "v"];
    case "stream-id":
      return [...head, random.pick(IDS), random.pick(NUMBERS), random.pick(IDS)];
    case "stream-group":
      return [...head, "g", random.pick(IDS), random.pick(NUMBERS)];
    case "stream-pending":
      return [...head, "g", "c", random.pick(IDS), random.pick(NUMBERS), random.pick(NUMBERS)];
    default:
      return [...head, "9", ...Array.from({ length: size(random) }, () => anyBytes(random))];
  }
}

/** Mostly few elements, sometimes more than a slice. */
function size(random: Random): number {
  return random.chance(0.01) ? 5_000 : random.below(6);
}

function anyBytes(random: Random): Bulk {
  return random.pick(["", "a", "b", "12", "\0", random.chance(0.1) ? "y".repeat(70_000) : "c"]);
}

/** Whole, or damaged; half of the damaged ones have a right checksum all the same. */
function anyPayload(random: Random, payloads: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(random.pick(payloads));
  if (random.chance(0.3) || bytes.length < 11) {
    return bytes;
  }
  for (let n = random.below(4); n >= 0; n -= 1) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  if (random.chance(0.5)) {
    bytes.writeBigUInt64LE(crc64(bytes.subarray(0, bytes.length - 8)), bytes.length - 8);
  }
  return bytes;
}

function damageArguments(random: Random, args: Bulk[]): void {
  const place = random.below(args.length);
  switch (random.below(4)) {
    case 0:
      args.splice(place, 1);
      break;
    case 1:
      args.splice(place, 0, random.pick(NUMBERS));
      break;
    case 2:
      args[place] = random.pick(NUMBERS);
      break;
    default:
      args[place] = anyBytes(random);
  }
}

/** One connection: all its frames at once, in one of four ways. */
async function sendPipeline(
  server: RedisServer,
  random: Random,
  commands: readonly (readonly Bulk[])[],
  counts: FuzzCounts,
): Promise<void> {
  const source = await RespConnection.open(server.port);
  const bytes = Buffer.concat([...commands.map(encodeCommand), encodeCommand(["PING"])]);
  const way = random.below(4);
  if (way === 0) {
    // Damaged anywhere, so that even what a server says to it isn't known.
    bytes[random.below(bytes.length)] = random.below(256);
    source.write(bytes);
    source.destroy();
  } else if (way === 1) {
    source.write(bytes.subarray(0, random.below(bytes.length)));
    source.destroy();
  } else {
    source.write(bytes);
    await untilPong(source, counts);
    source.destroy();
  }
}

/** Reads until PONG, or until the server has closed the connection. */
async function untilPong(source: RespConnection, counts: FuzzCounts): Promise<void> {
  let isClosed = false;
  source.closed.then(() => {
    isClosed = true;
  });
  await waitFor("an answer to every frame", PIPELINE_MS, async () => {
    for (;;) {
      try {
        const reply = readAck(await source.next());
        if (reply === "+PONG\r\n") {
          return true;
        }
        const kind = reply.startsWith("0 ")
          ? "good"
          : reply.startsWith("-1 ")
            ? "refused"
            : "others";
        counts[kind] += 1;
      } catch (thrown) {
        return isClosed ? true : Promise.reject(thrown);
      }
    }
  });
}
