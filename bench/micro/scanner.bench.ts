/**
 * Micro-benchmark of the scanners: finding the end of one request (`src/resp/request-scanner.ts`) and of one reply
 * (`src/resp/reply-scanner.ts`) in a chunk that holds many. One operation is one request or one reply. Run by
 * `bun bench/main.ts micro scanner`.
 */
import { ReplyScanner } from "../../src/resp/reply-scanner.ts";
import { RequestScanner } from "../../src/resp/request-scanner.ts";
import type { Bench } from "./bench.ts";

/** Frames in a chunk: about what arrives from a client with a deep pipeline. */
const FRAMES = 64;

const VALUE = "x".repeat(64);
const KEY = "key:000000012345";

const REQUESTS: readonly (readonly [string, string])[] = [
  ["GET", `*2\r\n$3\r\nGET\r\n$16\r\n${KEY}\r\n`],
  ["SET 64 B", `*3\r\n$3\r\nSET\r\n$16\r\n${KEY}\r\n$64\r\n${VALUE}\r\n`],
  ["MGET of 10", `*11\r\n$4\r\nMGET\r\n${`$16\r\n${KEY}\r\n`.repeat(10)}`],
];

const REPLIES: readonly (readonly [string, string])[] = [
  ["OK", "+OK\r\n"],
  ["bulk 64 B", `$64\r\n${VALUE}\r\n`],
  ["array of 10 bulks", `*10\r\n${`$64\r\n${VALUE}\r\n`.repeat(10)}`],
  ["map of 5 pairs", `%5\r\n${`$3\r\nabc\r\n:12\r\n`.repeat(5)}`],
];

function chunkOf(frame: string): Buffer {
  return Buffer.from(frame.repeat(FRAMES));
}

function requestBench([name, frame]: readonly [string, string]): Bench {
  const chunk = chunkOf(frame);
  const scanner = new RequestScanner();
  const run = (n: number): number => {
    let sum = 0;
    let pos = 0;
    for (let i = 0; i < n; i++) {
      if (pos === chunk.length) pos = 0;
      pos = scanner.scan(chunk, pos, chunk.length, true);
      sum += scanner.argOffsets[2] as number;
    }
    return sum + pos;
  };
  return { name: `request: ${name}`, run, bytesPerOp: frame.length };
}

function replyBench([name, frame]: readonly [string, string]): Bench {
  const chunk = chunkOf(frame);
  const scanner = new ReplyScanner();
  const run = (n: number): number => {
    let sum = 0;
    let pos = 0;
    for (let i = 0; i < n; i++) {
      if (pos === chunk.length) pos = 0;
      pos = scanner.scan(chunk, pos, chunk.length);
      sum += pos;
    }
    return sum;
  };
  return { name: `reply: ${name}`, run, bytesPerOp: frame.length };
}

/** Every request and every reply of the lists above. */
export const benches: readonly Bench[] = [
  ...REQUESTS.map(requestBench),
  ...REPLIES.map(replyBench),
];
