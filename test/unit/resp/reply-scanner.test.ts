/**
 * The reply scanner: every kind of reply of RESP2 and RESP3 whole, byte by byte and at each split; random
 * nested replies; depth; and what is no reply.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../../src/resp/reply-scanner.ts";
import { printSeed, SEED } from "../../support/seed.ts";

printSeed("reply-scanner");

const VECTORS: readonly string[] = [
  "+OK\r\n",
  "+\r\n",
  "-ERR some error\r\n",
  ":0\r\n",
  ":-12345678901234567890\r\n",
  "$0\r\n\r\n",
  "$-1\r\n",
  "$5\r\nhello\r\n",
  "$4\r\n\r\n+a\r\n",
  "$12\r\n123456789012\r\n",
  "*0\r\n",
  "*-1\r\n",
  "*2\r\n$1\r\na\r\n$-1\r\n",
  "*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$1\r\nb\r\n",
  "*2\r\n*-1\r\n*1\r\n*1\r\n*0\r\n",
  "_\r\n",
  "#t\r\n",
  ",3.14\r\n",
  ",-inf\r\n",
  "(3492890328409238509324850943850943825024385\r\n",
  "!11\r\nERR no luck\r\n",
  "=8\r\ntxt:some\r\n",
  "%0\r\n",
  "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n",
  "~3\r\n:1\r\n:2\r\n:3\r\n",
  ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n",
  "|1\r\n+ttl\r\n:10\r\n$1\r\na\r\n",
  "|0\r\n+OK\r\n",
  "*2\r\n|1\r\n+k\r\n+v\r\n:1\r\n:2\r\n",
  "%1\r\n%1\r\n+a\r\n+b\r\n~1\r\n#f\r\n",
];

const BAD: readonly string[] = [
  "?\r\n",
  "\r\n",
  "OK\r\n",
  "$\r\n",
  "$-\r\n",
  "$x\r\n",
  "$1x\r\n",
  "$+1\r\n",
  "$--1\r\n",
  "$?\r\n",
  "*\r\n",
  "*a\r\n",
  "*1 \r\n",
  "*1\r\nPING\r\n",
  "*2\r\n+OK\r\n\0",
  "$99999999999999999999\r\n",
  `*${"9".repeat(25)}\r\n`,
];

/** Feeds the bytes in chunks that end at `ends`; the position behind the reply in all bytes, or the failure. */
function scanInChunks(bytes: Buffer, ends: readonly number[]): number {
  const scanner = new ReplyScanner();
  let start = 0;
  let isResuming = false;
  for (const end of ends) {
    // A chunk of its own: the scanner must not look at what came before.
    const chunk = Buffer.from(bytes.subarray(start, end));
    const next = isResuming
      ? scanner.resume(chunk, 0, chunk.length)
      : scanner.scan(chunk, 0, chunk.length);
    if (next === REPLY_BAD) return REPLY_BAD;
    if (next !== REPLY_INCOMPLETE) return start + next;
    isResuming = true;
    start = end;
  }
  return REPLY_INCOMPLETE;
}

function everyEnd(length: number): number[] {
  return Array.from({ length }, (_, index) => index + 1);
}

describe("a reply is measured", () => {
  for (const text of VECTORS) {
    test(JSON.stringify(text.slice(0, 60)), () => {
      const bytes = Buffer.from(text);
      const followed = Buffer.concat([bytes, Buffer.from("+next\r\n")]);
      expect(new ReplyScanner().scan(followed, 0, followed.length)).toBe(bytes.length);
      expect(scanInChunks(bytes, everyEnd(bytes.length))).toBe(bytes.length);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(scanInChunks(bytes, [cut])).toBe(REPLY_INCOMPLETE);
        expect(scanInChunks(followed, [cut, followed.length])).toBe(bytes.length);
        for (let second = cut + 1; second < bytes.length; second++) {
          expect(scanInChunks(bytes, [cut, second, bytes.length])).toBe(bytes.length);
        }
      }
    });
  }

  test("in the middle of a chunk, and not beyond the end that was given", () => {
    const bytes = Buffer.from("garbage$3\r\nabc\r\n+OK\r\n");
    expect(new ReplyScanner().scan(bytes, 7, 16)).toBe(16);
    expect(new ReplyScanner().scan(bytes, 7, 15)).toBe(REPLY_INCOMPLETE);
    expect(new ReplyScanner().scan(bytes, 16, 20)).toBe(REPLY_INCOMPLETE);
  });

  test("again after an unfinished one was forgotten", () => {
    const scanner = new ReplyScanner();
    const half = Buffer.from("*3\r\n$100\r\nabc");
    expect(scanner.scan(half, 0, half.length)).toBe(REPLY_INCOMPLETE);
    scanner.reset();
    const whole = Buffer.from("+OK\r\n");
    expect(scanner.scan(whole, 0, whole.length)).toBe(5);
  });
});

describe("bytes that are no reply", () => {
  for (const text of BAD) {
    test(`${JSON.stringify(text)} is bad, however it is split`, () => {
      const bytes = Buffer.from(text);
      expect(scanInChunks(bytes, [bytes.length])).toBe(REPLY_BAD);
      expect(scanInChunks(bytes, everyEnd(bytes.length))).toBe(REPLY_BAD);
    });
  }

  test("never make the scanner throw, run on, or leave the chunk", () => {
    const token = fc.oneof(
      fc.constantFrom("*", "$", "%", "|", ">", "+", "\r\n", "1", "-1", "2\r\n", "a", "$1\r\na\r\n"),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 10 }), fc.nat(), (tokens, cut) => {
        const bytes = Buffer.from(tokens.join(""));
        if (bytes.length === 0) return;
        const end = scanInChunks(bytes, [bytes.length]);
        expect(end).toBeLessThanOrEqual(bytes.length);
        const isSplit = bytes.length > 1;
        const at = (cut % Math.max(1, bytes.length - 1)) + 1;
        if (isSplit) expect(scanInChunks(bytes, [at, bytes.length])).toBe(end);
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });
});

describe("random replies", () => {
  const lineText = fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, " "));
  const { reply } = fc.letrec<{ reply: string }>((tie) => ({
    reply: fc.oneof(
      { maxDepth: 5, depthSize: "small", withCrossShrink: true },
      fc
        .tuple(fc.constantFrom("+", "-", ",", "("), lineText)
        .map(([type, text]) => `${type}${text}\r\n`),
      fc.maxSafeInteger().map((value) => `:${value}\r\n`),
      fc.constantFrom("$-1\r\n", "*-1\r\n", "_\r\n", "#t\r\n", "$0\r\n\r\n", "*0\r\n"),
      fc
        .tuple(fc.constantFrom("$", "!", "="), fc.string({ unit: "binary-ascii", maxLength: 200 }))
        .map(([type, text]) => `${type}${text.length}\r\n${text}\r\n`),
      fc
        .tuple(fc.constantFrom("*", "~", ">"), fc.array(tie("reply"), { maxLength: 5 }))
        .map(([type, parts]) => `${type}${parts.length}\r\n${parts.join("")}`),
      fc
        .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 3 })
        .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
      fc
        .tuple(fc.array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 2 }), tie("reply"))
        .map(([pairs, value]) => `|${pairs.length}\r\n${pairs.flat().join("")}${value}`),
    ),
  }));

  test("are measured one after the other, at random splits", () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (replies, cutSeeds) => {
          const bytes = Buffer.from(replies.join(""), "latin1");
          const cuts = cutSeeds.map((cut) => cut % bytes.length).filter((cut) => cut > 0);
          const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
          let total = 0;
          const due = replies.map((one) => (total += Buffer.byteLength(one, "latin1")));
          expect(measureAll(bytes, ends)).toEqual(due);
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
  });

  function measureAll(bytes: Buffer, ends: readonly number[]): number[] {
    const scanner = new ReplyScanner();
    const found: number[] = [];
    let isResuming = false;
    let start = 0;
    for (const end of ends) {
      const chunk = Buffer.from(bytes.subarray(start, end));
      let pos = 0;
      while (pos < chunk.length) {
        const next: number = isResuming
          ? scanner.resume(chunk, pos, chunk.length)
          : scanner.scan(chunk, pos, chunk.length);
        isResuming = next === REPLY_INCOMPLETE;
        if (next <= 0) break;
        found.push(start + next);
        pos = next;
      }
      start = end;
    }
    return found;
  }
});

describe("size and depth cost nothing", () => {
  test("a million levels of nesting", () => {
    const bytes = Buffer.from(`${"*1\r\n".repeat(1_000_000)}:1\r\n`);
    expect(new ReplyScanner().scan(bytes, 0, bytes.length)).toBe(bytes.length);
  });

  test("a bulk of 500 MB is measured from its pieces alone", () => {
    const scanner = new ReplyScanner();
    const header = Buffer.from("$524288000\r\n");
    expect(scanner.scan(header, 0, header.length)).toBe(REPLY_INCOMPLETE);
    const piece = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 500; i++) {
      expect(scanner.resume(piece, 0, piece.length)).toBe(REPLY_INCOMPLETE);
    }
    expect(scanner.resume(Buffer.from("\r\n+OK\r\n"), 0, 7)).toBe(2);
  });

  test("an array that promises two billion elements", () => {
    const bytes = Buffer.from("*2147483647\r\n:1\r\n");
    expect(new ReplyScanner().scan(bytes, 0, bytes.length)).toBe(REPLY_INCOMPLETE);
  });
});
