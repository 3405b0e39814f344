/**
 * Hands a call of the typed table on to the dashboard of its product, and the answer back as it comes, streams of
 * events too. Headers go through lists of what may pass, in both directions; of the cookies only the one of this
 * product. Where a call goes is decided by the list of products alone, never by the caller.
 */
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { REASON_HEADER } from "../api/reason.ts";
import { PRODUCT_HEADER } from "../api/topom-route.ts";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";
import { sessionCookieName, valueOfSetCookie } from "../console/session-cookie.ts";
import { HandedCalls } from "../http/handed-calls.ts";
import { parseServerAddr } from "../model/address.ts";
import type { FeMetrics } from "./fe-metric.ts";
import type { KnownProduct, ProductBook } from "./product-book.ts";
import type { Visitor } from "./visitor.ts";

/** Calls under way at once, streams among them, and streams alone. */
const CALLS_MAX = 1_000;
const STREAMS_MAX = 500;
/** A dashboard begins its answer within this: the longest call of a standby's leader, and a little more. */
const ANSWER_MS = 75_000;
/** The same for a plan, which measures all servers. */
const PLAN_MS = 680_000;
/** A stream of events has a sign of life every 15 s. */
const SILENCE_MS = 60_000;

const PASSED_TO_DASHBOARD = [
  "accept",
  "accept-encoding",
  "authorization",
  "content-type",
  "if-match",
  "if-none-match",
  "last-event-id",
  "sec-fetch-site",
  "user-agent",
  REASON_HEADER,
] as const;
const PASSED_TO_BROWSER = [
  "allow",
  "cache-control",
  "codis-error-code",
  "content-encoding",
  "content-type",
  "etag",
  "retry-after",
  "vary",
  "www-authenticate",
  "x-accel-buffering",
  "x-content-type-options",
] as const;

/** One call to hand on. */
export interface ForwardCall {
  readonly product: KnownProduct;
  /** Path and query as the dashboard knows them. */
  readonly url: string;
  /** It measures servers and takes longer. */
  readonly isPlan: boolean;
}

/** Hands calls on. */
export class FeForwarder {
  readonly #book: ProductBook;
  readonly #metrics: FeMetrics;
  readonly #calls = new HandedCalls();

  constructor(book: ProductBook, metrics: FeMetrics) {
    this.#book = book;
    this.#metrics = metrics;
  }

  /**
   * Answers the request with the dashboard's answer. Rejects with NOT_LEADER when the product has no dashboard,
   * REMOTE_UNREACHABLE when it doesn't answer in time, TOO_BUSY.
   */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: Visitor,
    call: ForwardCall,
  ): Promise<void> {
    const { name, dashboard } = call.product;
    if (dashboard === "") {
      throw new CodisError("NOT_LEADER", `product ${name} has no dashboard now`);
    }
    if (this.#calls.size >= CALLS_MAX) {
      throw new CodisError("TOO_BUSY", `${CALLS_MAX} calls are under way, the limit; try later`);
    }
    let answer: IncomingMessage;
    try {
      answer = await this.#ask(request, visitor, call);
    } catch (cause) {
      this.#metrics.addUpstream(name, 0);
      this.#book.lookSoon();
      const why = systemCodeOf(cause) ?? messageOf(cause);
      throw new CodisError(
        "REMOTE_UNREACHABLE",
        `the dashboard of ${name} doesn't answer: ${why}`,
        {
          cause,
        },
      );
    }
    this.#metrics.addUpstream(name, answer.statusCode ?? 0);
    const isStream = /^text\/event-stream\b/.test(answer.headers["content-type"] ?? "");
    if (isStream && this.#metrics.streamCount >= STREAMS_MAX) {
      answer.destroy();
      throw new CodisError("TOO_BUSY", `${STREAMS_MAX} streams are open, the limit; try later`);
    }
    this.#send(reply, visitor, { answer, product: name, isStream });
  }

  /** Ends what is under way. */
  close(): void {
    this.#calls.close();
  }

  async #ask(
    request: FastifyRequest,
    visitor: Visitor,
    { product, url, isPlan }: ForwardCall,
  ): Promise<IncomingMessage> {
    const target = parseServerAddr(product.dashboard);
    if (target === undefined) {
      throw new Error(`${product.dashboard} isn't an address`);
    }
    return this.#calls.ask(request, {
      target,
      path: url,
      headers: {
        ...pick(request.headers, PASSED_TO_DASHBOARD),
        ...visitor.headersFor(product.name),
        [PRODUCT_HEADER]: product.name,
      },
      timeoutMs: isPlan ? PLAN_MS : ANSWER_MS,
      silenceMs: SILENCE_MS,
    });
  }

  /** As it comes, also without an end. */
  #send(
    reply: FastifyReply,
    visitor: Visitor,
    {
      answer,
      product,
      isStream,
    }: { readonly answer: IncomingMessage; readonly product: string; readonly isStream: boolean },
  ): void {
    const cookie = sessionCookieName(product);
    for (const line of answer.headers["set-cookie"] ?? []) {
      const secret = valueOfSetCookie(line, cookie);
      if (secret !== undefined) {
        visitor.giveSession(product, secret);
      } else if (line.startsWith(`${cookie}=;`)) {
        visitor.takeSession(product);
      }
    }
    reply.hijack();
    const headers = { ...reply.getHeaders(), ...pick(answer.headers, PASSED_TO_BROWSER) };
    for (const [name, value] of Object.entries(headers)) {
      reply.raw.setHeader(name, value ?? "");
    }
    reply.raw.writeHead(answer.statusCode ?? 502);
    if (isStream) {
      this.#metrics.addStream(1);
      reply.raw.flushHeaders();
    }
    // An answer that breaks off half-way breaks off here as well; there is nobody left to tell.
    pipeline(answer, reply.raw, () => {
      if (isStream) {
        this.#metrics.addStream(-1);
      }
    });
  }
}

function pick(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string | string[]> {
  const picked: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) {
      picked[name] = value;
    }
  }
  return picked;
}
