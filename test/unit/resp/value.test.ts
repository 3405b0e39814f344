/**
 * Decoding replies into values and encoding them again: every type of both protocols, the forms
 * that Redis gives them in RESP2, and bytes that are no reply.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  arrayValue,
  bulkValue,
  encodeCommand,
  encodeReply,
  errorReply,
  integerValue,
  textReply,
} from "../../../src/resp/encode.ts";
import {
  decodeReply,
  errorTextOf,
  forEachBulk,
  isErrorReply,
  type RespValue,
  VALUE_DEPTH_MAX,
} from "../../../src/resp/value.ts";

const SEED = Number(process.env["TEST_SEED"] ?? 20_261_121);

const VECTORS: readonly (readonly [string, RespValue])[] = [
  ["+OK\r\n", { type: "simple", text: "OK" }],
  ["-ERR no\r\n", { type: "error", text: "ERR no" }],
  ["!6\r\nERR no\r\n", { type: "error", text: "ERR no" }],
  [":-9223372036854775808\r\n", integerValue(-(2n ** 63n))],
  [":+7\r\n", integerValue(7)],
  ["$3\r\na\r\n\r\n", bulkValue("a\r\n")],
  ["$0\r\n\r\n", bulkValue("")],
  ["$-1\r\n", { type: "null", isArray: false }],
  ["*-1\r\n", { type: "null", isArray: true }],
  ["_\r\n", { type: "null", isArray: false }],
  ["#t\r\n", { type: "boolean", value: true }],
  ["#f\r\n", { type: "boolean", value: false }],
  [",1.5\r\n", { type: "double", value: 1.5, text: "1.5" }],
  [",-inf\r\n", { type: "double", value: -Infinity, text: "-inf" }],
  [
    "(123456789012345678901234567890\r\n",
    { type: "big-number", text: "123456789012345678901234567890" },
  ],
  ["=7\r\ntxt:abc\r\n", { type: "verbatim", format: "txt", bytes: Buffer.from("abc") }],
  ["*2\r\n:1\r\n*0\r\n", arrayValue([integerValue(1), arrayValue([])])],
  ["~1\r\n:1\r\n", { type: "set", items: [integerValue(1)] }],
  [">1\r\n$1\r\na\r\n", { type: "push", items: [bulkValue("a")] }],
  [
    "%1\r\n+a\r\n:1\r\n",
    { type: "map", entries: [[{ type: "simple", text: "a" }, integerValue(1)]] },
  ],
  ["|1\r\n+ttl\r\n:9\r\n:5\r\n", integerValue(5)],
];

describe("decodeReply", () => {
  for (const [raw, value] of VECTORS) {
    test(`decodes ${JSON.stringify(raw)}`, () => {
      expect(decodeReply(Buffer.from(raw))).toEqual(value);
    });
  }

  test("refuses every proper part of a reply, and anything after its end", () => {
    for (const [raw] of VECTORS) {
      for (let length = 0; length < raw.length; length++) {
        expect(decodeReply(Buffer.from(raw.slice(0, length)))).toBeUndefined();
      }
      expect(decodeReply(Buffer.from(`${raw}+`))).toBeUndefined();
    }
  });

  test("refuses bytes that are no RESP", () => {
    const bad = [
      "x\r\n",
      ":\r\n",
      ":1a\r\n",
      "$x\r\n",
      "$-2\r\n",
      "$1\r\nab\r\n",
      "*1000000000\r\n",
      "%-1\r\n",
      "#x\r\n",
      ",\r\n",
      ",1e\r\n",
      "_x\r\n",
      "=3\r\nabc\r\n",
      "~-1\r\n",
      "!-1\r\n",
      "$3\nabc\r\n",
      "$99999999999999999999999\r\n",
    ];
    for (const raw of bad) {
      expect({ raw, value: decodeReply(Buffer.from(raw)) }).toEqual({ raw, value: undefined });
    }
  });

  test("refuses a nesting that is deeper than any reply", () => {
    const nested = (depth: number): Buffer => Buffer.from(`${"*1\r\n".repeat(depth)}:1\r\n`);
    expect(decodeReply(nested(VALUE_DEPTH_MAX))).toBeDefined();
    expect(decodeReply(nested(VALUE_DEPTH_MAX + 1))).toBeUndefined();
    expect(decodeReply(nested(100_000))).toBeUndefined();
  });
});

describe("encodeReply", () => {
  test("writes in RESP3 what it read, for any tree", () => {
    fc.assert(
      fc.property(anyValue(), (value) => {
        expect(decodeReply(encodeReply(value, 3))).toEqual(value);
      }),
      { seed: SEED },
    );
  });

  test("writes for RESP2 the forms that Redis gives such a client", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["%1\r\n+a\r\n#t\r\n", "*2\r\n+a\r\n:1\r\n"],
      ["~2\r\n,1.5\r\n_\r\n", "*2\r\n$3\r\n1.5\r\n$-1\r\n"],
      ["=7\r\ntxt:abc\r\n", "$3\r\nabc\r\n"],
      ["(12\r\n", "$2\r\n12\r\n"],
      ["*-1\r\n", "*-1\r\n"],
    ];
    for (const [raw, old] of cases) {
      const value = decodeReply(Buffer.from(raw)) as RespValue;
      expect(encodeReply(value, 2).toString()).toBe(old);
    }
  });

  test("never lets a text end its frame", () => {
    expect(errorReply("ERR a\r\n+OK").toString()).toBe("-ERR a  +OK\r\n");
    expect(encodeReply({ type: "simple", text: "a\r\nb" }, 2).toString()).toBe("+a  b\r\n");
  });

  test("makes a text verbatim in RESP3 and a bulk string in RESP2, byte for byte", () => {
    expect(textReply("\u00e9", 3)).toEqual(Buffer.from("=5\r\ntxt:\xe9\r\n", "latin1"));
    expect(textReply("\u00e9", 2)).toEqual(Buffer.from("$1\r\n\xe9\r\n", "latin1"));
  });

  test("encodes a command as bulk strings", () => {
    expect(encodeCommand(["GET", Buffer.from([0, 255])])).toEqual(
      Buffer.from("*2\r\n$3\r\nGET\r\n$2\r\n\x00\xff\r\n", "latin1"),
    );
  });
});

test("an error's text is found in both of its forms", () => {
  expect(errorTextOf(Buffer.from("-ERR a b\r\n"))).toBe("ERR a b");
  expect(errorTextOf(Buffer.from("!7\r\nERR a b\r\n"))).toBe("ERR a b");
  expect(errorTextOf(Buffer.from("+ERR\r\n"))).toBe("");
  expect(isErrorReply(Buffer.from("$2\r\n-E\r\n"))).toBe(false);
});

describe("forEachBulk", () => {
  test("visits every string of an array and ends behind it", () => {
    const raw = Buffer.from("xx*3\r\n$1\r\na\r\n$0\r\n\r\n$2\r\n\r\n\r\nyy");
    const seen: string[] = [];
    const frames: string[] = [];
    const end = forEachBulk(raw, 2, (frameStart, start, stop, frameEnd) => {
      seen.push(raw.toString("latin1", start, stop));
      frames.push(raw.toString("latin1", frameStart, frameEnd));
    });
    expect(seen).toEqual(["a", "", "\r\n"]);
    expect(frames.join("")).toBe(raw.toString("latin1", 6, raw.length - 2));
    expect(end).toBe(raw.length - 2);
  });

  test("answers -1 for anything that isn't such an array", () => {
    for (const bad of [
      "",
      "$1\r\na\r\n",
      "*-1\r\n",
      "*1\r\n:1\r\n",
      "*1\r\n$-1\r\n",
      "*2\r\n$1\r\na\r\n",
    ]) {
      expect(forEachBulk(Buffer.from(bad), 0, () => undefined)).toBe(-1);
    }
  });
});

/** Trees of everything that survives a round trip: errors are simple ones, nulls not arrays. */
function anyValue(): fc.Arbitrary<RespValue> {
  const line = fc.string({ unit: "grapheme-ascii" });
  const { value } = fc.letrec<{ value: RespValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      line.map((text): RespValue => ({ type: "simple", text })),
      line.map((text): RespValue => ({ type: "error", text })),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => integerValue(n)),
      fc.uint8Array().map((bytes) => bulkValue(Buffer.from(bytes))),
      fc.constant<RespValue>({ type: "null", isArray: false }),
      fc.boolean().map((is): RespValue => ({ type: "boolean", value: is })),
      fc.integer().map((n): RespValue => ({ type: "double", value: n / 8, text: `${n / 8}` })),
      fc.array(tie("value")).map((items): RespValue => ({ type: "array", items })),
      fc.array(tie("value")).map((items): RespValue => ({ type: "set", items })),
      fc
        .array(fc.tuple(tie("value"), tie("value")))
        .map((entries): RespValue => ({ type: "map", entries })),
    ),
  }));
  return value;
}
