/**
 * Calls between the supervisor and a worker in a child process: requests with an id, a deadline each, and
 * messages that need no answer, in both directions over one pipe.
 *
 * Both ends make a `Channel` of what they serve (`Local`) and what the other end serves (`Remote`); how bytes
 * travel is the business of whoever gives `send` (the pipe of `node:child_process` here). Messages arrive in
 * the order they were sent. Every call ends: with the answer, at its deadline, or when the channel closes.
 */
import { CodisError, ERROR_CODES, type ErrorCode, messageOf } from "../../base/error.ts";

/** Functions that one end serves; arguments and results are plain data (typed arrays included). */
export type Methods<T> = { readonly [K in keyof T]: (...args: never[]) => unknown };

/** One message on the pipe. */
export type ChannelMessage =
  /** A call; with id 0 nobody waits for an answer. */
  | { readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };

/** Bytes of offers that the other end may have before it; more are dropped. */
const OFFERED_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: CodisError) => void;
  readonly timer: NodeJS.Timeout;
}

type Served = (...args: readonly unknown[]) => unknown;

/** See the file head. */
export class Channel<Local extends Methods<Local>, Remote extends Methods<Remote>> {
  /** For messages: `worker 1`, `the supervisor`. */
  readonly #peerName: string;
  readonly #local: Readonly<Record<string, Served | undefined>>;
  readonly #send: (message: ChannelMessage) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #offeredBytes = 0;
  #closed: CodisError | undefined;

  /** `send` must not throw; what it can't deliver is answered by `close`. */
  constructor(peerName: string, local: Local, send: (message: ChannelMessage) => void) {
    this.#peerName = peerName;
    // What the other end asks for is checked by name only: both ends are this program.
    this.#local = local as unknown as Readonly<Record<string, Served | undefined>>;
    this.#send = send;
  }

  /**
   * Asks the other end. Rejects with the CodisError thrown there, or with `WORKER_FAILED` at the deadline
   * or when the channel closes.
   */
  call<K extends keyof Remote & string>(
    method: K,
    args: Parameters<Remote[K]>,
    timeoutMs: number,
  ): Promise<Awaited<ReturnType<Remote[K]>>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(this.#failure(`didn't answer ${method} within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#waiting.set(id, { method, resolve, reject, timer });
    this.#send({ id, method, args });
    return promise as Promise<Awaited<ReturnType<Remote[K]>>>;
  }

  /** Tells the other end something; lost when the channel is closed. */
  tell<K extends keyof Remote & string>(method: K, args: Parameters<Remote[K]>): void {
    if (this.#closed === undefined) this.#send({ id: 0, method, args });
  }

  /**
   * Tells the other end something of this size that it can do without: dropped while the other end doesn't
   * keep up, so that what waits for it is bounded. Never rejects.
   */
  async offer<K extends keyof Remote & string>(
    method: K,
    args: Parameters<Remote[K]>,
    bytes: number,
    timeoutMs: number,
  ): Promise<void> {
    if (this.#offeredBytes > 0 && this.#offeredBytes + bytes > OFFERED_BYTES_MAX) return;
    this.#offeredBytes += bytes;
    try {
      await this.call(method, args, timeoutMs);
    } catch {
      // The other end is gone or slow, and can do without.
    }
    this.#offeredBytes -= bytes;
  }

  /** A message has arrived. */
  receive(message: ChannelMessage): void {
    if ("method" in message) {
      this.#serve(message.id, message.method, message.args);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    // The answer to a call that was given up.
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if ("code" in message) waiting.reject(new CodisError(message.code, message.message));
    else waiting.resolve(message.result);
  }

  /** The other end is gone: all calls fail, those to come as well. May be called twice. */
  close(reason: string): void {
    this.#closed ??= this.#failure(reason);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#closed);
    }
    this.#waiting.clear();
  }

  async #serve(id: number, method: string, args: readonly unknown[]): Promise<void> {
    try {
      const served = this.#local[method];
      if (served === undefined) {
        throw new CodisError("INTERNAL", `${method} isn't served here`);
      }
      const result = await served.apply(this.#local, [...args]);
      if (id !== 0) this.#answer({ id, result });
    } catch (thrown) {
      const code = thrown instanceof CodisError ? thrown.code : "INTERNAL";
      if (id !== 0) this.#answer({ id, code, message: messageOf(thrown) });
    }
  }

  #answer(message: ChannelMessage): void {
    if (this.#closed === undefined) this.#send(message);
  }

  #failure(what: string): CodisError {
    return new CodisError("WORKER_FAILED", `${this.#peerName} ${what}`);
  }
}

/** Whether something that came over a pipe is a message of a channel. */
export function isChannelMessage(value: unknown): value is ChannelMessage {
  if (typeof value !== "object" || value === null || !("id" in value)) return false;
  if ("method" in value) return typeof value.method === "string";
  return "result" in value || ("code" in value && String(value.code) in ERROR_CODES);
}
