/**
 * What a backend connection says before its first request: log in, name itself, choose protocol and
 * database. Every reply must be a success before any request is sent (design section 5).
 */
import { encodeRequest } from "../../resp/inline-request.ts";
import { REPLY_BAD, REPLY_INCOMPLETE, ReplyScanner } from "../../resp/reply-scanner.ts";
import type { ServerLogin } from "./server-login.ts";

/** Everything a backend needs to know, fixed for its life. */
export interface BackendSettings {
  /** `host:port`, or the path of a unix socket. */
  readonly addr: string;
  readonly db: number;
  readonly proto: 2 | 3;
  /** Which of the parallel connections to the same server and database this is. */
  readonly lane: number;
  /** `codis-proxy-<token>-<worker>`: how servers and operators see the connection. */
  readonly name: string;
  /** User for AUTH; empty for the default user. */
  readonly user: string;
  readonly password: string;
  /** Instead of user and password, when it is there: may change between two connections. */
  readonly login?: ServerLogin;
  readonly dialTimeoutMs: number;
  readonly recvTimeoutMs: number;
  /** How long output may wait without the server taking a byte; 0 is for ever. */
  readonly sendTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly pingPeriodMs: number;
  readonly maxPipeline: number;
  readonly maxQueueBytes: number;
  /** Failed tries in a row after which nothing waits for the server any more. */
  readonly failLimit: number;
  readonly maxRetryDelayMs: number;
}

/** One command of the handshake. */
export interface HandshakeStep {
  readonly name: string;
  readonly frame: Buffer;
}

/** The commands in order; empty when there is nothing to say. */
export function handshakeSteps(settings: BackendSettings): HandshakeStep[] {
  const { proto, name, db } = settings;
  const { user, password } = settings.login ?? settings;
  const steps: HandshakeStep[] = [];
  const add = (args: readonly string[]): void => {
    steps.push({ name: args[0] as string, frame: encodeRequest(args) });
  };
  if (password !== "") add(user === "" ? ["AUTH", password] : ["AUTH", user, password]);
  if (proto === 3) add(["HELLO", "3"]);
  if (name !== "") add(["CLIENT", "SETNAME", name]);
  if (db !== 0) add(["SELECT", String(db)]);
  return steps;
}

/** One handshake under way: what was sent, and the replies as they come. */
export class Handshake {
  readonly steps: readonly HandshakeStep[];
  /** Empty, or why the connection can't be used. */
  failure = "";
  /** The server refused HELLO 3: it speaks RESP2 only. */
  isHelloUnknown = false;
  #doneCount = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(settings: BackendSettings) {
    this.steps = handshakeSteps(settings);
  }

  get isDone(): boolean {
    return this.#doneCount === this.steps.length;
  }

  /** Takes a chunk; when `isDone` afterwards, the replies of requests begin at the returned position. */
  read(chunk: Buffer): number {
    const restBytes = this.#rest.length;
    const data = restBytes === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let pos = 0;
    while (!this.isDone && pos < data.length) {
      const next = new ReplyScanner().scan(data, pos, data.length);
      if (next === REPLY_INCOMPLETE) break;
      const { name } = this.steps[this.#doneCount] as HandshakeStep;
      if (next === REPLY_BAD) this.failure = `bad reply to ${name}`;
      else if (data[pos] === MINUS) this.#refused(name, data.toString("latin1", pos + 1, next - 2));
      if (this.failure !== "") return 0;
      this.#doneCount++;
      pos = next;
    }
    this.#rest = this.isDone ? Buffer.alloc(0) : Buffer.from(data.subarray(pos));
    return pos - restBytes;
  }

  #refused(name: string, text: string): void {
    this.failure = `${name} failed: ${text}`;
    this.isHelloUnknown =
      name === "HELLO" && (text.startsWith("NOPROTO") || text.startsWith("ERR unknown command"));
  }
}

const MINUS = 45;
