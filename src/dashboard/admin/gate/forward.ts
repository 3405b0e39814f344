/**
 * Hands a request that only the leader can answer on to it, as a reverse proxy with a deadline. The caller
 * gets the leader's own answer, and its address in a header. A request is handed on once: two dashboards
 * that each take the other for the leader refuse it instead of sending it round.
 *
 * What is handed on always says so in `X-Forwarded-For`, so a caller from elsewhere never looks to the leader
 * like one from its own machine.
 */
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  FORWARDED_HEADER,
  LEADER_HEADER,
  PRODUCT_HEADER,
  TOPOM_NOT_ONLINE,
} from "../../../api/topom-route.ts";
import { CodisError, messageOf, systemCodeOf } from "../../../base/error.ts";
import { HandedCalls } from "../../../http/handed-calls.ts";
import { REQUEST_ID_HEADER } from "../../../http/request-id.ts";
import { parseServerAddr } from "../../../model/address.ts";
import type { DashboardModel } from "../../../model/dashboard-model.ts";
import type { DashboardControl } from "../../control.ts";
import type { RequestCount } from "./request-count.ts";

/** The leader must begin its answer within this; the longest of its own calls takes 60 s. */
const FORWARD_TIMEOUT_MS = 70_000;

/** Headers that belong to one connection, and those that are set anew. */
const HOP_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "expect",
]);

/** Hands requests to the leader. */
export class Forwarder {
  readonly #control: DashboardControl;
  readonly #requests: RequestCount;
  readonly #timeoutMs: number;
  readonly #calls = new HandedCalls();

  constructor(control: DashboardControl, requests: RequestCount, timeoutMs = FORWARD_TIMEOUT_MS) {
    this.#control = control;
    this.#requests = requests;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Answers the request with the leader's answer. Rejects with NOT_LEADER when there is none, it doesn't
   * answer within `timeoutMs`, or the request was handed on before; with NOT_ONLINE while the coordinator is
   * waited for.
   */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    timeoutMs = this.#timeoutMs,
  ): Promise<void> {
    const leaderAddr = this.#control.leaderAddr();
    const target = leaderAddr === undefined ? undefined : parseServerAddr(leaderAddr);
    if (leaderAddr === undefined || target === undefined) {
      this.#requests.forwards.refused++;
      throw notOnline(this.#control);
    }
    reply.header(LEADER_HEADER, leaderAddr);
    if (request.headers[FORWARDED_HEADER] !== undefined) {
      this.#requests.forwards.refused++;
      throw new CodisError(
        "NOT_LEADER",
        `this dashboard is a standby; the leader is ${leaderAddr}, which handed this call here`,
      );
    }
    try {
      const headers = forwardedHeaders(request, this.#control.model());
      const call = { target, path: request.url, headers, timeoutMs };
      const answer = await this.#calls.ask(request, call);
      this.#requests.forwards.answered++;
      send(reply, answer);
    } catch (cause) {
      this.#requests.forwards.failed++;
      const why = systemCodeOf(cause) ?? messageOf(cause);
      throw new CodisError(
        "NOT_LEADER",
        `this dashboard is a standby, and the leader ${leaderAddr} doesn't answer: ${why}`,
        { cause },
      );
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#calls.close();
  }
}

/** Refuses a call that was handed on for another product. Throws NOT_LEADER. */
export function refuseOtherProduct(request: FastifyRequest, product: string): void {
  const meant = request.headers[PRODUCT_HEADER];
  if (meant !== undefined && meant !== product) {
    throw new CodisError(
      "NOT_LEADER",
      `this is the dashboard of ${product}; the call was handed on for another product, whose leader was ` +
        "here before",
    );
  }
}

/** Why nobody can answer for the product now. */
function notOnline(control: DashboardControl): CodisError {
  if (control.state() === "standby") {
    return new CodisError(
      "NOT_LEADER",
      "this dashboard is a standby, and nobody leads the product",
    );
  }
  const waitingFor = control.waitingFor();
  return new CodisError(
    "NOT_ONLINE",
    waitingFor === undefined ? TOPOM_NOT_ONLINE : `${TOPOM_NOT_ONLINE}, waits for ${waitingFor}`,
  );
}

function forwardedHeaders(
  request: FastifyRequest,
  { token, productName }: DashboardModel,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !HOP_HEADERS.has(name)) {
      headers[name] = value;
    }
  }
  const claimed = request.headers["x-forwarded-for"];
  const addr = request.socket.remoteAddress ?? "unknown";
  return {
    ...headers,
    [REQUEST_ID_HEADER]: request.id,
    "x-forwarded-for": claimed === undefined ? addr : `${[claimed].flat().join(", ")}, ${addr}`,
    [FORWARDED_HEADER]: token,
    [PRODUCT_HEADER]: productName,
  };
}

/** Hands the answer on as it comes, also one without an end (events). Goes around fastify for status 800. */
function send(reply: FastifyReply, answer: IncomingMessage): void {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    reply.raw.setHeader(name, value ?? "");
  }
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !(HOP_HEADERS.has(name) && name !== "content-length")) {
      reply.raw.setHeader(name, value);
    }
  }
  reply.raw.writeHead(answer.statusCode ?? 502, answer.statusMessage);
  // An answer that breaks off half-way breaks off here as well; there is nobody left to tell.
  pipeline(answer, reply.raw, () => undefined);
}
