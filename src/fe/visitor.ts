/**
 * Who sent a request to fe, as far as its cookies tell: a session for each product, made by that product's dashboard
 * and only handed on, and a cookie of fe's own whose one use is a CSRF value for changes of any product. Nothing of it
 * is kept here.
 */
import { randomBytes } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  type CookieScope,
  CSRF_HEADER,
  csrfOf,
  formatCookie,
  formatCookieRemoval,
  hasCsrf,
  isOverTls,
  readCookie,
  sessionCookieName,
} from "../console/session-cookie.ts";
import { REQUEST_ID_HEADER } from "../http/request-id.ts";

/** Cookie of fe's own. */
const OWN_COOKIE = "codis_console";
const OWN_SECRET_BYTES = 32;
/** As long as the sessions that it goes with. */
const OWN_LIFE_SECONDS = 12 * 3600;

/** The sender of one request. */
export class Visitor {
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #basePath: string;

  constructor(request: FastifyRequest, reply: FastifyReply, basePath: string) {
    this.#request = request;
    this.#reply = reply;
    this.#basePath = basePath;
  }

  /** Secret of the session with a product. */
  sessionOf(product: string): string | undefined {
    return readCookie(this.#request.headers.cookie, sessionCookieName(product));
  }

  /** Whether the request carries fe's CSRF value. */
  hasOwnCsrf(): boolean {
    const own = this.#ownSecret();
    return own !== undefined && hasCsrf(this.#request.headers, own);
  }

  /** fe's CSRF value; sets the cookie for it where it isn't there yet. */
  ownCsrf(): string {
    const known = this.#ownSecret();
    const secret = known ?? randomBytes(OWN_SECRET_BYTES).toString("base64url");
    if (known === undefined) {
      this.#setCookie(formatCookie(this.#scope(OWN_COOKIE), secret, OWN_LIFE_SECONDS));
    }
    return csrfOf(secret);
  }

  /** Gives the browser a session that a dashboard has opened. */
  giveSession(product: string, secret: string): void {
    const scope = this.#scope(sessionCookieName(product));
    this.#setCookie(formatCookie(scope, secret, OWN_LIFE_SECONDS));
  }

  /** Takes the session with a product away. */
  takeSession(product: string): void {
    this.#setCookie(formatCookieRemoval(this.#scope(sessionCookieName(product))));
  }

  /** Takes fe's own cookie away. */
  takeOwn(): void {
    this.#setCookie(formatCookieRemoval(this.#scope(OWN_COOKIE)));
  }

  /** Headers for a call to the dashboard of a product on behalf of this visitor. */
  headersFor(product: string): Record<string, string> {
    const { headers, socket, id } = this.#request;
    const addr = socket.remoteAddress ?? "unknown";
    const before = headers["x-forwarded-for"];
    const passed: Record<string, string> = {
      [REQUEST_ID_HEADER]: id,
      // Always there, so that no visitor looks to a dashboard like a caller from its own machine.
      "x-forwarded-for": before === undefined ? addr : `${[before].flat().join(", ")}, ${addr}`,
    };
    if (this.#isSecure()) {
      passed["x-forwarded-proto"] = "https";
    }
    const secret = this.sessionOf(product);
    if (secret !== undefined) {
      passed["cookie"] = `${sessionCookieName(product)}=${secret}`;
    }
    const csrf = headers[CSRF_HEADER];
    if (secret !== undefined && this.hasOwnCsrf()) {
      passed[CSRF_HEADER] = csrfOf(secret);
    } else if (typeof csrf === "string") {
      passed[CSRF_HEADER] = csrf;
    }
    return passed;
  }

  #ownSecret(): string | undefined {
    return readCookie(this.#request.headers.cookie, OWN_COOKIE);
  }

  #scope(name: string): CookieScope {
    return { name, path: this.#basePath, isSecure: this.#isSecure() };
  }

  #isSecure(): boolean {
    const { headers, socket } = this.#request;
    return isOverTls(headers, "encrypted" in socket && socket.encrypted === true);
  }

  #setCookie(line: string): void {
    // fastify gathers several of this one header.
    this.#reply.header("set-cookie", line);
  }
}
