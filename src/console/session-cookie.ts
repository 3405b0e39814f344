/**
 * The cookie of a session of the console, and the value against forged requests (CSRF) that belongs to it. The cookie
 * is named for its product, so that a browser can hold sessions of several, whether they come from one port or many.
 *
 * The CSRF value is an HMAC of the session's secret: nothing has to be kept for it, and a page of another site, which
 * can make a browser send the cookie but can't read it, can't know it.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Header of a change that is made with a cookie. */
export const CSRF_HEADER = "x-codis-csrf";

const COOKIE_PREFIX = "codis_session_";
const CSRF_PURPOSE = "codis console csrf 1";
/** Longest value of a cookie that is looked at. */
const COOKIE_CHARS_MAX = 200;

/** What a cookie is set with. */
export interface CookieScope {
  readonly name: string;
  readonly path: string;
  /** The browser came over TLS, as far as is known. */
  readonly isSecure: boolean;
}

/** Name of the cookie for the sessions of one product. */
export function sessionCookieName(product: string): string {
  return COOKIE_PREFIX + product;
}

/** The value of the cookie; undefined when it isn't there. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value !== undefined && /^[\w-]+$/.test(value)) {
      return value.length <= COOKIE_CHARS_MAX ? value : undefined;
    }
  }
  return undefined;
}

/** `Set-Cookie` for a session that lasts `lifeSeconds` at most. */
export function formatCookie(scope: CookieScope, value: string, lifeSeconds: number): string {
  const secure = scope.isSecure ? "; Secure" : "";
  return (
    `${scope.name}=${value}; Path=${scope.path}; Max-Age=${lifeSeconds}; HttpOnly; ` +
    `SameSite=Strict${secure}`
  );
}

/** `Set-Cookie` that takes the cookie away. */
export function formatCookieRemoval(scope: CookieScope): string {
  return formatCookie(scope, "", 0);
}

/** The value of the cookie in a `Set-Cookie` of another server; undefined when it isn't this cookie. */
export function valueOfSetCookie(header: string, name: string): string | undefined {
  return readCookie(header.split(";")[0], name);
}

/** The CSRF value of a session. */
export function csrfOf(secret: string): string {
  return createHmac("sha256", secret).update(CSRF_PURPOSE).digest("base64url");
}

/** Whether the headers carry the CSRF value of the session. */
export function hasCsrf(headers: IncomingHttpHeaders, secret: string): boolean {
  const given = headers[CSRF_HEADER];
  return typeof given === "string" && isSameText(given, csrfOf(secret));
}

/** Compares without telling by its duration where two texts differ. */
export function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether the browser came over TLS: on this connection, or to the proxy that handed the request on. */
export function isOverTls(headers: IncomingHttpHeaders, isEncrypted: boolean): boolean {
  const claimed = [headers["x-forwarded-proto"]].flat().join(",");
  // The first is the browser's. Whoever lies here makes only their own cookie useless.
  return isEncrypted || /^\s*https\b/i.test(claimed);
}
