/**
 * The frame of every HTTP port of ours, for both planes: a fastify application that takes bodies as text
 * whatever their type says, ends connections that are slow or idle, and listens with one clear line when it
 * can't. Who may call and what is answered is the caller's affair.
 */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";
import { formatHostPort, parseListenAddr } from "../model/address.ts";
import { sendFailure } from "./answer.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request-id.ts";

/** Bounds of one port. */
export interface HttpAppOptions {
  readonly bodyBytesMax: number;
  /** A client has so long to send a whole request, headers and body; 60 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Idle connections of clients are closed after this; 75 s, the Go programs keep theirs for 60 s. */
  readonly keepAliveMs?: number | undefined;
  /** Longest parameter of a path, in characters; longer ones are an unknown path. */
  readonly paramCharsMax?: number;
  /** Connections at once; more are closed at once. Without it there is no bound. */
  readonly connectionsMax?: number;
  /** The path that a request is answered as, if another one than it was sent to; gets path and query. */
  readonly rewriteUrl?: (url: string) => string;
  /** Answers a request whose path can't be decoded; in Codis's form unless this says otherwise. */
  readonly sendBadRequest?: (request: FastifyRequest, reply: FastifyReply, message: string) => void;
}

const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 75_000;
const PARAM_CHARS_MAX = 200;
/** Slow connections are looked for so often; Node's 30 s would let them live half as long again. */
const CHECK_MS = 5_000;

/** An application without paths. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS, rewriteUrl } = options;
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax,
    keepAliveTimeout: options.keepAliveMs ?? KEEP_ALIVE_MS,
    requestTimeout: requestTimeoutMs,
    http: { connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeoutMs) },
    forceCloseConnections: "idle",
    genReqId: ({ headers }) => requestIdOf(headers),
    rewriteUrl: ({ url = "/" }: IncomingMessage) => rewriteUrl?.(url) ?? url,
    routerOptions: {
      ignoreTrailingSlash: false,
      maxParamLength: options.paramCharsMax ?? PARAM_CHARS_MAX,
    },
    frameworkErrors: (error, request, reply) => {
      const { sendBadRequest } = options;
      if (sendBadRequest === undefined) {
        sendFailure(reply, "BODY_INVALID", messageOf(error));
      } else {
        sendBadRequest(request, reply, messageOf(error));
      }
    },
  });
  if (options.connectionsMax !== undefined) {
    app.server.maxConnections = options.connectionsMax;
  }
  app.addHook("onRequest", async (request, reply) => {
    reply.header(REQUEST_ID_HEADER, request.id);
  });
  // curl -d sends JSON as a form, so the type of a body says nothing.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  return app;
}

/**
 * Listens on `addr`, which came from `key` of the configuration. Resolves with `host:port` and the real
 * port. Throws CONFIG_INVALID, or PORT_IN_USE with the reason, and then the application is closed.
 */
export async function listen(app: FastifyInstance, addr: string, key: string): Promise<string> {
  const wanted = parseListenAddr(addr);
  if (wanted === undefined) {
    throw new CodisError("CONFIG_INVALID", `invalid ${key} = ${addr}: expected host:port`);
  }
  const host = wanted.host === "" ? "::" : wanted.host;
  try {
    await app.listen({ host, port: wanted.port });
  } catch (cause) {
    await app.close();
    throw new CodisError("PORT_IN_USE", describeListenError(`${key} ${addr}`, cause), { cause });
  }
  const bound = app.server.address() as AddressInfo;
  return formatHostPort({ host, port: bound.port });
}

function describeListenError(where: string, cause: unknown): string {
  const start = `can't listen on ${where}`;
  switch (systemCodeOf(cause)) {
    case "EADDRINUSE":
      return `${start}: another program uses the port`;
    case "EADDRNOTAVAIL":
      return `${start}: this machine has no such address`;
    case "EACCES":
      return `${start}: not permitted; ports below 1024 need the right to use them`;
    default:
      return `${start}: ${messageOf(cause)}`;
  }
}
