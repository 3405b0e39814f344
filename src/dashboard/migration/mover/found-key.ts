/**
 * A key of a wanted slot as its page of SCAN has it. Keys come by the ten thousand a second, so there is one small
 * object for each and no copy of its name: commands take over the bytes of the page, header and line end included.
 */

/** See the file head. Its size isn't known before it was asked for. */
export class FoundKey {
  readonly slotId: number;
  /** MEMORY USAGE. */
  bytes = 0;
  /** Estimated stall of its MIGRATE, microseconds. */
  workUs = 0;
  readonly #page: Buffer;
  readonly #frameStart: number;
  readonly #start: number;
  readonly #frameEnd: number;

  /** `page` from `frameStart` to `frameEnd` is the key as a bulk string, its name begins at `start`. */
  constructor(page: Buffer, frameStart: number, start: number, frameEnd: number, slotId: number) {
    this.#page = page;
    this.#frameStart = frameStart;
    this.#start = start;
    this.#frameEnd = frameEnd;
    this.slotId = slotId;
  }

  /** The name, a view on the page. */
  get key(): Buffer {
    return this.#page.subarray(this.#start, this.#frameEnd - 2);
  }

  /** Bytes that `writeTo` writes. */
  get frameLength(): number {
    return this.#frameEnd - this.#frameStart;
  }

  /** Writes the key as an argument of a command; the position behind it. */
  writeTo(out: Buffer, at: number): number {
    return copyShort(out, at, this.#page, this.#frameStart, this.#frameEnd);
  }

  hasNameOf(other: FoundKey): boolean {
    const length = this.frameLength;
    if (other.frameLength !== length) {
      return false;
    }
    for (let index = 0; index < length; index += 1) {
      if (this.#page[this.#frameStart + index] !== other.#page[other.#frameStart + index]) {
        return false;
      }
    }
    return true;
  }
}

/** Shorter ones are copied faster byte by byte than by a call. */
const SHORT_BYTES = 64;

/** Copies `from[start, end)` to `out` at `at`; the position behind it. */
export function copyShort(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  if (end - start > SHORT_BYTES) {
    return at + from.copy(out, at, start, end);
  }
  for (let index = start; index < end; index += 1) {
    out[at] = from[index] ?? 0;
    at += 1;
  }
  return at;
}
