/**
 * One HTTP call with JSON to another program of the product, with every wait bounded. Used by the typed
 * clients; nothing else speaks HTTP outwards. Any status from 300 on is a failure, so the 800 and 1500
 * of Codis are as well; a redirect isn't followed.
 *
 * Calls that are made often share connections through an agent. The other side may close such a connection
 * at the very moment when it is used again; then the call is made once more, on a new one.
 */
import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from "node:http";
import { CodisError, ERROR_CODES, type ErrorCode, messageOf, systemCodeOf } from "../base/error.ts";
import { type HostPort, parseServerAddr } from "../model/address.ts";
import { decodeErrorText, ERROR_CODE_HEADER } from "./error-form.ts";

/** One call. */
export interface HttpCall {
  /** `host:port`. */
  readonly addr: string;
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Path as sent. */
  readonly path: string;
  /** Path for error lines, without secrets. */
  readonly shownPath: string;
  /** Sent as JSON when it is given; bytes are sent as they are, so that many calls can share them. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole call. */
  readonly timeoutMs: number;
  /**
   * Keeps connections for the next call; without it each call opens its own. Only for calls that may be
   * made twice without harm.
   */
  readonly agent?: Agent | undefined;
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /** Longest answer that is read; 64 MiB. */
  readonly answerBytesMax?: number | undefined;
}

/** A successful answer. */
export interface HttpAnswer {
  readonly text: string;
  /** Names in small letters. */
  readonly headers: IncomingHttpHeaders;
  /** The call opened a connection; false: it used one that was kept. */
  readonly isNewConnection: boolean;
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Statuses that mean success on the paths of Codis and on ours. */
const STATUS_OK_MAX = 299;

/** `exchangeHttp` for those who need the text of the answer only. */
export async function callHttp(call: HttpCall): Promise<string> {
  return (await exchangeHttp(call)).text;
}

/**
 * Makes the call; resolves with the answer. Rejects with `REMOTE_UNREACHABLE` (`context.isTimedOut` tells
 * whether the time was up), `REMOTE_REFUSED`, or the code that the other side names in its header
 * (`context.reason` is what it says, without the call).
 */
export async function exchangeHttp(call: HttpCall): Promise<HttpAnswer> {
  const what = `${call.method} ${call.shownPath} of ${call.addr}`;
  let answer: RawAnswer;
  try {
    answer = await exchange(call);
  } catch (cause) {
    if (cause instanceof CodisError) {
      throw cause;
    }
    const isTimedOut = cause instanceof TimeUp;
    const why = systemCodeOf(cause) ?? messageOf(cause);
    throw new CodisError("REMOTE_UNREACHABLE", `${what}: ${why}`, {
      cause,
      context: { isTimedOut },
    });
  }
  if (answer.status <= STATUS_OK_MAX) {
    return answer;
  }
  const code = answer.headers[ERROR_CODE_HEADER];
  // The paths of Codis 2.0 answer a failure with a bare text; only those of ours name a code with it.
  const reason =
    decodeErrorText(answer.text) ?? (code === undefined ? undefined : answer.text.trim());
  const message = reason ?? `answered status ${answer.status}`;
  throw new CodisError(toErrorCode(code), `${what}: ${message}`, {
    context: { status: answer.status, reason },
  });
}

/**
 * The value of a successful answer of `addr`. Throws `REMOTE_REFUSED` when it isn't JSON. Its form is taken as
 * the other side's API says; whoever stores it checks it.
 */
export function parseAnswer<T>(addr: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new CodisError("REMOTE_REFUSED", `${addr} answered something else than JSON`, { cause });
  }
}

interface RawAnswer extends HttpAnswer {
  readonly status: number;
}

class TimeUp extends Error {}

async function exchange(call: HttpCall): Promise<RawAnswer> {
  const target = parseServerAddr(call.addr);
  if (target === undefined) {
    throw new CodisError("ADDRESS_INVALID", `invalid address ${call.addr}: expected host:port`);
  }
  const body = encodeBody(call.body);
  const endsAtMs = performance.now() + call.timeoutMs;
  // Every connection that was kept may be stale; the agent keeps few.
  for (;;) {
    const attempt = new Attempt(call, target, body);
    try {
      return await attempt.run(endsAtMs - performance.now());
    } catch (thrown) {
      if (!attempt.wasStale(thrown)) {
        throw thrown;
      }
    }
  }
}

function encodeBody(body: unknown): string | Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array
    ? body
    : JSON.stringify(body, undefined, 4);
}

/** The call on one connection. */
class Attempt {
  readonly #call: HttpCall;
  readonly #body: string | Uint8Array | undefined;
  readonly #outgoing: ClientRequest;
  #isAnswered = false;

  constructor(call: HttpCall, target: HostPort, body: string | Uint8Array | undefined) {
    this.#call = call;
    this.#body = body;
    this.#outgoing = request({
      host: target.host,
      port: target.port,
      method: call.method,
      path: call.path,
      agent: call.agent ?? false,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headers: {
        ...call.headers,
        "Content-Length": body === undefined ? 0 : Buffer.byteLength(body),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
    });
  }

  run(leftMs: number): Promise<RawAnswer> {
    const outgoing = this.#outgoing;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          outgoing.destroy(new TimeUp(`no answer within ${this.#call.timeoutMs} ms`));
        },
        Math.max(0, leftMs),
      );
      const fail = (error: Error) => {
        clearTimeout(timer);
        outgoing.destroy();
        reject(error);
      };
      outgoing.on("error", fail);
      outgoing.on("response", (response) => {
        this.#isAnswered = true;
        readText(response, this.#call.answerBytesMax ?? ANSWER_BYTES_MAX).then((text) => {
          clearTimeout(timer);
          resolve({
            status: response.statusCode ?? 0,
            text,
            headers: response.headers,
            isNewConnection: !outgoing.reusedSocket,
          });
        }, fail);
      });
      outgoing.end(this.#body);
    });
  }

  /** Whether it failed only because the other side had closed the kept connection. */
  wasStale(thrown: unknown): boolean {
    const code = systemCodeOf(thrown);
    const isClosed = code === "ECONNRESET" || code === "EPIPE";
    return isClosed && this.#outgoing.reusedSocket && !this.#isAnswered;
  }
}

async function readText(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > bytesMax) {
      throw new Error(`the answer is longer than ${bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function toErrorCode(code: string | readonly string[] | undefined): ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code)
    ? (code as ErrorCode)
    : "REMOTE_REFUSED";
}
