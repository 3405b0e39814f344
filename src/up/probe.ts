/**
 * Asks a Redis server or a proxy one simple question over a connection of its own, to see whether it
 * serves. Only for `codis up` and `status`: one inline command, one reply, then the connection closes.
 */
import { connect } from "node:net";

/** Longest wait for a reply. */
const REPLY_MS = 2_000;
/** INFO of a server is a few kilobytes. */
const REPLY_BYTES_MAX = 1_048_576;

/**
 * The reply to one command as text: a simple string or an integer without its mark, a bulk string's
 * content, an error with its `-`. Rejects when there is no connection or no reply in time.
 */
export function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let received: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => finish(new Error(`no reply within ${REPLY_MS} ms`)), REPLY_MS);
    const finish = (result: string | Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (typeof result === "string") {
        resolve(result);
      } else {
        reject(result);
      }
    };
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("error", finish);
    socket.once("close", () => finish(new Error("the connection was closed")));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const reply = parseReply(received);
      if (reply !== undefined) {
        finish(reply);
      } else if (received.length > REPLY_BYTES_MAX) {
        finish(new Error("the reply is too long"));
      }
    });
  });
}

/** What a server answers to PING: "yes", "loading" (it reads its data), or "no". */
export async function findReadiness(port: number): Promise<"yes" | "loading" | "no"> {
  const reply = await ask(port, "PING").catch(() => "");
  if (reply === "PONG") {
    return "yes";
  }
  return reply.startsWith("-LOADING") ? "loading" : "no";
}

/** As `findReadiness`, for a replica: "yes" only when it has its master's data, too. */
export async function findReplicaReadiness(port: number): Promise<"yes" | "loading" | "no"> {
  const readiness = await findReadiness(port);
  if (readiness !== "yes") {
    return readiness;
  }
  const info = await ask(port, "INFO replication").catch(() => "");
  if (info.includes("master_link_status:up")) {
    return "yes";
  }
  return info.includes("master_sync_in_progress:1") ? "loading" : "no";
}

/** undefined until the reply is complete. */
function parseReply(bytes: Buffer): string | undefined {
  const end = bytes.indexOf("\r\n");
  if (end < 0) {
    return undefined;
  }
  const line = bytes.toString("utf8", 0, end);
  switch (line[0]) {
    case "+":
    case ":":
      return line.slice(1);
    case "$": {
      const length = Math.max(0, Number(line.slice(1)));
      const start = end + 2;
      return bytes.length < start + length
        ? undefined
        : bytes.toString("utf8", start, start + length);
    }
    default:
      return line.startsWith("-") ? line : `-${line}`;
  }
}
