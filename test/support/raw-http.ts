/**
 * HTTP over a bare socket, for tests of what well-behaved clients never send, and of bytes that they hide.
 */
import { connect, type Socket } from "node:net";
import { withDeadline } from "./deadline.ts";

/** Longest wait for an end. */
const END_MS_MAX = 20_000;

/** A connection that sends what it is told, and keeps what comes. */
export class RawHttp {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #ended = Promise.withResolvers<void>();

  constructor(addr: string) {
    const [host = "", port] = addr.split(":");
    this.#socket = connect({ host, port: Number(port) });
    this.#socket.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    this.#socket.on("close", () => this.#ended.resolve());
    // The other side may close while something is written; what came before is what counts.
    this.#socket.on("error", () => this.#ended.resolve());
  }

  /** What came so far. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  send(text: string | Buffer): void {
    this.#socket.write(text);
  }

  /** Resolves with everything when the other side has closed. */
  async ended(ms = END_MS_MAX): Promise<Buffer> {
    await withDeadline("end of the connection", ms, this.#ended.promise);
    return this.received;
  }

  /** Reads no more, so that the other side can't send. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** One request; the head of the answer as text, and its body as bytes (only with a known length). */
export async function readBytes(
  addr: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly head: string; readonly body: Buffer }> {
  const lines = Object.entries({ Host: addr, Connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const http = new RawHttp(addr);
  http.send(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const bytes = await http.ended();
  const end = bytes.indexOf("\r\n\r\n");
  return { head: bytes.subarray(0, end).toString(), body: bytes.subarray(end + 4) };
}
