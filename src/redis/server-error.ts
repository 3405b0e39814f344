/**
 * What goes wrong with a Redis server, as `CodisError`s: not reachable, login refused, still loading, a command
 * refused. Every message names the server's address; none has a password or an argument of a command.
 *
 * The context of an error has `addr`, `isTimedOut` when an answer was waited for in vain, and `reply` (the
 * server's own text) when it answered with an error.
 */
import { CodisError, isCodisError, systemCodeOf } from "../base/error.ts";

/** Longest part of a server's error text that is shown. */
const REPLY_TEXT_CHARS_MAX = 200;

/** What the system's codes mean, in the words of the original programs. */
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
  EPIPE: "write: broken pipe",
  ENOTFOUND: "lookup: no such host",
  EAI_AGAIN: "lookup: the name server doesn't answer",
  EMFILE: "socket: too many open files",
};

/** No connection; `cause` is what the socket said. */
export function connectFailed(addr: string, cause: unknown): CodisError {
  const code = systemCodeOf(cause) ?? "";
  const said = SYSTEM_TEXTS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  const question = code === "ECONNREFUSED" ? "; is a Redis server running there?" : "";
  return new CodisError(
    "SERVER_UNREACHABLE",
    `server ${addr} can't be reached: dial tcp ${addr}: ${said}${question}`,
    { cause, context: { addr, systemCode: code } },
  );
}

/** Nothing came in time. `what` was waited for: `a login`, `INFO`. */
export function timedOut(addr: string, what: string, timeoutMs: number): CodisError {
  return new CodisError(
    "SERVER_UNREACHABLE",
    `server ${addr} doesn't answer: no ${what} within ${timeoutMs} ms`,
    { context: { addr, isTimedOut: true } },
  );
}

/** The connection can't be used (any more). `problem`: `it closed the connection`. */
export function connectionLost(addr: string, problem: string): CodisError {
  return new CodisError("SERVER_UNREACHABLE", `server ${addr}: ${problem}`, { context: { addr } });
}

/** The server answered `command` (its name only) with the error `text`. */
export function refusedBy(addr: string, command: string, text: string): CodisError {
  const reply = shorten(text);
  const context = { addr, command, reply };
  if (text.startsWith("NOAUTH")) {
    return new CodisError(
      "SERVER_AUTH_FAILED",
      `server ${addr} needs a password, and none is configured; set product_auth to it ("${reply}")`,
      { context },
    );
  }
  if (text.startsWith("LOADING")) {
    return new CodisError(
      "SERVER_LOADING",
      `server ${addr} still reads its data from disk; try again when it is done ("${reply}")`,
      { context },
    );
  }
  return new CodisError("SERVER_REFUSED", `server ${addr} answered ${command} with "${reply}"`, {
    context,
  });
}

/** The server refused the login with the error `text`; says which side has to change. */
export function loginRefused(addr: string, text: string, user: string | undefined): CodisError {
  const reply = shorten(text);
  return new CodisError(
    "SERVER_AUTH_FAILED",
    `server ${addr} ${explainLogin(text, user)} ("${reply}")`,
    { context: { addr, command: "AUTH", reply } },
  );
}

/** A reply of a form that this command doesn't have. */
export function unexpectedReply(addr: string, command: string): CodisError {
  return new CodisError(
    "SERVER_REFUSED",
    `server ${addr} answered ${command} in an unknown form; is it a Redis server?`,
    { context: { addr, command } },
  );
}

/** Whether something caught means that a server let a deadline pass. */
export function isServerTimeout(thrown: unknown): boolean {
  return isCodisError(thrown) && thrown.context["isTimedOut"] === true;
}

/** The server's own error text, code first; undefined when what was caught isn't an error reply. */
export function replyTextOf(thrown: unknown): string | undefined {
  const reply = isCodisError(thrown) ? thrown.context["reply"] : undefined;
  return typeof reply === "string" ? reply : undefined;
}

/** Whether the server doesn't know the command that it was asked for. */
export function isUnknownCommand(thrown: unknown): boolean {
  return /^ERR unknown (sub)?command/i.test(replyTextOf(thrown) ?? "");
}

function explainLogin(text: string, user: string | undefined): string {
  if (/without any password configured|no password is set/.test(text)) {
    return "has no password, but product_auth is set; set requirepass on the server, or empty product_auth";
  }
  if (/wrong number of arguments/.test(text) && user !== undefined) {
    return `knows no users, so nobody can log in as ${user}; it is older than Redis 6`;
  }
  if (/^WRONGPASS|invalid password/.test(text)) {
    return user === undefined
      ? "has another password than product_auth"
      : `refuses the user ${user} or its password`;
  }
  return "refuses the login";
}

function shorten(text: string): string {
  const line = text.replace(/[^\x20-\x7e]/g, "?");
  return line.length > REPLY_TEXT_CHARS_MAX ? `${line.slice(0, REPLY_TEXT_CHARS_MAX)}...` : line;
}
