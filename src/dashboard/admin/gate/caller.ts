/**
 * Who sent a request, as far as the connection tells, and whether a page of another site made a browser
 * send it. What headers claim about the origin is kept for the audit log and believed by nobody: it can
 * take rights away (a forwarded request isn't from this machine), never give any.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyRequest } from "fastify";
import { CodisError } from "../../../base/error.ts";

/** The sender of one request. */
export interface Caller {
  /** Address of the other end of the connection. */
  readonly addr: string;
  /**
   * The connection comes from this machine, nobody says that the request came through a proxy, and it isn't a
   * browser's for a name that may be anybody's (whose owner can let it resolve to 127.0.0.1).
   */
  readonly isLoopback: boolean;
  /** What `X-Real-IP` and `X-Forwarded-For` say; undefined when neither is there. */
  readonly claimedFrom: string | undefined;
  /** Secret of `Authorization: Bearer …`. */
  readonly secret: string | undefined;
}

/** Longest claim that is kept. */
const CLAIM_CHARS_MAX = 200;
/** Any of these: the request was handed on by somebody. */
const FORWARDING_HEADERS = ["x-forwarded-for", "x-real-ip", "forwarded", "via"] as const;

/** The sender of a request. */
export function callerOf(request: FastifyRequest): Caller {
  return describeCaller(request.socket.remoteAddress, request.headers);
}

/** The sender of a request that came over a connection from this address. */
export function describeCaller(
  remoteAddr: string | undefined,
  headers: IncomingHttpHeaders,
): Caller {
  const isForwarded = FORWARDING_HEADERS.some((name) => headers[name] !== undefined);
  const claims = [headers["x-real-ip"], headers["x-forwarded-for"]].flat();
  const claimed = claims.filter((claim) => claim !== undefined).join(", ");
  const secret = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  return {
    addr: remoteAddr ?? "unknown",
    isLoopback:
      !isForwarded && !isRebound(headers) && remoteAddr !== undefined && isLoopbackAddr(remoteAddr),
    claimedFrom: claimed === "" ? undefined : claimed.slice(0, CLAIM_CHARS_MAX),
    secret,
  };
}

/**
 * Refuses a change that a page of another site made a browser send: it would come with the browser's place
 * in the network, this machine perhaps. Programs send neither header. Throws FORBIDDEN.
 */
export function refuseCrossSite(headers: IncomingHttpHeaders): void {
  const site = headers["sec-fetch-site"];
  const { origin, host } = headers;
  const isOther =
    site !== undefined
      ? site === "cross-site" || site === "same-site"
      : // Behind a proxy the host may be another one than the browser was told; there the proxy answers for it.
        origin !== undefined && headers["x-forwarded-for"] === undefined && !isSame(origin, host);
  if (isOther) {
    throw new CodisError("FORBIDDEN", "a page of another site may not change anything here");
  }
}

function isSame(origin: string, host: string | undefined): boolean {
  return origin.replace(/^https?:\/\//, "") === host;
}

function isRebound(headers: IncomingHttpHeaders): boolean {
  const isBrowser = headers.origin !== undefined || headers["sec-fetch-site"] !== undefined;
  return isBrowser && !/^(localhost|[\d.]+|\[[\da-f:.]+\])(:\d+)?$/i.test(headers.host ?? "");
}

function isLoopbackAddr(addr: string): boolean {
  return addr === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(addr);
}
