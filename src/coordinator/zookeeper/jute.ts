/**
 * Jute, ZooKeeper's encoding: big-endian numbers, texts and byte strings with their length in front. A writer
 * that makes whole frames (four bytes of length, then the content), and a reader over one frame.
 *
 * Byte strings may be null, which ZooKeeper keeps apart from empty ones.
 */

const FIRST_CAPACITY = 256;

/** Writes one frame; `finish` gives it and ends the writer's use. */
export class JuteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  /** Room for the length of the frame. */
  #length = 4;

  /** 32 bits, signed. */
  int(value: number): this {
    this.#length = this.#room(4).writeInt32BE(value, this.#length);
    return this;
  }

  /** 64 bits, signed. */
  long(value: bigint): this {
    this.#length = this.#room(8).writeBigInt64BE(value, this.#length);
    return this;
  }

  bool(value: boolean): this {
    this.#length = this.#room(1).writeUInt8(value ? 1 : 0, this.#length);
    return this;
  }

  bytes(value: Uint8Array | null): this {
    if (value === null) {
      return this.int(-1);
    }
    this.int(value.length);
    this.#room(value.length).set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value));
  }

  /** The frame, with its length in front. */
  finish(): Buffer {
    this.#buffer.writeInt32BE(this.#length - 4, 0);
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/** Reads the content of one frame (without its length). Throws RangeError where the bytes end too early. */
export class JuteReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  int(): number {
    const value = this.#buffer.readInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  long(): bigint {
    const value = this.#buffer.readBigInt64BE(this.#offset);
    this.#offset += 8;
    return value;
  }

  bool(): boolean {
    const value = this.#buffer.readUInt8(this.#offset);
    this.#offset += 1;
    return value !== 0;
  }

  /** Shares the memory of the frame. */
  bytes(): Buffer | null {
    const length = this.int();
    if (length < 0) {
      return null;
    }
    if (length > this.#buffer.length - this.#offset) {
      throw new RangeError(`${length} bytes are announced, and fewer are there`);
    }
    const value = this.#buffer.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return value;
  }

  /** Null is the empty text. */
  text(): string {
    return this.bytes()?.toString() ?? "";
  }

  /** Length of a list, each entry of which has four bytes at least; a null list is empty. */
  count(): number {
    const count = this.int();
    if (count * 4 > this.#buffer.length - this.#offset) {
      throw new RangeError(`${count} entries are announced, and fewer are there`);
    }
    return Math.max(0, count);
  }

  /** Whether everything was read. */
  isAtEnd(): boolean {
    return this.#offset >= this.#buffer.length;
  }
}
