/**
 * A client that sends and never reads, for tests of backpressure: what the proxy answers stays in the
 * kernel's buffers, and then in the proxy.
 */
import { connect, type Socket } from "node:net";
import { withDeadline } from "./deadline.ts";

/** See the file head. */
export class UnreadConnection {
  readonly #socket: Socket;
  /** Bytes that the kernel has taken from us so far. */
  sentBytes = 0;
  /** Resolves when the connection is gone, in whatever way. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
    // The end of the connection is what the tests wait for; how it ends doesn't matter.
    socket.on("error", () => socket.destroy());
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<UnreadConnection> {
    const socket = connect({ port, host: "127.0.0.1" });
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    await withDeadline(`connection to port ${port}`, 10_000, connected);
    socket.pause();
    return new UnreadConnection(socket);
  }

  /** Resolves with true when the kernel took the bytes, with false when the connection is gone. */
  async write(bytes: Uint8Array): Promise<boolean> {
    const taken = new Promise<boolean>((resolve) => {
      this.#socket.write(bytes, (error) => resolve(error === undefined || error === null));
    });
    const isTaken = await Promise.race([taken, this.closed.then(() => false)]);
    if (isTaken) this.sentBytes += bytes.length;
    return isTaken;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
