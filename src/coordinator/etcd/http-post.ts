/**
 * One HTTP POST to one etcd server, for a whole answer or for a stream of lines. Every exchange has a
 * connection of its own: a kept one that the server has closed meanwhile would leave open whether the
 * request was taken, or make the runtime send it again.
 *
 * Nothing here throws: how an exchange ended is a value, and says whether the server may have got it.
 */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { messageOf, systemCodeOf } from "../../base/error.ts";
import type { EtcdAddress } from "./etcd-address.ts";

/** What to send. */
export interface HttpPost {
  readonly address: EtcdAddress;
  readonly path: string;
  /** JSON. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the connection alone. */
  readonly connectMs: number;
  /** For the whole exchange; of a stream, until its first line. */
  readonly timeoutMs: number;
  /** Ends the exchange at once. */
  readonly signal: AbortSignal;
}

/** How an exchange ended. `wasSent`: the server may have got the request, and may still carry it out. */
export type HttpOutcome =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  | {
      readonly kind: "failure";
      readonly reason: string;
      readonly wasSent: boolean;
      readonly isTooLarge: boolean;
    };

/** Longest answer that is read, and longest line of a stream. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Sends it and reads the whole answer. */
export async function post(exchange: HttpPost): Promise<HttpOutcome> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  const end = await run(exchange, (chunk) => {
    chunks.push(chunk);
    byteCount += chunk.length;
    return byteCount <= ANSWER_BYTES_MAX;
  });
  return end.kind === "end"
    ? { kind: "answer", status: end.status, text: Buffer.concat(chunks).toString("utf8") }
    : end;
}

/**
 * Sends it and calls `onLine` for each line of the answer, until the stream ends, breaks or is ended by
 * the signal. A first line that doesn't come within `timeoutMs` ends it too.
 */
export async function postForLines(
  exchange: HttpPost,
  onLine: (line: string) => void,
): Promise<HttpOutcome> {
  let waiting: Buffer[] = [];
  let byteCount = 0;
  const end = await run(exchange, (chunk, isFirst) => {
    let start = 0;
    isFirst();
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...waiting, chunk.subarray(start, at)]).toString("utf8");
      waiting = [];
      byteCount = 0;
      start = at + 1;
      if (line.trim() !== "") {
        onLine(line);
      }
    }
    waiting.push(chunk.subarray(start));
    byteCount += chunk.length - start;
    return byteCount <= ANSWER_BYTES_MAX;
  });
  return end.kind === "end"
    ? { kind: "answer", status: end.status, text: Buffer.concat(waiting).toString("utf8") }
    : end;
}

type RunEnd =
  | { readonly kind: "end"; readonly status: number }
  | Extract<HttpOutcome, { readonly kind: "failure" }>;

/** Takes a piece of the answer; `stopClock` ends the time limit; false: that is more than is read. */
type OnChunk = (chunk: Buffer, stopClock: () => void) => boolean;

function run(exchange: HttpPost, onChunk: OnChunk): Promise<RunEnd> {
  return new Promise((resolve) => {
    let wasSent = false;
    let isTooLarge = false;
    const outgoing = start(exchange);
    const stop = (why: string): void => {
      outgoing.destroy(new Error(why));
    };
    const clock = setTimeout(() => {
      stop(`no answer within ${Math.round(exchange.timeoutMs)} ms`);
    }, exchange.timeoutMs);
    const connectClock = setTimeout(() => {
      if (!wasSent) {
        stop(`no connection within ${Math.round(exchange.connectMs)} ms`);
      }
    }, exchange.connectMs);
    const onAbort = (): void => stop("ended from this side");
    const settle = (end: RunEnd): void => {
      clearTimeout(clock);
      clearTimeout(connectClock);
      exchange.signal.removeEventListener("abort", onAbort);
      resolve(end);
    };
    const fail = (error: unknown): void => {
      const code = systemCodeOf(error);
      const reason = code === undefined || code === "ECONNRESET" ? messageOf(error) : code;
      settle({ kind: "failure", reason, wasSent, isTooLarge });
    };
    outgoing.on("socket", (socket) => {
      socket.once("connect", () => {
        wasSent = true;
      });
    });
    outgoing.on("error", fail);
    outgoing.on("response", (response: IncomingMessage) => {
      response.on("data", (chunk: Buffer) => {
        if (!onChunk(chunk, () => clearTimeout(clock))) {
          isTooLarge = true;
          stop(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
        }
      });
      response.on("error", fail);
      response.on("end", () => settle({ kind: "end", status: response.statusCode ?? 0 }));
    });
    exchange.signal.addEventListener("abort", onAbort);
    if (exchange.signal.aborted) {
      onAbort();
    }
    outgoing.end(exchange.body);
  });
}

function start(exchange: HttpPost): ClientRequest {
  return request({
    host: exchange.address.host,
    port: exchange.address.port,
    method: "POST",
    path: exchange.path,
    agent: false,
    headers: {
      ...exchange.headers,
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(exchange.body),
    },
  });
}
