/**
 * One HTTP POST to a receiver of metrics, with every wait bounded. The receiver is somebody else's program,
 * given by URL: http or https, any path. Its answer doesn't matter but for its status.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { CodisError, messageOf, systemCodeOf } from "../../base/error.ts";

/** For the whole exchange, as the original's client of InfluxDB. */
const POST_TIMEOUT_MS = 5000;
/** Of an error's body that is shown in the log. */
const SHOWN_CHARS_MAX = 200;
/** Of the answer that is read; a longer one is cut off. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** What is sent. */
export interface Post {
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
  /** Sent as basic authentication. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly timeoutMs?: number;
}

/**
 * Resolves when the receiver took it (a status of 2xx). Rejects with `REMOTE_UNREACHABLE` or
 * `REMOTE_REFUSED`; the line names the URL without login and query.
 */
export async function post(message: Post): Promise<void> {
  const shown = `${message.url.origin}${message.url.pathname}`;
  const request =
    message.url.protocol === "https:" ? (await import("node:https")).request : requestHttp;
  const answer = await exchange(message, request).catch((cause: unknown) => {
    const why = systemCodeOf(cause) ?? messageOf(cause);
    throw new CodisError("REMOTE_UNREACHABLE", `POST ${shown}: ${why}`, { cause });
  });
  if (answer.status < 200 || answer.status > 299) {
    const text = answer.text.replaceAll(/\s+/g, " ").trim().slice(0, SHOWN_CHARS_MAX);
    throw new CodisError("REMOTE_REFUSED", `POST ${shown}: status ${answer.status} ${text}`.trim());
  }
}

function exchange(
  { url, contentType, body, login, timeoutMs = POST_TIMEOUT_MS }: Post,
  request: typeof requestHttp,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(url, {
      method: "POST",
      // A connection of its own: one that was kept may be stale, and a push is rare.
      agent: false,
      headers: { "Content-Type": contentType, "Content-Length": Buffer.byteLength(body) },
      ...(login === undefined ? {} : { auth: `${login.user}:${login.password}` }),
    });
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    timer.unref();
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on("error", fail);
    outgoing.on("response", (response) => {
      readText(response).then((text) => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text });
      }, fail);
    });
    outgoing.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    byteCount += chunk.length;
    if (byteCount > ANSWER_BYTES_MAX) {
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}
