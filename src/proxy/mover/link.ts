/**
 * One connection of a mover to a server: commands in, promises of decoded replies out, in RESP2 and in order.
 *
 * Everything given in one turn goes out in one write. A reply that stays out for too long, or bytes that make
 * no sense, end the connection: then all that wait for a reply get `LinkLost`, and nobody knows whether their
 * commands were carried out. Nothing is sent again and nothing reconnects here.
 */
import type { Connection, ConnectionOwner } from "../../net/connection.ts";
import { dial } from "../../net/socket.ts";
import { encodeRequest } from "../../resp/inline-request.ts";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../resp/reply-scanner.ts";
import { decodeReply, type RespValue } from "../../resp/value.ts";
import { socketAddrOf } from "../backend/backend.ts";
import type { ServerLogin } from "../backend/server-login.ts";
import { LinkLost, ServerRefused } from "./trouble.ts";

/** Where to connect and who says so. */
export interface LinkSettings {
  /** `host:port`. */
  readonly addr: string;
  /** What CLIENT LIST shows. */
  readonly name: string;
  /** Empty: the default user. */
  readonly user: string;
  /** Empty: no login. */
  readonly password: string;
  /** Instead of user and password, when it is there: may change between two connections. */
  readonly login?: ServerLogin;
  /** For the connection, and again for the login. */
  readonly dialTimeoutMs: number;
}

/** Arguments of a command. */
export type Argv = readonly (string | Uint8Array)[];

/** Commands whose replies are awaited together. */
interface Order {
  readonly values: RespValue[];
  readonly due: number;
  readonly resolve: (values: readonly RespValue[]) => void;
  readonly reject: (error: LinkLost) => void;
  readonly timer: NodeJS.Timeout;
}

/** Longest reply: CLIENT LIST of some ten thousand connections. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

/** See the file head. */
export class MoverLink implements ConnectionOwner {
  readonly addr: string;
  /** When bytes of the server were read last, monotonic ms; 0 before the first. */
  lastReplyMs = 0;
  #connection: Connection | undefined;
  readonly #orders: Order[] = [];
  readonly #scanner = new ReplyScanner();
  /** Of a reply that isn't whole yet. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #lost: LinkLost | undefined;
  #db = 0;
  /** Databases that the server has. */
  readonly #knownDbs = new Set([0]);

  private constructor(addr: string) {
    this.addr = addr;
  }

  /** Connects, logs in and names the connection. Rejects with `LinkLost` or `ServerRefused`. */
  static async open(settings: LinkSettings): Promise<MoverLink> {
    const { addr, name, dialTimeoutMs } = settings;
    const link = new MoverLink(addr);
    try {
      const options = { timeoutMs: dialTimeoutMs, keepAliveMs: 0 };
      link.#connection = await dial(socketAddrOf(addr), options, link);
    } catch (thrown) {
      const cause = (thrown as Error).message;
      throw new LinkLost(`${addr} can't be reached: ${cause}`, cause === "connection refused");
    }
    const { user, password } = settings.login ?? settings;
    const login = user === "" ? ["AUTH", password] : ["AUTH", user, password];
    const steps: Argv[] = password === "" ? [] : [login];
    steps.push(["CLIENT", "SETNAME", name]);
    try {
      const replies = await link.callAll(steps, dialTimeoutMs);
      for (const reply of replies) throwIfRefused(reply, addr);
    } catch (thrown) {
      link.close();
      throw thrown;
    }
    return link;
  }

  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** The reply, an error reply as well; rejects with `LinkLost`. */
  async call(argv: Argv, timeoutMs: number): Promise<RespValue> {
    const [value] = await this.callAll([argv], timeoutMs);
    return value as RespValue;
  }

  /** All replies in order, error replies as well; rejects with `LinkLost`. At least one command. */
  callAll(argvs: readonly Argv[], timeoutMs: number): Promise<readonly RespValue[]> {
    const connection = this.#connection;
    if (this.#lost !== undefined || connection === undefined) {
      return Promise.reject(this.#lost ?? new LinkLost(`${this.addr} isn't connected`, false));
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly RespValue[]>();
    const timer = setTimeout(
      () => this.#lose(`${this.addr} didn't answer ${argvs[0]?.[0]} within ${timeoutMs} ms`),
      timeoutMs,
    );
    this.#orders.push({ values: [], due: argvs.length, resolve, reject, timer });
    for (const argv of argvs) {
      const frame = encodeRequest(argv);
      connection.append(frame, 0, frame.length);
    }
    return promise;
  }

  /**
   * As `callAll`, in a database. A database is selected together with the commands only when it is known that the
   * server has it: else they would run in another one. Rejects with `ServerRefused` when it hasn't.
   */
  async callIn(
    db: number,
    argvs: readonly Argv[],
    timeoutMs: number,
  ): Promise<readonly RespValue[]> {
    if (db === this.#db) return this.callAll(argvs, timeoutMs);
    const select = ["SELECT", String(db)];
    if (!this.#knownDbs.has(db)) {
      throwIfRefused(await this.call(select, timeoutMs), this.addr);
      this.#knownDbs.add(db);
      this.#db = db;
      return this.callAll(argvs, timeoutMs);
    }
    this.#db = db;
    const [, ...replies] = await this.callAll([select, ...argvs], timeoutMs);
    return replies;
  }

  /** Gives up what isn't with the server yet, and with it the connection. */
  cutUnsent(): void {
    if ((this.#connection?.pendingBytes ?? 0) > 0) {
      this.#lose(`what ${this.addr} should get became too old`);
    }
  }

  close(): void {
    this.#lose(`the connection to ${this.addr} was closed`);
  }

  onData(chunk: Buffer): void {
    this.lastReplyMs = performance.now();
    let pos = 0;
    while (pos < chunk.length && this.#lost === undefined) {
      const isInside = this.#parts.length > 0;
      const next = isInside
        ? this.#scanner.resume(chunk, pos, chunk.length)
        : this.#scanner.scan(chunk, pos, chunk.length);
      if (next === REPLY_BAD) {
        this.#lose(`${this.addr} answers with bytes that are no RESP`);
        return;
      }
      const end = next === REPLY_INCOMPLETE ? chunk.length : next;
      this.#parts.push(chunk.subarray(pos, end));
      this.#partBytes += end - pos;
      if (this.#partBytes > REPLY_BYTES_MAX) {
        this.#lose(`${this.addr} answers with more than ${REPLY_BYTES_MAX} bytes`);
        return;
      }
      if (next === REPLY_INCOMPLETE) return;
      this.#takeReply();
      pos = next;
    }
  }

  onOutputPending(): void {
    // One batch of bounded size is under way at a time.
  }

  onDrain(): void {
    // Nothing waits for it.
  }

  onEnd(): void {
    this.#lose(`${this.addr} closed the connection`);
  }

  onClose(cause: string): void {
    this.#lose(
      cause === "" ? `${this.addr} closed the connection` : `connection to ${this.addr}: ${cause}`,
    );
  }

  #takeReply(): void {
    const raw = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    const order = this.#orders[0];
    const value = decodeReply(raw);
    if (order === undefined || value === undefined) {
      this.#lose(`${this.addr} answers with a reply that nobody asked for`);
      return;
    }
    order.values.push(value);
    if (order.values.length < order.due) return;
    this.#orders.shift();
    clearTimeout(order.timer);
    order.resolve(order.values);
  }

  #lose(cause: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new LinkLost(cause, false);
    this.#connection?.abandon();
    this.#parts = [];
    for (const order of this.#orders.splice(0)) {
      clearTimeout(order.timer);
      order.reject(this.#lost);
    }
  }
}

/** Throws `ServerRefused` for an error reply. */
export function throwIfRefused(value: RespValue, addr: string): void {
  if (value.type === "error") throw new ServerRefused(`${addr} answers: ${value.text}`);
}
