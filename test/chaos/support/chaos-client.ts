/**
 * A client that never sends anything twice: commands go out on one connection to one of the proxies, and each
 * gets its reply, or the reason why there was none. After a cut the next call connects anew, to any proxy.
 */
import { connect, type Socket } from "node:net";
import { encodeCommand } from "../../../src/resp/encode.ts";
import { REPLY_BAD, ReplyScanner } from "../../../src/resp/reply-scanner.ts";
import { decodeReply, type RespValue } from "../../../src/resp/value.ts";
import type { Random } from "../../support/seed.ts";

/** What came back for one command. */
export type Answer =
  | { readonly kind: "reply"; readonly value: RespValue }
  /** It was sent, perhaps in part, and nothing came back. */
  | { readonly kind: "cut"; readonly reason: string };

/** A reply must be there in this time; longer than any hold of the proxy. */
const REPLY_MS = 15_000;
const CONNECT_MS = 3_000;
const RECONNECT_MS = 50;

interface Call {
  readonly answer: (answer: Answer) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** See the file head. */
export class ChaosClient {
  readonly name: string;
  readonly db: number;
  readonly #ports: readonly number[];
  readonly #random: Random;
  #link: Link | undefined;
  #isClosed = false;

  constructor(name: string, db: number, ports: readonly number[], random: Random) {
    this.name = name;
    this.db = db;
    this.#ports = ports;
    this.#random = random;
  }

  /** Connects unless it is connected; tries until it succeeds or is closed. False: it was closed. */
  async connect(): Promise<boolean> {
    while (!this.#isClosed) {
      if (this.#link?.isOpen === true) {
        return true;
      }
      const link = await Link.open(this.#random.pick(this.#ports)).catch(() => undefined);
      const selected = await link?.send(["SELECT", `${this.db}`]);
      if (link !== undefined && selected?.kind === "reply" && selected.value.type === "simple") {
        this.#link = link;
      } else {
        link?.close("not selected");
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
    return false;
  }

  /** Sends one command now; only after `connect`. `onAnswer` is called at once when the answer is there. */
  send(command: readonly string[], onAnswer: (answer: Answer) => void): void {
    const link = this.#link;
    if (link === undefined) {
      throw new Error(`client ${this.name} isn't connected`);
    }
    link.call(command, onAnswer);
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.close("the client is closed");
  }
}

/** One connection. */
class Link {
  readonly #socket: Socket;
  readonly #calls: Call[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #failure: string | undefined;

  static async open(port: number): Promise<Link> {
    const socket = connect({ port, host: "127.0.0.1" });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => socket.destroy(new Error("no connection in time")), CONNECT_MS);
    socket.once("connect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before it was connected")));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
    return new Link(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (error) => this.close(error.message));
    socket.on("close", () => this.close("the proxy closed the connection"));
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  call(command: readonly string[], answer: (answer: Answer) => void): void {
    if (this.#failure !== undefined) {
      answer({ kind: "cut", reason: this.#failure });
      return;
    }
    const timer = setTimeout(() => this.close(`no reply within ${REPLY_MS} ms`), REPLY_MS);
    this.#calls.push({ answer, timer });
    this.#socket.write(encodeCommand(command));
  }

  send(command: readonly string[]): Promise<Answer> {
    return new Promise((resolve) => this.call(command, resolve));
  }

  /** Everything that waits is told why. */
  close(reason: string): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#failure = reason;
    this.#socket.destroy();
    for (const { answer, timer } of this.#calls.splice(0)) {
      clearTimeout(timer);
      answer({ kind: "cut", reason });
    }
  }

  #onData(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let start = 0;
    while (start < this.#pending.length) {
      const end = new ReplyScanner().scan(this.#pending, start, this.#pending.length);
      if (end === REPLY_BAD) {
        this.close("the proxy sent what isn't RESP");
        return;
      }
      if (end <= start) {
        break;
      }
      const value = decodeReply(Buffer.from(this.#pending.subarray(start, end)));
      const call = this.#calls.shift();
      if (call === undefined || value === undefined) {
        this.close("the proxy sent a reply that nobody waits for");
        return;
      }
      clearTimeout(call.timer);
      call.answer({ kind: "reply", value });
      start = end;
    }
    this.#pending = this.#pending.subarray(start);
  }
}
