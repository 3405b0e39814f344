/**
 * Micro-benchmark of copying a few bytes from one buffer to another, the last thing that happens to each request:
 * a loop, `Buffer.copy`, and `set` of a subarray. One operation is one copy. It is why `src/net/connection.ts`
 * uses `Buffer.copy` and `src/proxy/dispatch/fanout.ts` a loop for short keys. Run by
 * `bun bench/main.ts micro copy`.
 */
import type { Bench } from "./bench.ts";

const BUFFER_BYTES = 64 * 1024;
const LENGTHS = [8, 24, 36, 72, 150, 4000] as const;

type Copy = (from: Buffer, start: number, end: number, to: Buffer, at: number) => void;

const COPIES: readonly (readonly [string, Copy])[] = [
  [
    "loop",
    (from, start, end, to, at) => {
      let pos = at;
      for (let i = start; i < end; i++) to[pos++] = from[i] as number;
    },
  ],
  ["Buffer.copy", (from, start, end, to, at) => from.copy(to, at, start, end)],
  ["set of subarray", (from, start, end, to, at) => to.set(from.subarray(start, end), at)],
];

function copyBench(name: string, copy: Copy, length: number): Bench {
  const from = Buffer.alloc(BUFFER_BYTES, 97);
  const to = Buffer.alloc(BUFFER_BYTES);
  const last = BUFFER_BYTES - length;
  const run = (n: number): number => {
    let pos = 0;
    for (let i = 0; i < n; i++) {
      copy(from, pos, pos + length, to, pos);
      pos += length;
      if (pos > last) pos = 0;
    }
    return to[0] as number;
  };
  return { name: `${name}, ${length} B`, run, bytesPerOp: length };
}

/** Every way for every length. */
export const benches: readonly Bench[] = COPIES.flatMap(([name, copy]) =>
  LENGTHS.map((length) => copyBench(name, copy, length)),
);
