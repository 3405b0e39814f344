/**
 * A client that sends bytes as they are and keeps the bytes it gets as they are: for tests of what exactly
 * is answered, and of what happens when a client doesn't read, reads slowly, or closes its half.
 *
 * Invariant: every wait has a deadline that names what it waits for.
 */
import { connect, type Socket } from "node:net";
import { withDeadline } from "./deadline.ts";

const WAIT_MS = 30_000;

/** One connection on loopback. */
export class RawClient {
  /** Resolves when the server has ended the connection, in whatever way. */
  readonly ended: Promise<void>;
  isEnded = false;
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #onBytes: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#onBytes();
    });
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.isEnded = true;
        this.#onBytes();
        resolve();
      };
      socket.on("end", end);
      socket.on("close", end);
      // A reset is an end as well; `close` follows.
      socket.on("error", end);
    });
  }

  /** Connects to 127.0.0.1; the connection is half open after `end`, or after the server's. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await withDeadline(
      `connection to port ${port}`,
      WAIT_MS,
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
    );
    return new RawClient(socket);
  }

  /** `ip:port` of this end, as the server sees it. */
  get localAddr(): string {
    return `${this.#socket.localAddress}:${this.#socket.localPort}`;
  }

  /** All bytes received and not yet taken. */
  get received(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  get receivedLength(): number {
    return this.#length;
  }

  /** Bytes that the kernel hasn't taken yet: the server doesn't read. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends bytes; text is latin1. Resolves when the kernel has them. */
  write(bytes: Buffer | string): Promise<void> {
    const sent = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    return new Promise((resolve) => this.#socket.write(sent, () => resolve()));
  }

  /** Sends one byte a write, each in a turn of its own. */
  async writeBytewise(bytes: Buffer | string): Promise<void> {
    const sent = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    for (const byte of sent) {
      await this.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends FIN; replies still arrive. */
  end(): void {
    this.#socket.end();
  }

  /** Stops reading: bytes stay in the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits until `count` bytes are there, takes them; fails when the server ends before. */
  async take(count: number): Promise<Buffer> {
    await this.waitUntil(`${count} bytes`, () => this.#length >= count || this.isEnded);
    const whole = this.received;
    if (whole.length < count) {
      throw new Error(
        `the server ended after ${whole.length} of ${count} bytes: ${JSON.stringify(whole.toString("latin1", 0, 200))}`,
      );
    }
    this.#chunks = [whole.subarray(count)];
    this.#length -= count;
    return whole.subarray(0, count);
  }

  /** Fails unless exactly these bytes come next; text is latin1. */
  async expectNext(bytes: Buffer | string): Promise<void> {
    const due = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    const got = await this.take(due.length);
    if (!got.equals(due)) {
      const shown = (what: Buffer): string => JSON.stringify(what.toString("latin1", 0, 300));
      throw new Error(`got ${shown(got)} where ${shown(due)} was due`);
    }
  }

  /** Everything until the server ends the connection. */
  async takeAll(): Promise<Buffer> {
    await withDeadline("end of the connection", WAIT_MS, this.ended);
    const whole = this.received;
    this.#chunks = [];
    this.#length = 0;
    return whole;
  }

  /** Waits for a state of this client that changes with what arrives. */
  waitUntil(what: string, is: () => boolean): Promise<void> {
    return withDeadline(
      what,
      WAIT_MS,
      new Promise<void>((resolve) => {
        this.#onBytes = () => {
          if (is()) resolve();
        };
        this.#onBytes();
      }),
    );
  }
}

/** A request in array form; strings are latin1. */
export function command(...argv: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${argv.length}\r\n`)];
  for (const argument of argv) {
    const bytes = typeof argument === "string" ? Buffer.from(argument, "latin1") : argument;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}
