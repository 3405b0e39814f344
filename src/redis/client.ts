/**
 * One connection of the control plane to a Redis server: commands in, promises of decoded replies out, in RESP2
 * (stock Redis, Valkey and codis-server alike). Calls may be sent without waiting for earlier ones; replies
 * come in order.
 *
 * A connection that let a deadline pass, was closed, or got bytes that are no RESP is dropped, and all calls
 * that wait on it fail: what was sent may have been done or not. Nothing is sent again and nothing
 * reconnects here; `ServerConnection` does for those who want it.
 */
import { connect, type Socket } from "node:net";
import { CodisError } from "../base/error.ts";
import { parseServerAddr } from "../model/address.ts";
import { encodeCommand } from "../resp/encode.ts";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../resp/reply-scanner.ts";
import { decodeReply, type RespValue } from "../resp/value.ts";
import { logIn } from "./login.ts";
import { itemsOf, textOf } from "./reply.ts";
import { connectFailed, connectionLost, refusedBy, timedOut } from "./server-error.ts";

/** Who connects where, and how long anything may take. */
export interface RedisClientOptions {
  /** `host:port`. */
  readonly addr: string;
  /** ACL user (Redis >= 6); undefined: the default user. */
  readonly user?: string | undefined;
  /** Empty or undefined: no login. */
  readonly password?: string | undefined;
  /** Default 0. */
  readonly db?: number | undefined;
  /** What CLIENT LIST shows; default `codis-dashboard`. */
  readonly name?: string | undefined;
  /** TCP connection and login together, milliseconds; default 2000. */
  readonly connectTimeoutMs?: number | undefined;
  /** For each call that says nothing else, milliseconds; default 5000. */
  readonly callTimeoutMs?: number | undefined;
  /** Largest reply, bytes; default 64 MB. A larger one ends the connection. */
  readonly replyBytesMax?: number | undefined;
  /** Ends the connection, also while it is being made. */
  readonly signal?: AbortSignal | undefined;
  /** Channel and text of what was published to a channel that this connection subscribed to. Must not throw. */
  readonly onMessage?: ((channel: string, text: string) => void) | undefined;
}

/** How one call differs from the others. */
export interface CallOptions {
  /** Milliseconds from now until the reply must be there. */
  readonly timeoutMs?: number | undefined;
}

/** Something that takes commands for one server. */
export interface RedisCaller {
  readonly addr: string;
  /**
   * The reply, never an error reply: that rejects as SERVER_REFUSED, SERVER_AUTH_FAILED (NOAUTH) or
   * SERVER_LOADING. No reply rejects as SERVER_UNREACHABLE. Strings are sent as UTF-8.
   */
  call(args: readonly (string | Uint8Array)[], options?: CallOptions): Promise<RespValue>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** Calls that may wait for their replies on one connection. */
const PENDING_CALLS_MAX = 1_024;
/** Bytes that may wait for a server that doesn't read. */
const UNSENT_BYTES_MAX = 64 * 1024 * 1024;

interface PendingCall {
  readonly command: string;
  readonly resolve: (value: RespValue) => void;
  readonly reject: (error: CodisError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** See the file head. */
export class RedisClient implements RedisCaller {
  readonly addr: string;
  readonly #socket: Socket;
  readonly #callTimeoutMs: number;
  readonly #replyBytesMax: number;
  readonly #calls: PendingCall[] = [];
  readonly #scanner = new ReplyScanner();
  /** Chunks of a reply that isn't whole yet, and their bytes. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #failure: CodisError | undefined;
  /** Settled by the first of: connected, failed. */
  readonly #connected = Promise.withResolvers<void>();
  #isConnected = false;
  readonly #onMessage: RedisClientOptions["onMessage"];
  /** Forgets the caller's signal, which may live longer than many connections. */
  #forgetSignal: () => void = () => undefined;

  private constructor(options: RedisClientOptions, socket: Socket) {
    this.addr = options.addr;
    this.#socket = socket;
    this.#callTimeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_MS;
    this.#replyBytesMax = options.replyBytesMax ?? REPLY_BYTES_MAX;
    this.#onMessage = options.onMessage;
    socket.setNoDelay(true);
    socket.on("connect", () => {
      this.#isConnected = true;
      this.#connected.resolve();
    });
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", (cause) =>
      this.#fail(
        this.#isConnected
          ? connectionLost(this.addr, `the connection broke: ${cause.message}`)
          : connectFailed(this.addr, cause),
      ),
    );
    socket.on("close", () => this.#fail(connectionLost(this.addr, "it closed the connection")));
    this.#listenTo(options.signal);
  }

  /**
   * Connects and logs in. Throws SERVER_UNREACHABLE, SERVER_AUTH_FAILED (which password is missing, wrong or
   * not needed), SERVER_REFUSED, or ADDRESS_INVALID.
   */
  static async connect(options: RedisClientOptions): Promise<RedisClient> {
    const at = parseServerAddr(options.addr);
    if (at === undefined) {
      throw new CodisError(
        "ADDRESS_INVALID",
        `"${options.addr}" is no address of a server; expected host:port like 127.0.0.1:6379`,
      );
    }
    const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const client = new RedisClient(options, connect({ host: at.host, port: at.port }));
    const timer = setTimeout(
      () => client.#fail(timedOut(options.addr, "login", timeoutMs)),
      timeoutMs,
    );
    try {
      await client.#connected.promise;
      await logIn(client, options);
      return client;
    } catch (thrown) {
      client.close();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  /** False once the connection has ended, for whatever reason. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** See `RedisCaller.call`; TOO_BUSY when more than 1024 calls wait. */
  call(args: readonly (string | Uint8Array)[], options: CallOptions = {}): Promise<RespValue> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    if (this.#calls.length >= PENDING_CALLS_MAX || this.#socket.writableLength > UNSENT_BYTES_MAX) {
      return Promise.reject(
        new CodisError("TOO_BUSY", `server ${this.addr}: too many calls wait for it; try later`),
      );
    }
    const command = commandName(args);
    const timeoutMs = options.timeoutMs ?? this.#callTimeoutMs;
    const reply = new Promise<RespValue>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#fail(timedOut(this.addr, `reply to ${command}`, timeoutMs)),
        timeoutMs,
      );
      this.#calls.push({ command, resolve, reject, timer });
    });
    this.#socket.write(encodeCommand(args));
    return reply;
  }

  /** Ends the connection at once; calls that wait fail as SERVER_UNREACHABLE. May be called twice. */
  close(): void {
    this.#fail(connectionLost(this.addr, "the connection was closed from this side"));
  }

  #listenTo(signal: AbortSignal | undefined): void {
    const close = () => this.close();
    if (signal?.aborted === true) {
      close();
      return;
    }
    signal?.addEventListener("abort", close, { once: true });
    this.#forgetSignal = () => signal?.removeEventListener("abort", close);
  }

  #onData(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length && this.#failure === undefined) {
      const isNew = this.#parts.length === 0;
      const end = isNew
        ? this.#scanner.scan(chunk, start, chunk.length)
        : this.#scanner.resume(chunk, start, chunk.length);
      if (end === REPLY_BAD) {
        this.#fail(connectionLost(this.addr, "what answers there doesn't speak RESP"));
        return;
      }
      const part = chunk.subarray(start, end === REPLY_INCOMPLETE ? chunk.length : end);
      this.#partBytes += part.length;
      if (this.#partBytes > this.#replyBytesMax) {
        const problem = `a reply is larger than the ${this.#replyBytesMax} bytes that are accepted`;
        this.#fail(connectionLost(this.addr, problem));
        return;
      }
      this.#parts.push(part);
      if (end === REPLY_INCOMPLETE) {
        return;
      }
      start = end;
      this.#deliver();
    }
  }

  /** The reply in `#parts` is whole. */
  #deliver(): void {
    const raw = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    const value = raw === undefined ? undefined : decodeReply(raw);
    if (this.#onMessage !== undefined && this.#tellMessage(value)) {
      return;
    }
    const call = this.#calls[0];
    if (value === undefined || call === undefined) {
      const problem = call === undefined ? "it sent a reply that nobody asked for" : "bad RESP";
      this.#fail(connectionLost(this.addr, problem));
      return;
    }
    this.#calls.shift();
    clearTimeout(call.timer);
    if (value.type === "error") {
      call.reject(refusedBy(this.addr, call.command, value.text));
    } else {
      call.resolve(value);
    }
  }

  /** Whether it is a message of a channel, which answers no call; then it was handed on. */
  #tellMessage(value: RespValue | undefined): boolean {
    const [kind, channel, text] = itemsOf(value) ?? [];
    if (textOf(kind) !== "message") {
      return false;
    }
    this.#onMessage?.(textOf(channel) ?? "", textOf(text) ?? "");
    return true;
  }

  /** The first failure counts. */
  #fail(failure: CodisError): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#failure = failure;
    this.#parts = [];
    this.#forgetSignal();
    this.#socket.destroy();
    this.#connected.reject(failure);
    for (const call of this.#calls.splice(0)) {
      clearTimeout(call.timer);
      call.reject(failure);
    }
  }
}

/** Commands whose second word says what is done. */
const CONTAINERS: ReadonlySet<string> = new Set(["CONFIG", "CLIENT", "FUNCTION", "SCRIPT", "ACL"]);

/** The name for messages; never an argument, which may be a password or a key. */
function commandName(args: readonly (string | Uint8Array)[]): string {
  const [first, second] = args;
  const name = typeof first === "string" ? first.toUpperCase() : "a command";
  return CONTAINERS.has(name) && typeof second === "string"
    ? `${name} ${second.toUpperCase()}`
    : name;
}
