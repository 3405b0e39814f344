/**
 * Commands of the mover as bytes, and the replies that come in masses, read in place: keys are binary and come
 * by the ten thousand a second, so nothing here makes an object for more than the key itself.
 *
 * Everything else (INFO, errors, single answers) goes through `src/resp`.
 */
import { bulkEnd, decodeReply, forEachBulk, lineEnd } from "../../../resp/value.ts";
import { copyShort, type FoundKey } from "./found-key.ts";

/** A command whose last argument is a key: everything before that argument, encoded. */
export type KeyCommand = Buffer;

/** One page of SCAN. */
export interface ScanPage {
  /** `"0"`: the last page. */
  readonly cursor: string;
  /** Views on the reply. */
  readonly keys: readonly Buffer[];
}

const CRLF = "\r\n";

/** One command; strings are UTF-8. */
export function encodeFrame(args: readonly (string | Uint8Array)[]): Buffer {
  return encodeArguments(args, args.length);
}

/** The beginning of a command of `count` arguments, of which these are the first. */
function encodeArguments(args: readonly (string | Uint8Array)[], count: number): Buffer {
  let size = 16;
  for (const argument of args) {
    const length = typeof argument === "string" ? Buffer.byteLength(argument) : argument.length;
    size += length + 16;
  }
  const out = Buffer.allocUnsafe(size);
  let at = out.write(`*${count}${CRLF}`, 0, "latin1");
  for (const argument of args) {
    if (typeof argument === "string") {
      at += out.write(`$${Buffer.byteLength(argument)}${CRLF}`, at, "latin1");
      at += out.write(argument, at, "utf8");
      at += out.write(CRLF, at, "latin1");
    } else {
      at = writeBulk(out, at, argument);
    }
  }
  return out.subarray(0, at);
}

/** The beginning of a command that ends with a key, for `encodeForKeys`. */
export function keyCommand(...words: readonly string[]): KeyCommand {
  const bulks = words.map((word) => `$${word.length}${CRLF}${word}${CRLF}`).join("");
  return Buffer.from(`*${words.length + 1}${CRLF}${bulks}`, "latin1");
}

/** The command once for each key, one reply each; `before` goes first. */
export function encodeForKeys(
  command: KeyCommand,
  keys: readonly Uint8Array[],
  before?: Buffer,
): Buffer {
  let size = before?.length ?? 0;
  for (const key of keys) {
    size += command.length + key.length + 16;
  }
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  if (before !== undefined) {
    out.set(before, 0);
    at = before.length;
  }
  for (const key of keys) {
    out.set(command, at);
    at = writeBulk(out, at + command.length, key);
  }
  return out.subarray(0, at);
}

/** The same for keys as they were found. */
export function encodeForFound(command: KeyCommand, keys: readonly FoundKey[]): Buffer {
  let size = 0;
  for (const key of keys) {
    size += command.length + key.frameLength;
  }
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (const key of keys) {
    at = copyShort(out, at, command, 0, command.length);
    at = key.writeTo(out, at);
  }
  return out;
}

/** One command of these words and all the keys, and what goes behind it. */
export function encodeWithFound(
  words: readonly (string | Uint8Array)[],
  keys: readonly FoundKey[],
  after: Buffer,
): Buffer {
  const head = encodeArguments(words, words.length + keys.length);
  let size = head.length + after.length;
  for (const { frameLength } of keys) {
    size += frameLength;
  }
  const out = Buffer.allocUnsafe(size);
  let at = head.copy(out, 0);
  for (const key of keys) {
    at = key.writeTo(out, at);
  }
  after.copy(out, at);
  return out;
}

/** Reads a reply to SCAN; undefined when it is anything else. */
export function readScanPage(raw: Buffer): ScanPage | undefined {
  const keys: Buffer[] = [];
  const cursor = visitScanPage(raw, (_frame, start, stop) => {
    keys.push(raw.subarray(start, stop));
  });
  return cursor === undefined ? undefined : { cursor, keys };
}

/**
 * The cursor of a reply to SCAN, and each key as `forEachBulk` tells it; undefined when it is anything else, also
 * when some keys have been visited.
 */
export function visitScanPage(
  raw: Buffer,
  visit: (frameStart: number, start: number, end: number, frameEnd: number) => void,
): string | undefined {
  // `*2`, the cursor as a bulk string, the keys as an array.
  const cursorStart = lineEnd(raw, 0);
  const cursorEnd = raw[0] === 42 && raw[1] === 50 ? bulkEnd(raw, cursorStart) : -1;
  if (cursorEnd < 0 || forEachBulk(raw, cursorEnd + 2, visit) !== raw.length) {
    return undefined;
  }
  return raw.toString("latin1", lineEnd(raw, cursorStart + 1), cursorEnd);
}

/** The number of an integer reply; undefined for anything else, as the null of a key that is gone. */
export function readInteger(raw: Buffer): number | undefined {
  if (raw[0] !== 58 || raw.length > 20) {
    return undefined;
  }
  const isNegative = raw[1] === 45;
  let value = 0;
  for (let at = isNegative ? 2 : 1; at < raw.length - 2; at += 1) {
    value = value * 10 + ((raw[at] ?? 0) - 48);
  }
  return isNegative ? -value : value;
}

/** The text of a status, error or string, latin1; empty for anything else. */
export function readText(raw: Buffer): string {
  const value = decodeReply(raw);
  switch (value?.type) {
    case "simple":
    case "error":
      return value.text;
    case "bulk":
      return value.bytes.toString("latin1");
    default:
      return "";
  }
}

/** `$<length>\r\n<bytes>\r\n` at `at`; the position behind it. */
function writeBulk(out: Buffer, at: number, bytes: Uint8Array): number {
  out[at] = 36;
  at = writeNumber(out, at + 1, bytes.length);
  out.set(bytes, at);
  at += bytes.length;
  out[at] = 13;
  out[at + 1] = 10;
  return at + 2;
}

/** The digits and a line end; the position behind them. */
function writeNumber(out: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) {
    digits += 1;
  }
  for (let index = digits - 1, rest = value; index >= 0; index -= 1) {
    out[at + index] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  out[at + digits] = 13;
  out[at + digits + 1] = 10;
  return at + digits + 2;
}
