/**
 * One HTTP call with JSON to another program of the product, with every wait bounded. Used by the typed
 * clients; nothing else speaks HTTP outwards. Any status from 300 on is a failure, so the 800 and 1500
 * of Codis are as well; a redirect isn't followed.
 */
import { type IncomingMessage, request } from "node:http";
import { CodisError, ERROR_CODES, type ErrorCode, messageOf, systemCodeOf } from "../base/error.ts";
import { parseServerAddr } from "../model/address.ts";
import { decodeErrorCause } from "./error-form.ts";
import { ERROR_CODE_HEADER } from "./proxy-route.ts";

/** One call. */
export interface HttpCall {
  /** `host:port`. */
  readonly addr: string;
  readonly method: "GET" | "PUT";
  /** Path as sent. */
  readonly path: string;
  /** Path for error lines, without secrets. */
  readonly shownPath: string;
  /** Sent as JSON when it is given. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole call. */
  readonly timeoutMs: number;
}

/** Longest answer that is read. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Statuses that mean success on the paths of Codis and on ours. */
const STATUS_OK_MAX = 299;

/**
 * Makes the call; resolves with the text of the answer. Rejects with `REMOTE_UNREACHABLE`,
 * `REMOTE_REFUSED`, or the code that the other side names in its header.
 */
export async function callHttp(call: HttpCall): Promise<string> {
  const what = `${call.method} ${call.shownPath} of ${call.addr}`;
  let answer: { readonly status: number; readonly text: string; readonly code: string | undefined };
  try {
    answer = await exchange(call);
  } catch (cause) {
    if (cause instanceof CodisError) {
      throw cause;
    }
    const why = systemCodeOf(cause) ?? messageOf(cause);
    throw new CodisError("REMOTE_UNREACHABLE", `${what}: ${why}`, { cause });
  }
  if (answer.status <= STATUS_OK_MAX) {
    return answer.text;
  }
  const reason = decodeErrorCause(answer.text);
  const message = reason ?? `answered status ${answer.status}`;
  throw new CodisError(toErrorCode(answer.code), `${what}: ${message}`, {
    context: { status: answer.status },
  });
}

function exchange(
  call: HttpCall,
): Promise<{ status: number; text: string; code: string | undefined }> {
  const target = parseServerAddr(call.addr);
  if (target === undefined) {
    throw new CodisError("ADDRESS_INVALID", `invalid address ${call.addr}: expected host:port`);
  }
  const body = call.body === undefined ? undefined : JSON.stringify(call.body, undefined, 4);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: target.host,
      port: target.port,
      method: call.method,
      path: call.path,
      // A connection of its own for each call: calls are rare, and a stale one would cost a retry.
      agent: false,
      headers: {
        ...call.headers,
        "Content-Length": body === undefined ? 0 : Buffer.byteLength(body),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
    });
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${call.timeoutMs} ms`));
    }, call.timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on("error", fail);
    outgoing.on("response", (response) => {
      readText(response).then((text) => {
        clearTimeout(timer);
        const code = response.headers[ERROR_CODE_HEADER];
        const status = response.statusCode ?? 0;
        resolve({ status, text, code: typeof code === "string" ? code : undefined });
      }, fail);
    });
    outgoing.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > ANSWER_BYTES_MAX) {
      throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function toErrorCode(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code)
    ? (code as ErrorCode)
    : "REMOTE_REFUSED";
}
