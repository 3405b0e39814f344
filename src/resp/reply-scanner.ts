/**
 * Finds the end of one reply of a backend, RESP2 or RESP3, in the bytes as they came.
 *
 * Each backend connection has one scanner. It never looks into a reply more than needed to find its end: a
 * nested aggregate only adds to the number of elements still due, so depth costs nothing. When the chunk
 * ends inside a reply the state is kept in a few numbers, and `resume` goes on with the next chunk alone:
 * a reply of 500 MB is never put together to be measured.
 *
 * Type bytes: RESP specification (`+ - : $ *`), RESP3 (`_ # , ( ! = % ~ > |`). An attribute (`|`) belongs to
 * the reply after it. Streamed forms (`$?`) are not sent by any Redis or Valkey and count as bad bytes.
 */

/** The chunk ends inside the reply. */
export const REPLY_INCOMPLETE = 0;
/** These bytes are no RESP: the connection can't be trusted any more. */
export const REPLY_BAD = -1;

const CR = 13;
const DIGIT_0 = 48;

/** Longest number line; anything longer isn't a length, and its sum would not be exact. */
const LENGTH_DIGITS_MAX = 15;

const STATE_TYPE = 0;
const STATE_LINE = 1;
const STATE_LENGTH = 2;
const STATE_LENGTH_LF = 3;
const STATE_LINE_LF = 4;
const STATE_BODY = 5;

/** What follows a type byte: a plain line, a length and a body, a count of elements, or nothing known. */
const KIND_BAD = 0;
const KIND_LINE = 1;
const KIND_BULK = 2;
const KIND_AGGREGATE = 3;
const KIND_PAIRS = 4;
const KIND_ATTRIBUTE = 5;

const KINDS = new Uint8Array(256);
for (const c of "+-:_#,(") KINDS[c.charCodeAt(0)] = KIND_LINE;
for (const c of "$!=") KINDS[c.charCodeAt(0)] = KIND_BULK;
for (const c of "*~>") KINDS[c.charCodeAt(0)] = KIND_AGGREGATE;
KINDS["%".charCodeAt(0)] = KIND_PAIRS;
KINDS["|".charCodeAt(0)] = KIND_ATTRIBUTE;

/** Measures replies one after the other; see the file head. */
export class ReplyScanner {
  /** Elements still due before the reply ends. */
  #due = 0;
  #state = STATE_TYPE;
  #kind = KIND_LINE;
  #value = 0;
  #digits = 0;
  #isNegative = false;
  /** Bytes of a bulk, with its line end, that are still to come. */
  #body = 0;

  /** Position after the reply that starts at `start`, REPLY_INCOMPLETE or REPLY_BAD. */
  scan(chunk: Uint8Array, start: number, end: number): number {
    // Hot path: whole replies take only this loop.
    let due = 1;
    let pos = start;
    while (due > 0) {
      if (pos >= end) return this.#suspend(due, STATE_TYPE);
      const kind = KINDS[chunk[pos] as number] as number;
      if (kind === KIND_LINE) {
        let i = pos + 1;
        while (i < end && chunk[i] !== CR) i++;
        if (i + 1 >= end) return this.#suspend(due, i < end ? STATE_LINE_LF : STATE_LINE);
        pos = i + 2;
        due--;
        continue;
      }
      if (kind === KIND_BAD) return REPLY_BAD;
      let i = pos + 1;
      let value = 0;
      while (i < end) {
        const digit = (chunk[i] as number) - DIGIT_0;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
        i++;
      }
      // A minus sign, a line that isn't whole, no number or a long one: the slow way decides.
      if (i + 1 >= end || chunk[i] !== CR || i === pos + 1 || i - pos > LENGTH_DIGITS_MAX + 1) {
        this.#due = due;
        this.#state = STATE_TYPE;
        pos = this.#step(chunk, pos, end, true);
        if (pos <= 0) return pos;
        due = this.#due;
        continue;
      }
      i += 2;
      if (kind === KIND_BULK) {
        pos = i + value + 2;
        if (pos > end) {
          this.#body = pos - end;
          return this.#suspend(due, STATE_BODY);
        }
        due--;
      } else {
        pos = i;
        due +=
          kind === KIND_AGGREGATE ? value - 1 : kind === KIND_PAIRS ? value * 2 - 1 : value * 2;
      }
    }
    return pos;
  }

  /** Goes on with the reply that was incomplete, at the start of the next chunk. */
  resume(chunk: Uint8Array, start: number, end: number): number {
    return this.#step(chunk, start, end, false);
  }

  /** Forgets an unfinished reply (the connection is new). */
  reset(): void {
    this.#due = 0;
    this.#state = STATE_TYPE;
  }

  #suspend(due: number, state: number): number {
    this.#due = due;
    this.#state = state;
    return REPLY_INCOMPLETE;
  }

  /** The byte-wise way; `isOneElement` returns after one element header or scalar, for the fast loop. */
  #step(chunk: Uint8Array, start: number, end: number, isOneElement: boolean): number {
    let pos = start;
    while (this.#due > 0) {
      if (pos >= end) return REPLY_INCOMPLETE;
      switch (this.#state) {
        case STATE_TYPE:
          this.#kind = KINDS[chunk[pos] as number] as number;
          if (this.#kind === KIND_BAD) return REPLY_BAD;
          this.#value = 0;
          this.#digits = 0;
          this.#isNegative = false;
          this.#state = this.#kind === KIND_LINE ? STATE_LINE : STATE_LENGTH;
          pos++;
          continue;
        case STATE_LINE:
          while (pos < end && chunk[pos] !== CR) pos++;
          if (pos < end) {
            this.#state = STATE_LINE_LF;
            pos++;
          }
          continue;
        case STATE_LENGTH:
          if (!this.#lengthByte(chunk[pos] as number)) return REPLY_BAD;
          pos++;
          continue;
        case STATE_BODY: {
          const taken = Math.min(this.#body, end - pos);
          this.#body -= taken;
          pos += taken;
          if (this.#body > 0) continue;
          this.#due--;
          break;
        }
        case STATE_LINE_LF:
          pos++;
          this.#due--;
          break;
        default:
          pos++;
          if (this.#lengthKnown()) continue;
      }
      this.#state = STATE_TYPE;
      if (isOneElement) return pos;
    }
    return pos;
  }

  #lengthByte(byte: number): boolean {
    if (byte === CR) {
      this.#state = STATE_LENGTH_LF;
      return this.#digits > 0;
    }
    if (byte === 45 && this.#digits === 0 && !this.#isNegative) {
      this.#isNegative = true;
      return true;
    }
    const digit = byte - DIGIT_0;
    if (digit < 0 || digit > 9 || this.#digits >= LENGTH_DIGITS_MAX) return false;
    this.#value = this.#value * 10 + digit;
    this.#digits++;
    return true;
  }

  /** The line of a length is whole. True when a body follows. */
  #lengthKnown(): boolean {
    const value = this.#value;
    if (this.#isNegative) {
      // `$-1` and `*-1`: the nulls of RESP2.
      this.#due--;
      return false;
    }
    if (this.#kind === KIND_BULK) {
      this.#body = value + 2;
      this.#state = STATE_BODY;
      return true;
    }
    if (this.#kind === KIND_AGGREGATE) this.#due += value - 1;
    else if (this.#kind === KIND_PAIRS) this.#due += value * 2 - 1;
    else this.#due += value * 2;
    return false;
  }
}
