/**
 * Who sent a request, as far as the connection and its headers tell. What headers claim about the origin is kept
 * for the audit log and believed by nobody: it can take rights away (a forwarded request isn't from this machine),
 * never give any.
 */
import type { IncomingHttpHeaders } from "node:http";
import { hostname as machineName } from "node:os";
import type { FastifyRequest } from "fastify";
import { hasCsrf, readCookie } from "../../../console/session-cookie.ts";

/** The sender of one request. */
export interface Caller {
  /** Address of the other end of the connection. */
  readonly addr: string;
  /**
   * The connection comes from this machine, nobody says that the request came through a proxy, and it isn't for a name
   * that may be anybody's: its owner can let it resolve to 127.0.0.1 in a browser of this machine.
   */
  readonly isLoopback: boolean;
  /** What `X-Real-IP` and `X-Forwarded-For` say; undefined when neither is there. */
  readonly claimedFrom: string | undefined;
  /** Secret of `Authorization: Bearer …`. */
  readonly secret: string | undefined;
  /** Of the cookie, on calls that take one. */
  readonly session: CallerSession | undefined;
  /** `X-Request-Id` of the request and of its answer. */
  readonly requestId: string;
}

/** A session as a request claims it; whose it is, and whether it is one, the users know. */
export interface CallerSession {
  readonly secret: string;
  /** The request carries the value that only a page of ours can know. */
  readonly hasCsrf: boolean;
}

/** Longest claim that is kept. */
const CLAIM_CHARS_MAX = 200;
/** Any of these: the request was handed on by somebody. */
const FORWARDING_HEADERS = ["x-forwarded-for", "x-real-ip", "forwarded", "via"] as const;

/** The sender of a request. `cookieName`: the cookie that counts for it; without one no cookie does. */
export function callerOf(request: FastifyRequest, cookieName?: string): Caller {
  const caller = describeCaller(request.socket.remoteAddress, request.headers, cookieName);
  return { ...caller, requestId: request.id };
}

/** The sender of a request that came over a connection from this address. */
export function describeCaller(
  remoteAddr: string | undefined,
  headers: IncomingHttpHeaders,
  cookieName?: string,
): Caller {
  const isForwarded = FORWARDING_HEADERS.some((name) => headers[name] !== undefined);
  const claims = [headers["x-real-ip"], headers["x-forwarded-for"]].flat();
  const claimed = claims.filter((claim) => claim !== undefined).join(", ");
  const secret = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  return {
    addr: remoteAddr ?? "unknown",
    isLoopback:
      !isForwarded &&
      isForThisMachine(headers) &&
      remoteAddr !== undefined &&
      isLoopbackAddr(remoteAddr),
    claimedFrom: claimed === "" ? undefined : claimed.slice(0, CLAIM_CHARS_MAX),
    secret,
    session: cookieName === undefined ? undefined : readSession(headers, cookieName),
    requestId: "",
  };
}

function readSession(headers: IncomingHttpHeaders, cookieName: string): CallerSession | undefined {
  const secret = readCookie(headers.cookie, cookieName);
  return secret === undefined ? undefined : { secret, hasCsrf: hasCsrf(headers, secret) };
}

/** Programs may leave the name out, browsers never do. */
function isForThisMachine({ host = "" }: IncomingHttpHeaders): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return /^(|localhost|[\d.]+|\[[\da-f:.]+\])$/.test(name) || name === machineName().toLowerCase();
}

function isLoopbackAddr(addr: string): boolean {
  return addr === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(addr);
}
