/**
 * One connection of the mover to a server: many commands in one write, all their replies in one promise, as raw
 * bytes. `RedisClient` is made for single calls; sizing seventy thousand keys a second needs neither a timer nor
 * a write for each.
 *
 * A link is named, and remembers its client id and the run id of its server: what was sent over a link that is
 * lost may still be carried out, until that client id is killed or the run id has changed (`Source`).
 */
import { connect, type Socket } from "node:net";
import { CodisError } from "../../../base/error.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { parseInfo } from "../../../redis/info.ts";
import {
  connectFailed,
  connectionLost,
  loginRefused,
  refusedBy,
  timedOut,
  unexpectedReply,
} from "../../../redis/server-error.ts";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../../resp/reply-scanner.ts";
import { decodeReply, errorTextOf, isErrorReply, type RespValue } from "../../../resp/value.ts";
import type { MoverServer } from "../contract.ts";
import { encodeFrame, readInteger, readText } from "./frame.ts";
import { IntegerReplies } from "./integer-replies.ts";

/** Largest reply: a page of SCAN with keys of some hundred KB each. */
const REPLY_BYTES_MAX = 256 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 2_000;

/** What was answered to one write. */
export interface Answers {
  /** Raw, in order. */
  readonly replies: readonly Buffer[];
  /** Of the commands behind those. */
  readonly integers: IntegerReplies;
}

interface Exchange extends Answers {
  readonly command: string;
  readonly replies: Buffer[];
  /** Replies that are kept raw. */
  readonly count: number;
  readonly sentAtMs: number;
  readonly resolve: (answers: Answers) => void;
  readonly reject: (error: CodisError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** See the file head. Open from `open` until `close`, or until anything goes wrong. */
export class MoverLink {
  readonly addr: string;
  /** For `CLIENT KILL ID`. */
  clientId = 0;
  /** Of the server's process. */
  runId = "";
  /** Seconds that the server had been up when the link was made. */
  uptimeSeconds = 0;
  /** Database that is selected; `useDb` changes it. */
  db = 0;
  /** When the server last answered anything, on the monotonic clock. */
  answeredAtMs = 0;
  /** The shortest time from a write to all its replies so far, milliseconds: a round trip, and a little work. */
  shortestMs = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #exchanges: Exchange[] = [];
  readonly #scanner = new ReplyScanner();
  #parts: Buffer[] = [];
  #partBytes = 0;
  #failure: CodisError | undefined;
  #hasLost = false;

  private constructor(addr: string, socket: Socket) {
    this.addr = addr;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("close", () => this.#fail(connectionLost(addr, "it closed the connection")));
  }

  /** Connects, logs in and gives the connection its name. Throws as `RedisClient.connect` does. */
  static async open(server: MoverServer, name: string, signal: AbortSignal): Promise<MoverLink> {
    const at = parseServerAddr(server.addr);
    if (at === undefined) {
      throw new CodisError(
        "ADDRESS_INVALID",
        `"${server.addr}" is no address of a server; expected host:port like 127.0.0.1:6379`,
      );
    }
    const socket = connect({ host: at.host, port: at.port });
    const link = new MoverLink(server.addr, socket);
    const connected = Promise.withResolvers<void>();
    socket.on("connect", () => connected.resolve());
    socket.on("error", (cause) => {
      connected.reject(connectFailed(server.addr, cause));
      link.#fail(connectionLost(server.addr, `the connection broke: ${cause.message}`));
    });
    const abort = (): void => {
      connected.reject(connectionLost(server.addr, "the connection was closed from this side"));
      link.close();
    };
    const timer = setTimeout(() => {
      connected.reject(timedOut(server.addr, "connection", CONNECT_TIMEOUT_MS));
    }, CONNECT_TIMEOUT_MS);
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      await connected.promise;
      await link.#introduce(server, name);
      return link;
    } catch (thrown) {
      link.close();
      throw thrown;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** The link ended while commands waited for replies: they may have been carried out, or will be later. */
  get hasLostCommands(): boolean {
    return this.#hasLost;
  }

  /**
   * Sends `frame`, which holds `count` commands, and resolves with their raw replies, errors among them. No
   * reply in time ends the link: all that wait on it reject as SERVER_UNREACHABLE.
   */
  async send(
    command: string,
    frame: Buffer,
    count: number,
    timeoutMs: number,
  ): Promise<readonly Buffer[]> {
    const { replies } = await this.exchange(command, frame, { raw: count, integers: 0 }, timeoutMs);
    return replies;
  }

  /** As `send`; behind the commands with raw replies the frame holds some that are answered with a number each. */
  exchange(
    command: string,
    frame: Buffer,
    expected: { readonly raw: number; readonly integers: number },
    timeoutMs: number,
  ): Promise<Answers> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    const integers = new IntegerReplies(expected.integers);
    const count = expected.raw;
    if (count + expected.integers === 0) {
      return Promise.resolve({ replies: [], integers });
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answers>();
    const timer = setTimeout(
      () => this.#fail(timedOut(this.addr, `reply to ${command}`, timeoutMs)),
      timeoutMs,
    );
    const sentAtMs = performance.now();
    const replies: Buffer[] = [];
    const answer = { replies, integers, count, resolve, reject };
    this.#exchanges.push({ command, ...answer, sentAtMs, timer });
    this.#socket.write(frame);
    return promise;
  }

  /** One command, one decoded reply; an error reply rejects as `RedisCaller.call` does. */
  async call(args: readonly (string | Uint8Array)[], timeoutMs: number): Promise<RespValue> {
    const command = args.slice(0, 2).find((word) => typeof word === "string") ?? "a command";
    const [raw] = await this.send(command, encodeFrame(args), 1, timeoutMs);
    const value = raw === undefined ? undefined : decodeReply(raw);
    if (value === undefined) {
      throw unexpectedReply(this.addr, command);
    }
    if (value.type === "error") {
      throw refusedBy(this.addr, command, value.text);
    }
    return value;
  }

  /** The text of an answer, latin1. */
  async callText(args: readonly string[], timeoutMs: number): Promise<string> {
    const value = await this.call(args, timeoutMs);
    if (value.type !== "bulk" && value.type !== "simple") {
      throw unexpectedReply(this.addr, args[0] ?? "");
    }
    return value.type === "bulk" ? value.bytes.toString("latin1") : value.text;
  }

  /** Selects a database. Nothing that depends on one may be under way. */
  async useDb(db: number, timeoutMs: number): Promise<void> {
    if (this.db !== db) {
      await this.call(["SELECT", `${db}`], timeoutMs);
      this.db = db;
    }
  }

  /** Ends the link at once. May be called twice. */
  close(): void {
    this.#fail(connectionLost(this.addr, "the connection was closed from this side"));
  }

  /** All at once; without its name a mover's connection would be taken for a transfer's (`doubt.ts`). */
  async #introduce(server: MoverServer, name: string): Promise<void> {
    const login =
      server.password === ""
        ? []
        : [["AUTH", ...(server.user === "" ? [] : [server.user]), server.password]];
    const commands = [...login, ["CLIENT", "SETNAME", name], ["CLIENT", "ID"], ["INFO", "server"]];
    const frame = Buffer.concat(commands.map((command) => encodeFrame(command)));
    const replies = await this.send("login", frame, commands.length, CONNECT_TIMEOUT_MS);
    for (const [index, raw] of replies.entries()) {
      if (isErrorReply(raw)) {
        const text = errorTextOf(raw);
        throw commands[index]?.[0] === "AUTH"
          ? loginRefused(this.addr, text, server.user === "" ? undefined : server.user)
          : refusedBy(this.addr, commands[index]?.slice(0, 2).join(" ") ?? "", text);
      }
    }
    const info = parseInfo(readText(replies.at(-1) ?? Buffer.alloc(0)));
    this.clientId = readInteger(replies.at(-2) ?? Buffer.alloc(0)) ?? 0;
    this.runId = info["run_id"] ?? "";
    this.uptimeSeconds = Number(info["uptime_in_seconds"] ?? 0);
    if (this.clientId === 0 || this.runId === "") {
      throw unexpectedReply(this.addr, "CLIENT ID and INFO");
    }
  }

  #onData(chunk: Buffer): void {
    this.answeredAtMs = performance.now();
    let start = 0;
    while (start < chunk.length && this.#failure === undefined) {
      if (this.#parts.length === 0) {
        start = this.#readIntegers(chunk, start);
        if (start === chunk.length) {
          return;
        }
      }
      const end =
        this.#parts.length === 0
          ? this.#scanner.scan(chunk, start, chunk.length)
          : this.#scanner.resume(chunk, start, chunk.length);
      if (end === REPLY_BAD) {
        this.#fail(connectionLost(this.addr, "what answers there doesn't speak RESP"));
        return;
      }
      const part = chunk.subarray(start, end === REPLY_INCOMPLETE ? chunk.length : end);
      if (end === REPLY_INCOMPLETE) {
        this.#keep(part);
        return;
      }
      start = end;
      this.#deliver(part);
    }
  }

  /** Numbers that are whole, if such are due; the position behind them. */
  #readIntegers(chunk: Buffer, start: number): number {
    let at = start;
    for (;;) {
      const exchange = this.#exchanges[0];
      if (exchange === undefined || exchange.replies.length < exchange.count) {
        return at;
      }
      at = exchange.integers.read(chunk, at);
      if (!exchange.integers.isComplete) {
        return at;
      }
      this.#complete(exchange);
    }
  }

  /** A part of a reply whose end hasn't come yet. */
  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
    if (this.#partBytes > REPLY_BYTES_MAX) {
      const problem = `a reply is larger than the ${REPLY_BYTES_MAX} bytes that are accepted`;
      this.#fail(connectionLost(this.addr, problem));
    }
  }

  #deliver(last: Buffer): void {
    const raw = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    if (this.#parts.length > 0) {
      this.#parts = [];
      this.#partBytes = 0;
    }
    const exchange = this.#exchanges[0];
    if (exchange === undefined) {
      const said = readText(raw).slice(0, 100);
      this.#fail(connectionLost(this.addr, `it sent a reply that nobody asked for: ${said}`));
      return;
    }
    if (exchange.replies.length < exchange.count) {
      exchange.replies.push(raw);
    } else {
      exchange.integers.take(raw);
    }
    if (exchange.replies.length === exchange.count && exchange.integers.isComplete) {
      this.#complete(exchange);
    }
  }

  /** The first one has all its replies. */
  #complete(exchange: Exchange): void {
    this.#exchanges.shift();
    clearTimeout(exchange.timer);
    this.shortestMs = Math.min(this.shortestMs, this.answeredAtMs - exchange.sentAtMs);
    exchange.resolve(exchange);
  }

  /** The first failure counts. */
  #fail(failure: CodisError): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#failure = failure;
    this.#hasLost = this.#exchanges.length > 0;
    this.#parts = [];
    this.#socket.destroy();
    for (const exchange of this.#exchanges.splice(0)) {
      clearTimeout(exchange.timer);
      exchange.reject(failure);
    }
  }
}
