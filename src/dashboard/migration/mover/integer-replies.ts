/**
 * The replies to many commands that each answer with one number, read in place: sizes of keys come by the ten
 * thousand a second, and nothing is made for one of them.
 */
import { readInteger } from "./frame.ts";

const CR = 13;
const DOLLAR = 36;
const DIGIT_0 = 48;
const COLON = 58;
/** More digits than a number can have that is exact; the slow way decides. */
const DIGITS_MAX = 15;
/** `$-1` and its line end. */
const NULL_BYTES = 5;

/** See the file head. One for each exchange. */
export class IntegerReplies {
  /** In the order of the commands; NaN: null (the key is gone) or no number, see `odd`. */
  readonly values: Float64Array;
  #count = 0;
  #odd: Buffer | undefined;

  constructor(count: number) {
    this.values = new Float64Array(count);
  }

  get isComplete(): boolean {
    return this.#count === this.values.length;
  }

  /** The first reply that is neither a number nor null, an error most likely. */
  get odd(): Buffer | undefined {
    return this.#odd;
  }

  /** Reads whole numbers and nulls from `start` on, until there is anything else; the position behind them. */
  read(chunk: Buffer, start: number): number {
    const { values } = this;
    const { length } = chunk;
    let count = this.#count;
    let at = start;
    while (count < values.length) {
      if (chunk[at] === DOLLAR) {
        if (at + NULL_BYTES > length || chunk[at + 1] !== 45 || chunk[at + 2] !== DIGIT_0 + 1) {
          break;
        }
        values[count] = Number.NaN;
        at += NULL_BYTES;
      } else {
        if (chunk[at] !== COLON) {
          break;
        }
        let value = 0;
        let end = at + 1;
        for (; end < length; end += 1) {
          const digit = (chunk[end] ?? 0) - DIGIT_0;
          if (digit < 0 || digit > 9) {
            break;
          }
          value = value * 10 + digit;
        }
        const digits = end - at - 1;
        if (end + 2 > length || chunk[end] !== CR || digits < 1 || digits > DIGITS_MAX) {
          break;
        }
        values[count] = value;
        at = end + 2;
      }
      count += 1;
    }
    this.#count = count;
    return at;
  }

  /** One whole reply that came in pieces, or isn't what `read` knows. */
  take(raw: Buffer): void {
    const value = readInteger(raw);
    if (value === undefined && raw[0] !== DOLLAR) {
      this.#odd ??= raw;
    }
    this.values[this.#count] = value ?? Number.NaN;
    this.#count += 1;
  }
}
