/**
 * Splits an inline request (a plain line, as typed in telnet) into arguments and encodes it as the array
 * form, in which it goes on like any other request.
 *
 * Quotes and escapes are those of Redis's sdssplitargs: double quotes with `\n \r \t \b \a \xHH` and any
 * other escaped byte as itself, single quotes with `\'` only, and a closing quote must be followed by a blank
 * or the end of the line.
 */

const VERTICAL_TAB = 11;
const FORM_FEED = 12;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;

/** The words of the line in [start, end), or undefined when its quotes aren't balanced. */
export function splitInline(line: Uint8Array, start: number, end: number): Buffer[] | undefined {
  const words: Buffer[] = [];
  let pos = start;
  for (;;) {
    while (pos < end && isBlank(line[pos] as number)) pos++;
    if (pos >= end) return words;
    const word: number[] = [];
    const next = readWord(line, pos, end, word);
    if (next === -1) return undefined;
    words.push(Buffer.from(word));
    pos = next;
  }
}

/** Arguments as one RESP array of bulk strings. */
export function encodeRequest(args: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "string" ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from("\r\n");

function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13) || byte === 0;
}

/** Vertical tab and form feed are blanks before a word, but don't end one. */
function isWordEnd(byte: number): boolean {
  return isBlank(byte) && byte !== VERTICAL_TAB && byte !== FORM_FEED;
}

/** Reads one word into `word`; returns the position after it, or -1 for unbalanced quotes. */
function readWord(line: Uint8Array, start: number, end: number, word: number[]): number {
  let pos = start;
  while (pos < end) {
    const byte = line[pos] as number;
    if (isWordEnd(byte)) return pos;
    if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
      const next =
        byte === DOUBLE_QUOTE
          ? readDoubleQuoted(line, pos + 1, end, word)
          : readSingleQuoted(line, pos + 1, end, word);
      if (next === -1) return -1;
      if (next < end && !isBlank(line[next] as number)) return -1;
      return next;
    }
    word.push(byte);
    pos++;
  }
  return pos;
}

function readSingleQuoted(line: Uint8Array, start: number, end: number, word: number[]): number {
  let pos = start;
  while (pos < end) {
    const byte = line[pos] as number;
    if (byte === BACKSLASH && line[pos + 1] === SINGLE_QUOTE && pos + 1 < end) {
      word.push(SINGLE_QUOTE);
      pos += 2;
      continue;
    }
    if (byte === SINGLE_QUOTE) return pos + 1;
    word.push(byte);
    pos++;
  }
  return -1;
}

function readDoubleQuoted(line: Uint8Array, start: number, end: number, word: number[]): number {
  let pos = start;
  while (pos < end) {
    const byte = line[pos] as number;
    if (byte === DOUBLE_QUOTE) return pos + 1;
    if (byte === BACKSLASH && pos + 1 < end) {
      const escaped = line[pos + 1] as number;
      if (escaped === 120 && pos + 3 < end) {
        const high = hexDigit(line[pos + 2] as number);
        const low = hexDigit(line[pos + 3] as number);
        if (high !== -1 && low !== -1) {
          word.push(high * 16 + low);
          pos += 4;
          continue;
        }
      }
      word.push(escapedByte(escaped));
      pos += 2;
      continue;
    }
    word.push(byte);
    pos++;
  }
  return -1;
}

function escapedByte(byte: number): number {
  switch (byte) {
    case 110:
      return 10;
    case 114:
      return 13;
    case 116:
      return 9;
    case 98:
      return 8;
    case 97:
      return 7;
    default:
      return byte;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
