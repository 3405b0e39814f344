/**
 * Asks a process of the cluster one simple question over a connection of its own, to see whether it
 * serves. Only for `codis up` and `status`: one inline command, one reply, then the connection closes.
 */
import { connect } from "node:net";
import { callHttp } from "../api/http-call.ts";
import { messageOf } from "../base/error.ts";
import type { DashboardModelJson } from "../model/dashboard-model.ts";
import type { Member } from "./member.ts";

/** Longest wait for a reply. */
const REPLY_MS = 2_000;
/** INFO of a server is a few kilobytes. */
const REPLY_BYTES_MAX = 1_048_576;

/**
 * The reply to one command as text: a simple string or an integer without its mark, a bulk string's
 * content, an error with its `-`. Rejects when there is no connection or no reply in time.
 */
export function ask(port: number, command: string, end = "\r\n"): Promise<string> {
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
    socket.once("connect", () => socket.write(`${command}${end}`));
    socket.once("error", finish);
    socket.once("close", () =>
      finish(new Error(`the connection was closed after "${received.toString("utf8", 0, 40)}"`)),
    );
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

/**
 * Whether a process serves: `loading`: it reads its data; `waiting`: a proxy that has no slots yet, or a replica
 * that has no link to its master; `no`: it doesn't answer, or with something else.
 */
export type Readiness = "yes" | "loading" | "waiting" | "no";

/** What one of the cluster's processes answers, by its kind. `pid` is that of the process. */
export function findMemberReadiness(
  member: Pick<Member, "kind" | "name" | "port">,
  pid: number | undefined,
): Promise<Readiness> {
  switch (member.kind) {
    case "dashboard":
      return findDashboardReadiness(member.port, pid);
    case "coordinator":
      return member.name === "etcd"
        ? findHttpReadiness(member.port, "/health")
        : findZookeeperReadiness(member.port);
    case "server":
      return findServerReadiness(member.port);
    default:
      return findReadiness(member.port);
  }
}

/** What a server, a sentinel or a proxy answers to PING. */
export async function findReadiness(port: number): Promise<Readiness> {
  const reply = await ask(port, "PING").catch(() => "");
  if (reply === "PONG") {
    return "yes";
  }
  if (reply.includes("router is not online")) {
    return "waiting";
  }
  return reply.startsWith("-LOADING") ? "loading" : "no";
}

/**
 * Only this very dashboard counts: one of another cluster that was faster to take the port would be given
 * our groups.
 */
async function findDashboardReadiness(port: number, pid: number | undefined): Promise<Readiness> {
  const path = "/topom/model";
  try {
    const call = { addr: `127.0.0.1:${port}`, method: "GET", path, shownPath: path } as const;
    const text = await callHttp({ ...call, timeoutMs: REPLY_MS, headers: {} });
    const model: Partial<DashboardModelJson> | null = JSON.parse(text);
    return model?.pid === pid ? await findHttpReadiness(port, "/readyz") : "no";
  } catch {
    // As below.
    return "no";
  }
}

async function findHttpReadiness(port: number, path: string): Promise<Readiness> {
  try {
    const call = { addr: `127.0.0.1:${port}`, method: "GET", path, shownPath: path } as const;
    await callHttp({ ...call, timeoutMs: REPLY_MS, headers: {} });
    return "yes";
  } catch {
    // Refused, silent, or a status that says "not yet": asked again by whoever waits.
    return "no";
  }
}

async function findZookeeperReadiness(port: number): Promise<Readiness> {
  // The answer has no end of line: the server closes the connection after it.
  const reply = await ask(port, "ruok", "").catch((thrown) => messageOf(thrown));
  return reply.includes("imok") ? "yes" : "no";
}

/** As `findReadiness`; of a replica `yes` only when it has its master's data, too. */
async function findServerReadiness(port: number): Promise<Readiness> {
  const readiness = await findReadiness(port);
  if (readiness !== "yes") {
    return readiness;
  }
  const info = await ask(port, "INFO replication").catch(() => "");
  if (info.includes("role:master") || info.includes("master_link_status:up")) {
    return "yes";
  }
  if (info.includes("master_sync_in_progress:1")) {
    return "loading";
  }
  return info.includes("role:slave") ? "waiting" : "no";
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
