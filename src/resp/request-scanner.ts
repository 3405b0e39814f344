/**
 * Finds the end of one client request and the place of its arguments, in the bytes as they came.
 *
 * The first stage of a request: the session calls `scan` for each request in a chunk, and everything after
 * it (command lookup, key, slot, copy to the backend) works on the offsets that stand in `argOffsets`.
 * Nothing is copied and nothing is allocated, except for the table of offsets when a request has more
 * arguments than any before it.
 *
 * A scan that runs out of bytes can go on later where it stopped (`resume`), so a request of a million
 * arguments that arrives in small pieces is still scanned once. Limits and error texts are those of Redis 7
 * (networking.c). Redis doesn't look at the byte after a `\r`, nor at the two bytes after a bulk; such frames
 * are accepted here as well and marked `isIrregular`: they are encoded anew before they are forwarded.
 */
import {
  PROTOCOL_ERROR_BIG_BULK_COUNT,
  PROTOCOL_ERROR_BIG_INLINE,
  PROTOCOL_ERROR_BIG_MULTIBULK_COUNT,
  PROTOCOL_ERROR_BULK_LENGTH,
  PROTOCOL_ERROR_EXPECTED_DOLLAR,
  PROTOCOL_ERROR_MULTIBULK_LENGTH,
  PROTOCOL_ERROR_UNAUTHENTICATED_BULK,
  PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK,
} from "./protocol-error.ts";

/** The scan needs more bytes; call `resume` when there are some. */
export const SCAN_INCOMPLETE = 0;

/** Bytes that a header line, or an inline request, may have without a line end (Redis: PROTO_INLINE_MAX_SIZE). */
const INLINE_BYTES_MAX = 65536;
/**
 * Bytes of such a line that arrives with its end. Redis measures after each read, and its second read of a fast
 * client ends here; a chunk of ours may hold more than that.
 */
const WHOLE_LINE_BYTES_MAX = 96 * 1024;
/** Redis's proto-max-bulk-len, 512 MB. */
const BULK_BYTES_MAX = 512 * 1024 * 1024;
/** Redis refuses a larger count of arguments (INT_MAX). */
const ARGUMENT_COUNT_MAX = 2147483647;
/** What a client may send before it has logged in. */
const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16384;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const MINUS = 45;
const DIGIT_0 = 48;

/** Offsets for this many arguments are there from the start. */
const OFFSETS_INITIAL = 64;
/** A table larger than this is given up after the request that needed it. */
const OFFSETS_KEPT_MAX = 8192;

/** The lowest number that Redis reads; a count so low is an empty request like any below zero. */
const NUMBER_MIN = -(2n ** 63n);
const NUMBER_TEXT_BYTES_MAX = 20;

/** Outcome of reading a number line: none yet, or not a number. */
const LINE_INCOMPLETE = -2;
const LINE_BAD = -3;
const LINE_NEGATIVE = -4;
const LINE_LONG = -5;

/** Scans requests of one or many sessions; keeps the state of at most one unfinished request. */
export class RequestScanner {
  /** Argument i lies in [argOffsets[2i], argOffsets[2i+1]), positions in the buffer given to `scan`. */
  argOffsets: Int32Array = new Int32Array(OFFSETS_INITIAL * 2);
  /** Arguments of the last whole request, the command name among them; 0 for an empty request. */
  argCount = 0;
  /** True for an inline request: `argOffsets` is not set, the line ends before the returned position. */
  isInline = false;
  /** True when a line end or the end of a bulk wasn't `\r\n`. */
  isIrregular = false;
  /** Byte that stood where a `$` was due. */
  unexpectedByte = 0;
  /** After SCAN_INCOMPLETE: no progress is possible before the buffer reaches this position. */
  neededEnd = 0;

  /** Arguments that the header promises; -1 before the header was read. */
  #argsTotal = -1;
  /** Where `resume` goes on. */
  #pos = 0;
  /** After the last number line: position behind it. */
  #lineEnd = 0;

  /**
   * Scans the request that starts at `start`. Returns the position after it, SCAN_INCOMPLETE, or a protocol
   * error (negative). `isLoggedIn` false applies Redis's limits for clients that have yet to authenticate.
   */
  scan(buffer: Uint8Array, start: number, end: number, isLoggedIn: boolean): number {
    // Hot path: one pass, no allocation.
    this.isInline = false;
    this.isIrregular = false;
    this.argCount = 0;
    if (this.argOffsets.length > OFFSETS_KEPT_MAX) {
      this.argOffsets = new Int32Array(OFFSETS_INITIAL * 2);
    }
    if (buffer[start] !== STAR) return this.#scanInline(buffer, start, end);
    this.#argsTotal = -1;
    this.#pos = start + 1;
    return this.#run(buffer, end, isLoggedIn);
  }

  /** Goes on with a request whose scan was incomplete; the same buffer positions hold the same bytes. */
  resume(buffer: Uint8Array, start: number, end: number, isLoggedIn: boolean): number {
    if (this.isInline) return this.#scanInline(buffer, start, end);
    return this.#run(buffer, end, isLoggedIn);
  }

  /** Moves the saved state when the unfinished request was moved within its buffer, or to another one. */
  shift(delta: number): void {
    this.#pos += delta;
    this.neededEnd += delta;
    for (let i = 0; i < this.argCount * 2; i++) {
      this.argOffsets[i] = (this.argOffsets[i] as number) + delta;
    }
  }

  #run(buffer: Uint8Array, end: number, isLoggedIn: boolean): number {
    let pos = this.#pos;
    let total = this.#argsTotal;
    if (total === -1) {
      const count = this.#readNumber(buffer, pos, end);
      if (count < 0) {
        const failed = this.#countLineFailed(count, pos, end);
        if (failed !== 1) return failed;
        return this.#lineEnd;
      }
      if (count > ARGUMENT_COUNT_MAX) return PROTOCOL_ERROR_MULTIBULK_LENGTH;
      if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !isLoggedIn) {
        return PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK;
      }
      pos = this.#lineEnd;
      if (count === 0) return pos;
      total = count;
      this.#argsTotal = total;
    }
    let offsets = this.argOffsets;
    let index = this.argCount;
    while (index < total) {
      if (pos >= end) return this.#stop(pos, index, pos + 1);
      if (buffer[pos] !== DOLLAR) {
        this.unexpectedByte = buffer[pos] as number;
        return PROTOCOL_ERROR_EXPECTED_DOLLAR;
      }
      let dataStart: number;
      let length: number;
      // The usual forms, one or two digits, without a call.
      const c1 = (buffer[pos + 1] as number) - DIGIT_0;
      if (pos + 5 < end && c1 >= 0 && c1 <= 9 && buffer[pos + 2] === CR && buffer[pos + 3] === LF) {
        length = c1;
        dataStart = pos + 4;
      } else {
        length = this.#readNumber(buffer, pos + 1, end);
        if (length < 0) {
          if (length === LINE_INCOMPLETE) return this.#stop(pos, index, end + 1);
          return length === LINE_LONG ? PROTOCOL_ERROR_BIG_BULK_COUNT : PROTOCOL_ERROR_BULK_LENGTH;
        }
        if (length > BULK_BYTES_MAX) return PROTOCOL_ERROR_BULK_LENGTH;
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !isLoggedIn) {
          return PROTOCOL_ERROR_UNAUTHENTICATED_BULK;
        }
        dataStart = this.#lineEnd;
      }
      const dataEnd = dataStart + length;
      if (dataEnd + 2 > end) return this.#stop(pos, index, dataEnd + 2);
      if (buffer[dataEnd] !== CR || buffer[dataEnd + 1] !== LF) this.isIrregular = true;
      if (index * 2 >= offsets.length) offsets = this.#growOffsets(total);
      offsets[index * 2] = dataStart;
      offsets[index * 2 + 1] = dataEnd;
      index++;
      pos = dataEnd + 2;
    }
    this.argCount = total;
    return pos;
  }

  /** The header line gave no count: 1 when it is a count below zero, which Redis takes as an empty request. */
  #countLineFailed(failure: number, pos: number, end: number): number {
    if (failure === LINE_INCOMPLETE) return this.#stop(pos, 0, end + 1);
    if (failure === LINE_LONG) return PROTOCOL_ERROR_BIG_MULTIBULK_COUNT;
    return failure === LINE_NEGATIVE ? 1 : PROTOCOL_ERROR_MULTIBULK_LENGTH;
  }

  #stop(pos: number, index: number, neededEnd: number): number {
    this.#pos = pos;
    this.argCount = index;
    this.neededEnd = neededEnd;
    return SCAN_INCOMPLETE;
  }

  /** Doubles the table, but never trusts the header: offsets grow as arguments really arrive. */
  #growOffsets(total: number): Int32Array {
    const grown = new Int32Array(Math.min(total * 2, this.argOffsets.length * 2));
    grown.set(this.argOffsets);
    this.argOffsets = grown;
    return grown;
  }

  /**
   * Reads the decimal number at `pos`, behind the type byte, up to the next `\r` and sets `#lineEnd`. As strict
   * as Redis's string2ll: no sign but `-`, no leading zero, no blank.
   */
  #readNumber(buffer: Uint8Array, pos: number, end: number): number {
    let i = pos;
    let value = 0;
    while (i < end) {
      const c = buffer[i] as number;
      const digit = c - DIGIT_0;
      if (digit >= 0 && digit <= 9) {
        // A leading zero followed by a digit is no number for Redis; 17 digits stay exact enough to refuse.
        if (value === 0 && i > pos) return this.#lineOfBadNumber(buffer, pos, end);
        if (i - pos > 16) return this.#lineOfBadNumber(buffer, pos, end);
        value = value * 10 + digit;
        i++;
        continue;
      }
      if (c !== CR || i === pos) return this.#lineOfBadNumber(buffer, pos, end);
      if (i + 1 >= end) return LINE_INCOMPLETE;
      if (buffer[i + 1] !== LF) this.isIrregular = true;
      this.#lineEnd = i + 2;
      return value;
    }
    return end - pos >= INLINE_BYTES_MAX ? LINE_LONG : LINE_INCOMPLETE;
  }

  /** Redis judges a number only when its line is whole; a negative one is told apart. */
  #lineOfBadNumber(buffer: Uint8Array, pos: number, end: number): number {
    const cr = buffer.indexOf(CR, pos);
    if (cr === -1 || cr + 1 >= end) {
      return end - pos >= INLINE_BYTES_MAX ? LINE_LONG : LINE_INCOMPLETE;
    }
    if (cr - pos > WHOLE_LINE_BYTES_MAX) return LINE_LONG;
    if (buffer[pos] === MINUS && cr - pos <= NUMBER_TEXT_BYTES_MAX) {
      const text = String.fromCharCode(...buffer.subarray(pos, cr));
      if (/^-[1-9]\d*$/.test(text) && BigInt(text) >= NUMBER_MIN) {
        this.#lineEnd = cr + 2;
        return LINE_NEGATIVE;
      }
    }
    return LINE_BAD;
  }

  /** An inline request is a line; its words are split by `splitInline`. */
  #scanInline(buffer: Uint8Array, start: number, end: number): number {
    this.isInline = true;
    this.argCount = 0;
    const lf = buffer.indexOf(LF, start);
    if (lf === -1 || lf >= end) {
      if (end - start > INLINE_BYTES_MAX) return PROTOCOL_ERROR_BIG_INLINE;
      this.neededEnd = end + 1;
      return SCAN_INCOMPLETE;
    }
    if (lf - start > WHOLE_LINE_BYTES_MAX) return PROTOCOL_ERROR_BIG_INLINE;
    return lf + 1;
  }
}
