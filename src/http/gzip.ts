/**
 * Compresses large answers for clients that accept gzip (the Go programs of Codis always do). In the
 * thread pool, at the fastest level: an overview of five megabytes costs the event loop next to nothing.
 */
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";

const compress = promisify(gzip);

/** Answers of this size and more are compressed; smaller ones fit a few packets anyway. */
const GZIP_BYTES_MIN = 16 * 1024;

/** Makes the application compress text answers. */
export function addGzip(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (typeof payload !== "string" || payload.length < GZIP_BYTES_MIN) {
      return payload;
    }
    reply.header("vary", "Accept-Encoding");
    if (!acceptsGzip(request.headers["accept-encoding"]) || request.method === "HEAD") {
      return payload;
    }
    reply.header("content-encoding", "gzip");
    reply.removeHeader("content-length");
    return compress(payload, { level: constants.Z_BEST_SPEED });
  });
}

/** Whether the header allows gzip: named, or `*`, and not with `q=0`. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const offers = (Array.isArray(header) ? header.join(",") : (header ?? "")).toLowerCase();
  return offers.split(",").some((offer) => {
    const [coding = "", ...parameters] = offer.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return (coding === "gzip" || coding === "*") && !isRefused;
  });
}
