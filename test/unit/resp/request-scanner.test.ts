/**
 * The request scanner: every vector whole, byte by byte and at each split; random frames at random splits;
 * the hostile corpus; Redis's limits. What a real server does with the same bytes: `component/protocol`.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitInline } from "../../../src/resp/inline-request.ts";
import {
  PROTOCOL_ERROR_BIG_BULK_COUNT,
  PROTOCOL_ERROR_BIG_INLINE,
  PROTOCOL_ERROR_BIG_MULTIBULK_COUNT,
  PROTOCOL_ERROR_BULK_LENGTH,
  PROTOCOL_ERROR_EXPECTED_DOLLAR,
  PROTOCOL_ERROR_MULTIBULK_LENGTH,
  PROTOCOL_ERROR_UNAUTHENTICATED_BULK,
  PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK,
} from "../../../src/resp/protocol-error.ts";
import { RequestScanner, SCAN_INCOMPLETE } from "../../../src/resp/request-scanner.ts";
import { REFUSED_FRAMES, SERVED_FRAMES, UNFINISHED_FRAMES } from "../../support/malformed-frame.ts";
import { command } from "../../support/raw-client.ts";
import { printSeed, SEED } from "../../support/seed.ts";

printSeed("request-scanner");

/** What a scan found: arguments (or the words of an inline request) and its end, or how it failed. */
interface Found {
  readonly outcome: number;
  readonly argv?: readonly string[] | undefined;
  readonly isIrregular?: boolean;
}

const VECTORS: readonly (readonly [string, readonly string[] | undefined, boolean])[] = [
  ["*1\r\n$4\r\nPING\r\n", ["PING"], false],
  ["*2\r\n$3\r\nGET\r\n$0\r\n\r\n", ["GET", ""], false],
  ["*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n", ["GET", "0123456789"], false],
  [`*2\r\n$4\r\nECHO\r\n$120\r\n${"x".repeat(120)}\r\n`, ["ECHO", "x".repeat(120)], false],
  ["*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n$1\r\n", ["SET", "a", "\r\n$1"], false],
  ["*0\r\n", [], false],
  ["*-1\r\n", [], false],
  ["*-9223372036854775808\r\n", [], false],
  ["*1\rx$4\r\nPING\r\n", ["PING"], true],
  ["*1\r\n$4\ryPING\r\n", ["PING"], true],
  ["*1\r\n$4\r\nPINGzz", ["PING"], true],
  ["PING\r\n", ["PING"], false],
  ["PING\n", ["PING"], false],
  ["\r\n", [], false],
  ["  SET  a 'b c'\r\n", ["SET", "a", "b c"], false],
  ['ECHO "open\r\n', undefined, false],
];

function read(scanner: RequestScanner, bytes: Buffer, start: number, outcome: number): Found {
  if (outcome <= SCAN_INCOMPLETE) return { outcome };
  if (scanner.isInline) {
    const argv = splitInline(bytes, start, outcome)?.map((word) => word.toString("latin1"));
    return { outcome, argv, isIrregular: false };
  }
  const argv: string[] = [];
  for (let i = 0; i < scanner.argCount; i++) {
    argv.push(
      bytes.toString("latin1", scanner.argOffsets[i * 2], scanner.argOffsets[i * 2 + 1] as number),
    );
  }
  return { outcome, argv, isIrregular: scanner.isIrregular };
}

/** Scans with the bytes up to each of the ends in turn, as they would arrive. */
function scanInSteps(bytes: Buffer, ends: readonly number[], isLoggedIn = true): Found {
  const scanner = new RequestScanner();
  let outcome = scanner.scan(bytes, 0, ends[0] as number, isLoggedIn);
  for (const end of ends.slice(1)) {
    if (outcome !== SCAN_INCOMPLETE) break;
    if (end >= scanner.neededEnd) outcome = scanner.resume(bytes, 0, end, isLoggedIn);
  }
  return read(scanner, bytes, 0, outcome);
}

function scanWhole(text: string, isLoggedIn = true): Found {
  const bytes = Buffer.from(text, "latin1");
  return scanInSteps(bytes, [bytes.length], isLoggedIn);
}

function everyEnd(length: number): number[] {
  return Array.from({ length }, (_, index) => index + 1);
}

describe("a request is found", () => {
  for (const [text, argv, isIrregular] of VECTORS) {
    test(JSON.stringify(text.slice(0, 50)), () => {
      const bytes = Buffer.from(text, "latin1");
      const due = { outcome: bytes.length, argv: argv as readonly string[], isIrregular };
      expect(scanWhole(text)).toEqual(due);
      expect(scanInSteps(bytes, everyEnd(bytes.length))).toEqual(due);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(scanInSteps(bytes, [cut, bytes.length])).toEqual(due);
        // Whatever is cut off, there is nothing to find yet.
        expect(scanInSteps(bytes.subarray(0, cut), [cut]).outcome).toBe(SCAN_INCOMPLETE);
      }
    });
  }

  test("in a buffer that holds other bytes before and behind it", () => {
    const scanner = new RequestScanner();
    const bytes = Buffer.from("*9\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*x\r\n");
    const end = scanner.scan(bytes, 4, bytes.length, true);
    expect(read(scanner, bytes, 4, end)).toEqual({
      outcome: 24,
      argv: ["GET", "a"],
      isIrregular: false,
    });
  });

  test("not in bytes behind the end that was given", () => {
    const bytes = Buffer.from("*1\r\n$4\r\nPING\r\nPING\r\n");
    for (let end = 1; end < 14; end++) {
      expect(new RequestScanner().scan(bytes, 0, end, true)).toBe(SCAN_INCOMPLETE);
    }
    expect(new RequestScanner().scan(bytes, 14, 19, true)).toBe(SCAN_INCOMPLETE);
  });
});

describe("the hostile corpus", () => {
  const isQuotes = (name: string): boolean => /quote/.test(name);

  for (const frame of REFUSED_FRAMES.filter((one) => !isQuotes(one.name))) {
    test(`${frame.name} is an error, however it is split`, () => {
      const bytes = Buffer.from(frame.bytes, "latin1");
      const whole = firstFailure(bytes, [bytes.length]);
      expect(whole).toBeLessThan(0);
      if (bytes.length > 1000) return;
      expect(firstFailure(bytes, everyEnd(bytes.length))).toBe(whole);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(firstFailure(bytes, [cut, bytes.length])).toBe(whole);
      }
    });
  }

  for (const frame of SERVED_FRAMES) {
    test(`${frame.name} is no error, however it is split`, () => {
      const bytes = Buffer.from(frame.bytes, "latin1");
      expect(firstFailure(bytes, [bytes.length])).toBe(0);
      if (bytes.length < 1000) expect(firstFailure(bytes, everyEnd(bytes.length))).toBe(0);
    });
  }

  for (const frame of UNFINISHED_FRAMES) {
    test(`${frame.name} is incomplete`, () => {
      expect(scanWhole(frame.bytes).outcome).toBe(SCAN_INCOMPLETE);
    });
  }

  test("no bytes at all make the scanner throw, run on, or leave the buffer", () => {
    fc.assert(
      fc.property(fc.array(hostileToken, { maxLength: 12 }), (tokens) => {
        const bytes = Buffer.concat(tokens);
        const scanner = new RequestScanner();
        let pos = 0;
        while (pos < bytes.length) {
          const next = scanner.scan(bytes, pos, bytes.length, true);
          if (next <= 0) break;
          expect(next).toBeGreaterThan(pos);
          expect(next).toBeLessThanOrEqual(bytes.length);
          pos = next;
        }
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });
});

/** Pieces that are nearly RESP. */
const hostileToken = fc.oneof(
  fc
    .constantFrom("*", "$", "\r", "\n", "\r\n", "-", "1", "0", "*1\r\n", "$4\r\n", "PING", '"', " ")
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
);

/** Scans request after request; the error that ends it, or 0 when none does. */
function firstFailure(bytes: Buffer, ends: readonly number[]): number {
  const scanner = new RequestScanner();
  let pos = 0;
  let isResuming = false;
  for (const end of ends) {
    while (pos < end) {
      const next: number = isResuming
        ? scanner.resume(bytes, pos, end, true)
        : scanner.scan(bytes, pos, end, true);
      if (next < 0) return next;
      isResuming = next === SCAN_INCOMPLETE;
      if (isResuming) break;
      pos = next;
    }
  }
  return 0;
}

describe("random requests", () => {
  const request = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.uint8Array({ maxLength: 30 }) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 90, maxLength: 1200 }) },
      { weight: 1, arbitrary: fc.constant(new Uint8Array(20_000)) },
    ),
    { minLength: 1, maxLength: 20 },
  );

  test("come back as they were, several in a buffer, at random splits", () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (requests, cutSeeds) => {
          const frames = requests.map((args) => command(...args.map((arg) => Buffer.from(arg))));
          const bytes = Buffer.concat(frames);
          const cuts = cutSeeds.map((cut) => (cut % bytes.length) + 1).sort((a, b) => a - b);
          const got = scanStream(bytes, [...cuts, bytes.length]);
          const sent = requests.map((args) => args.map((a) => Buffer.from(a).toString("latin1")));
          expect(got).toEqual(sent);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });

  /** As a session does it: what isn't whole is moved to the start of a new buffer (`shift`). */
  function scanStream(bytes: Buffer, ends: readonly number[]): string[][] {
    const scanner = new RequestScanner();
    const got: string[][] = [];
    let buffer = Buffer.alloc(0);
    let isResuming = false;
    let last = 0;
    for (const end of ends) {
      buffer = Buffer.concat([buffer, bytes.subarray(last, end)]);
      last = end;
      let pos = 0;
      while (pos < buffer.length) {
        const next: number = isResuming
          ? scanner.resume(buffer, pos, buffer.length, true)
          : scanner.scan(buffer, pos, buffer.length, true);
        isResuming = next === SCAN_INCOMPLETE;
        if (isResuming) break;
        const found = read(scanner, buffer, pos, next);
        got.push([...(found.argv ?? [])]);
        pos = next;
      }
      if (isResuming) scanner.shift(-pos);
      buffer = buffer.subarray(pos);
    }
    return got;
  }
});

describe("limits", () => {
  const big = (digits: number): string => "1".repeat(digits);

  test("a bulk may have 512 MB, and is asked for in one piece", () => {
    const scanner = new RequestScanner();
    const bytes = Buffer.from("*2\r\n$3\r\nSET\r\n$536870912\r\nabc");
    expect(scanner.scan(bytes, 0, bytes.length, true)).toBe(SCAN_INCOMPLETE);
    expect(scanner.neededEnd).toBe(25 + 536870912 + 2);
    expect(scanWhole("*1\r\n$536870913\r\n").outcome).toBe(PROTOCOL_ERROR_BULK_LENGTH);
  });

  test("a header of two billion arguments reserves nothing", () => {
    const scanner = new RequestScanner();
    const bytes = Buffer.from("*2147483647\r\n$1\r\na\r\n");
    expect(scanner.scan(bytes, 0, bytes.length, true)).toBe(SCAN_INCOMPLETE);
    expect(scanner.argOffsets.length).toBeLessThan(1024);
    expect(scanWhole("*2147483648\r\n").outcome).toBe(PROTOCOL_ERROR_MULTIBULK_LENGTH);
  });

  test("a request of 100,000 arguments is found, and its table is given up after it", () => {
    const scanner = new RequestScanner();
    const bytes = Buffer.from(`*100000\r\n${"$1\r\nx\r\n".repeat(100_000)}*1\r\n$1\r\ny\r\n`);
    const end = scanner.scan(bytes, 0, bytes.length, true);
    expect([end, scanner.argCount]).toEqual([9 + 700_000, 100_000]);
    scanner.scan(bytes, end, bytes.length, true);
    expect(scanner.argOffsets.length).toBeLessThan(1024);
  });

  test("a line without end is refused at Redis's length", () => {
    const limits = [
      ["*", PROTOCOL_ERROR_BIG_MULTIBULK_COUNT],
      ["*1\r\n$", PROTOCOL_ERROR_BIG_BULK_COUNT],
    ] as const;
    for (const [start, error] of limits) {
      expect(scanWhole(start + big(65_535)).outcome).toBe(SCAN_INCOMPLETE);
      expect(scanWhole(start + big(65_536)).outcome).toBe(error);
      expect(scanWhole(`${start}${"x".repeat(65_536)}`).outcome).toBe(error);
      expect(scanWhole(`${start}${big(200_000)}\r\n`).outcome).toBe(error);
    }
    expect(scanWhole(big(65_536)).outcome).toBe(SCAN_INCOMPLETE);
    expect(scanWhole(big(65_537)).outcome).toBe(PROTOCOL_ERROR_BIG_INLINE);
    expect(scanWhole(`${big(65_536)}\r\n`).outcome).toBe(65_538);
    expect(scanWhole(`${big(200_000)}\r\n`).outcome).toBe(PROTOCOL_ERROR_BIG_INLINE);
  });

  test("before login: 10 arguments of 16 KB", () => {
    const arguments10 = command("HELLO", ..."123456789").toString("latin1");
    expect(scanWhole(arguments10, false).outcome).toBe(arguments10.length);
    expect(scanWhole("*11\r\n", false).outcome).toBe(PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK);
    const fits = command("AUTH", "p".repeat(16384)).toString("latin1");
    expect(scanWhole(fits, false).outcome).toBe(fits.length);
    expect(scanWhole("*2\r\n$4\r\nAUTH\r\n$16385\r\n", false).outcome).toBe(
      PROTOCOL_ERROR_UNAUTHENTICATED_BULK,
    );
    expect(scanWhole("*2\r\n$4\r\nAUTH\r\n$16385\r\n", true).outcome).toBe(SCAN_INCOMPLETE);
  });

  test("the byte where a dollar was due is kept for the error's text", () => {
    const scanner = new RequestScanner();
    const bytes = Buffer.from([0x2a, 0x31, 0x0d, 0x0a, 0xfe]);
    expect(scanner.scan(bytes, 0, 5, true)).toBe(PROTOCOL_ERROR_EXPECTED_DOLLAR);
    expect(scanner.unexpectedByte).toBe(0xfe);
  });
});
