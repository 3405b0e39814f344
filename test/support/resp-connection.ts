/**
 * A raw RESP connection for tests: writes bytes as they are, gives back whole replies as they came, in
 * order. It knows nothing of commands, so it can show what a server really sent, error replies, RESP3
 * frames and silence included.
 *
 * Invariant: every wait has a deadline, and a closed connection fails all waits at once.
 */
import { connect, type Socket } from "node:net";
import { encodeCommand } from "../../src/resp/encode.ts";
import { REPLY_BAD, ReplyScanner } from "../../src/resp/reply-scanner.ts";
import { withDeadline } from "./deadline.ts";

const REPLY_MS = 30_000;

interface Waiter {
  readonly resolve: (reply: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to a RESP server on loopback. */
export class RespConnection {
  readonly #socket: Socket;
  readonly #replies: Buffer[] = [];
  readonly #waiters: Waiter[] = [];
  #pending = Buffer.alloc(0);
  #failure: Error | undefined;
  /** Resolves when the server has closed the connection, or it was destroyed. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (error) => this.#fail(error));
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#fail(new Error("the server closed the connection"));
        resolve();
      });
    });
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<RespConnection> {
    const socket = connect({ port, host: "127.0.0.1" });
    await withDeadline(
      `connection to port ${port}`,
      REPLY_MS,
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
    );
    return new RespConnection(socket);
  }

  /** `ip:port` of this end, as the server sees it. */
  get localAddr(): string {
    return `${this.#socket.localAddress}:${this.#socket.localPort}`;
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next whole reply, raw. */
  next(what = "reply"): Promise<Buffer> {
    const ready = this.#replies.shift();
    if (ready !== undefined) {
      return Promise.resolve(ready);
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    const reply = new Promise<Buffer>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
    return withDeadline(what, REPLY_MS, reply);
  }

  /** Sends one command and resolves with its raw reply. */
  call(...argv: readonly (string | Uint8Array)[]): Promise<Buffer> {
    this.write(encodeCommand(argv));
    return this.next(`reply to ${String(argv[0])}`);
  }

  /** Drops the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    let start = 0;
    while (start < this.#pending.length) {
      const end = new ReplyScanner().scan(this.#pending, start, this.#pending.length);
      if (end === REPLY_BAD) {
        this.#fail(
          new Error(`no RESP: ${JSON.stringify(this.#pending.toString("latin1", start))}`),
        );
        this.#socket.destroy();
        return;
      }
      if (end <= start) {
        break;
      }
      this.#deliver(Buffer.from(this.#pending.subarray(start, end)));
      start = end;
    }
    this.#pending = this.#pending.subarray(start);
  }

  #deliver(reply: Buffer): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#replies.push(reply);
    } else {
      waiter.resolve(reply);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(this.#failure);
    }
  }
}
