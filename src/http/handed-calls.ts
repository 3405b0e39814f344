/**
 * Calls that are handed on to another program's HTTP port, as a reverse proxy does: with the caller's method and body,
 * each on a connection of its own, and each once. A stale connection would cost a retry, which a change can't have.
 *
 * Every call ends: when its answer has ended, when the answer doesn't begin or go on in time, when its caller goes
 * away, or with `close`.
 */
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as startRequest,
} from "node:http";
import type { FastifyRequest } from "fastify";
import type { HostPort } from "../model/address.ts";

/** Where a call goes, and as what. */
export interface HandedCall {
  readonly target: HostPort;
  /** Path and query. */
  readonly path: string;
  /** All of them but the length of the body. */
  readonly headers: OutgoingHttpHeaders;
  /** The answer has to begin within this. */
  readonly timeoutMs: number;
  /** Longest silence in an answer that has begun; without it there is no limit. */
  readonly silenceMs?: number;
}

/** The calls of one port that are under way. */
export class HandedCalls {
  readonly #running = new Set<ClientRequest>();

  /** Calls whose answers haven't ended. */
  get size(): number {
    return this.#running.size;
  }

  /** Resolves when the answer begins; its body has to be read. Rejects with a system error, or the deadline's. */
  ask(request: FastifyRequest, call: HandedCall): Promise<IncomingMessage> {
    const { target, path, headers, timeoutMs, silenceMs } = call;
    const body = typeof request.body === "string" ? request.body : "";
    const isBare = body === "" && (request.method === "GET" || request.method === "HEAD");
    return new Promise((resolve, reject) => {
      const outgoing = startRequest({
        host: target.host,
        port: target.port,
        method: request.method,
        path,
        agent: false,
        headers: isBare ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
      });
      const timer = setTimeout(() => {
        outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#running.add(outgoing);
      outgoing.on("close", () => {
        clearTimeout(timer);
        this.#running.delete(outgoing);
      });
      outgoing.on("error", reject);
      outgoing.on("response", (answer) => {
        clearTimeout(timer);
        if (silenceMs !== undefined) {
          outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error("the answer stopped")));
        }
        resolve(answer);
      });
      // A caller that goes away takes its call along.
      request.raw.on("close", () => {
        if (request.raw.destroyed && !request.raw.complete) {
          outgoing.destroy();
        }
      });
      outgoing.end(body);
    });
  }

  /** Ends all of them. */
  close(): void {
    for (const running of this.#running) {
      running.destroy();
    }
  }
}
