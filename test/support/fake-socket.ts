/**
 * The runtime's side of a `Connection`, for unit tests without sockets: what is written is kept, and a test
 * decides how much the "kernel" takes. Invariant: never takes more than `roomBytes`.
 */
import type { Socket } from "bun";
import { Connection } from "../../src/net/connection.ts";

/** See the file head. */
export class FakeSocket {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 50_000;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 19_000;
  /** Bytes that are still taken. */
  roomBytes: number = Number.POSITIVE_INFINITY;
  writeCount = 0;
  isEnded = false;
  isPaused = false;
  readonly connection: Connection;
  readonly #written: Buffer[] = [];

  constructor() {
    // Only the members that `Connection` uses are here.
    this.connection = new Connection(this as unknown as Socket<Connection>);
  }

  get written(): Buffer {
    return Buffer.concat(this.#written);
  }

  write(chunk: Buffer, start: number, length: number): number {
    this.writeCount++;
    const taken = Math.min(length, this.roomBytes);
    this.roomBytes -= taken;
    this.#written.push(Buffer.from(chunk.subarray(start, start + taken)));
    return taken;
  }

  /** The peer has read so much: the kernel has room, and says so. */
  drain(bytes: number): void {
    this.roomBytes += bytes;
    this.connection.handleDrain();
  }

  end(): void {
    this.isEnded = true;
  }

  terminate(): void {
    this.isEnded = true;
    this.connection.handleClose("");
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** Resolves when everything that was gathered in this turn, and held for a few more, was written. */
export async function turnsEnd(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}
