/**
 * One reply as a tree of values: for the rare replies that are looked into (merged, filtered, added
 * up). Forwarded replies never come here; they stay bytes (`reply-scanner.ts` finds their end).
 *
 * Leaf: bytes in, values out. The raw reply is kept alive by the tree, because bulk strings are
 * views on it. Bad bytes are answered with undefined, nothing throws. Type bytes are those of the
 * RESP specification, versions 2 and 3; an attribute (`|`) is skipped, it says nothing about the
 * value after it.
 */

/** A decoded value. Line texts are latin1, so that each byte is one character. */
export type RespValue =
  | { readonly type: "simple"; readonly text: string }
  /** A simple error (`-`) or a bulk error (`!`), the code first. */
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "bulk"; readonly bytes: Buffer }
  /** Text with its kind, `txt` or `mkd`. */
  | { readonly type: "verbatim"; readonly format: string; readonly bytes: Buffer }
  /** `isArray` is the `*-1` of RESP2. */
  | { readonly type: "null"; readonly isArray: boolean }
  | { readonly type: "boolean"; readonly value: boolean }
  /** `text` is the number as the server wrote it. */
  | { readonly type: "double"; readonly value: number; readonly text: string }
  | { readonly type: "big-number"; readonly text: string }
  | { readonly type: "array" | "set" | "push"; readonly items: readonly RespValue[] }
  | {
      readonly type: "map";
      readonly entries: readonly (readonly [RespValue, RespValue])[];
    };

/** Deepest nesting that is decoded; no reply that we look into has more than eight levels. */
export const VALUE_DEPTH_MAX = 64;

const CR = 13;
const LF = 10;
const DIGIT_0 = 48;
const MINUS = 45;
const PLUS = 43;
const DOLLAR = 36;
const STAR = 42;
const BANG = 33;

/** Longest number line: a sign and 19 digits. */
const LENGTH_LINE_BYTES_MAX = 20;
/** `readLength`'s answer for `$-1` and `*-1`. */
const LENGTH_NULL = -1;
const LENGTH_BAD = -2;

/** Reads bytes in one direction; a bad byte sets `isBad` and every later read fails as well. */
class Reader {
  readonly #raw: Buffer;
  pos: number;
  isBad = false;

  constructor(raw: Buffer, pos: number) {
    this.#raw = raw;
    this.pos = pos;
  }

  value(depth: number): RespValue | undefined {
    if (depth > VALUE_DEPTH_MAX || this.pos >= this.#raw.length) return this.#bad();
    const kind = String.fromCharCode(this.#raw[this.pos++] as number);
    switch (kind) {
      case "+":
        return this.#line((text) => ({ type: "simple", text }));
      case "-":
        return this.#line((text) => ({ type: "error", text }));
      case ":":
        return this.#line(integerValue);
      case "_":
        return this.#line((text) => (text === "" ? NULL_VALUE : undefined));
      case "#":
        return this.#line(booleanValue);
      case ",":
        return this.#line(doubleValue);
      case "(":
        return this.#line((text) => (isWhole(text) ? { type: "big-number", text } : undefined));
      case "$":
      case "!":
      case "=":
        return this.#bulk(kind);
      case "*":
        return this.#list("array", depth);
      case "~":
        return this.#list("set", depth);
      case ">":
        return this.#list("push", depth);
      case "%":
        return this.#map(depth);
      case "|":
        return this.#map(depth) === undefined ? undefined : this.value(depth);
      default:
        return this.#bad();
    }
  }

  #line(make: (text: string) => RespValue | undefined): RespValue | undefined {
    const end = this.#raw.indexOf(CR, this.pos);
    if (end === -1 || this.#raw[end + 1] !== LF) return this.#bad();
    const text = this.#raw.toString("latin1", this.pos, end);
    this.pos = end + 2;
    return make(text) ?? this.#bad();
  }

  #length(): number {
    const start = this.pos;
    this.pos = lineEnd(this.#raw, start);
    const length = readLength(this.#raw, start);
    if (length === LENGTH_BAD) this.isBad = true;
    return length;
  }

  #bulk(kind: "$" | "!" | "="): RespValue | undefined {
    const length = this.#length();
    if (length === LENGTH_NULL && kind === "$") return NULL_VALUE;
    const end = this.pos + length;
    if (length < 0 || this.#raw[end] !== CR || this.#raw[end + 1] !== LF) return this.#bad();
    const bytes = this.#raw.subarray(this.pos, end);
    this.pos = end + 2;
    if (kind === "!") return { type: "error", text: bytes.toString("latin1") };
    if (kind === "$") return { type: "bulk", bytes };
    if (length < 4 || bytes[3] !== 58) return this.#bad();
    return { type: "verbatim", format: bytes.toString("latin1", 0, 3), bytes: bytes.subarray(4) };
  }

  #list(type: "array" | "set" | "push", depth: number): RespValue | undefined {
    const count = this.#length();
    if (count === LENGTH_NULL && type === "array") return { type: "null", isArray: true };
    const items = this.#items(count, depth);
    return items === undefined ? undefined : { type, items };
  }

  #map(depth: number): RespValue | undefined {
    const count = this.#length();
    const items = this.#items(count * 2, depth);
    if (items === undefined) return undefined;
    const entries: (readonly [RespValue, RespValue])[] = [];
    for (let i = 0; i < items.length; i += 2) {
      entries.push([items[i] as RespValue, items[i + 1] as RespValue]);
    }
    return { type: "map", entries };
  }

  #items(count: number, depth: number): RespValue[] | undefined {
    if (count < 0 || this.isBad) return this.#bad();
    // An announced count isn't trusted with memory: the list grows as elements are really there.
    const items: RespValue[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }

  #bad(): undefined {
    this.isBad = true;
    return undefined;
  }
}

const NULL_VALUE: RespValue = { type: "null", isArray: false };

/** Decodes bytes that are exactly one whole reply; undefined when they are anything else. */
export function decodeReply(raw: Buffer): RespValue | undefined {
  const reader = new Reader(raw, 0);
  const value = reader.value(0);
  return reader.isBad || reader.pos !== raw.length ? undefined : value;
}

/** Whether the raw reply is an error, simple or bulk. */
export function isErrorReply(raw: Uint8Array): boolean {
  return raw[0] === MINUS || raw[0] === BANG;
}

/**
 * Text of a raw error reply, the code first; "" when it isn't one. Longer texts are cut at 1 KB.
 */
export function errorTextOf(raw: Buffer): string {
  if (raw[0] !== MINUS && raw[0] !== BANG) return "";
  const start = raw[0] === MINUS ? 1 : lineEnd(raw, 1);
  const end = raw.indexOf(CR, start);
  return raw.toString("latin1", start, Math.min(end === -1 ? raw.length : end, start + 1024));
}

/**
 * Calls `visit` for each element of the array of bulk strings that starts at `start`: [frameStart,
 * frameEnd) is the whole frame with its header, [start, end) the string. Makes no object for an
 * element, because KEYS answers millions. Returns the position after the array, or -1 when the
 * bytes there are something else (elements before the bad one were visited).
 */
export function forEachBulk(
  raw: Buffer,
  start: number,
  visit: (frameStart: number, start: number, end: number, frameEnd: number) => void,
): number {
  if (raw[start] !== STAR) return -1;
  const count = readLength(raw, start + 1);
  if (count < 0) return -1;
  let pos = lineEnd(raw, start + 1);
  for (let i = 0; i < count; i++) {
    const end = bulkEnd(raw, pos);
    if (end === -1) return -1;
    visit(pos, lineEnd(raw, pos + 1), end, end + 2);
    pos = end + 2;
  }
  return pos;
}

/**
 * End of the string of the bulk frame at `frameStart` (its line end not included), -1 when it is
 * none.
 */
export function bulkEnd(raw: Buffer, frameStart: number): number {
  if (raw[frameStart] !== DOLLAR) return -1;
  const length = readLength(raw, frameStart + 1);
  if (length < 0) return -1;
  const end = lineEnd(raw, frameStart + 1) + length;
  return raw[end] === CR && raw[end + 1] === LF ? end : -1;
}

/** Position after the number line at `start`. */
export function lineEnd(raw: Buffer, start: number): number {
  let pos = start;
  while (pos < raw.length && raw[pos] !== LF) pos++;
  return pos + 1;
}

function readLength(raw: Buffer, start: number): number {
  let pos = start;
  if (raw[pos] === MINUS) {
    return raw[pos + 1] === DIGIT_0 + 1 && raw[pos + 2] === CR ? LENGTH_NULL : LENGTH_BAD;
  }
  let length = 0;
  while (pos - start < LENGTH_LINE_BYTES_MAX) {
    const digit = (raw[pos] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
    pos++;
  }
  return pos > start && raw[pos] === CR && raw[pos + 1] === LF ? length : LENGTH_BAD;
}

function integerValue(text: string): RespValue | undefined {
  return isWhole(text) ? { type: "integer", value: BigInt(withoutPlus(text)) } : undefined;
}

function isWhole(text: string): boolean {
  return /^[+-]?[0-9]+$/.test(text);
}

/** BigInt doesn't read a plus sign, which RESP allows. */
function withoutPlus(text: string): string {
  return text.charCodeAt(0) === PLUS ? text.slice(1) : text;
}

function booleanValue(text: string): RespValue | undefined {
  return text === "t" || text === "f" ? { type: "boolean", value: text === "t" } : undefined;
}

function doubleValue(text: string): RespValue | undefined {
  if (/^[+-]?inf$/i.test(text)) {
    return { type: "double", value: text.startsWith("-") ? -Infinity : Infinity, text };
  }
  if (/^[+-]?nan$/i.test(text)) return { type: "double", value: Number.NaN, text };
  if (!/^[+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?$/i.test(text)) return undefined;
  return { type: "double", value: Number(text), text };
}
