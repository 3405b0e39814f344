/**
 * The HTTP port of `codis fe`: the console, its session and its list of products, the calls of the typed table for
 * each product, the two old paths that scripts read, and the paths of every daemon. Everything else doesn't exist.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TOPOM_BODY_BYTES_MAX } from "../api/topom-route.ts";
import {
  newSessionSchema,
  type ProductLabel,
  type V1NewSession,
} from "../api/v1-console-schema.ts";
import { V1_PATHS, type V1Name, type V1Path } from "../api/v1-path.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { CodisError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { RUNTIME, VERSION } from "../base/version.ts";
import { PRODUCT_CALLS, splitProductCall, stripBasePath } from "../console/base-path.ts";
import { ConsolePages } from "../console/console-page.ts";
import { refuseCrossSite } from "../console/cross-site.ts";
import { SignInLimit } from "../console/sign-in-limit.ts";
import type { TrustedProxies } from "../console/trusted-proxy.ts";
import { sendJson } from "../http/answer.ts";
import { createHttpApp, listen } from "../http/app.ts";
import { failureOf, parseJsonBody } from "../http/failure.ts";
import { METRICS_CONTENT_TYPE } from "../http/metric-text.ts";
import { sendProblem } from "../http/problem.ts";
import { FeMetrics } from "./fe-metric.ts";
import { describeFeSession, signInEverywhere, signOutEverywhere } from "./fe-session.ts";
import { FeForwarder } from "./forward.ts";
import type { ProductBook } from "./product-book.ts";
import { listCards } from "./product-card.ts";
import { Visitor } from "./visitor.ts";

/** What the port needs. */
export interface FeServerOptions {
  readonly book: ProductBook;
  readonly listen: string;
  readonly basePath: string;
  readonly trustedProxies: TrustedProxies;
  readonly webFolder: string | undefined;
  readonly log: Log;
  readonly clock?: Clock;
}

/** The running port. */
export interface FeServer {
  /** `host:port` listened on. */
  readonly addr: string;
  /** Ends streams, finishes running calls, then closes. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 2_000;
/** An address in percent signs. */
const PARAM_CHARS_MAX = 400;
const TEXT_TYPE = "text/plain; charset=utf-8";
/** Reads of Codis 3.2 that scripts send through codis-fe, with `?forward=PRODUCT`. */
const OLD_READS = ["/topom", "/topom/model", "/topom/stats", "/topom/slots"] as const;

/** Calls of the table, without `/api/v1/`. */
const CALLS = (Object.entries(V1_PATHS) as [V1Name, V1Path][]).map(([name, { method, path }]) => ({
  name,
  method,
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`),
}));

interface Parts extends FeServerOptions {
  readonly metrics: FeMetrics;
  readonly forwarder: FeForwarder;
  readonly signIns: SignInLimit;
  readonly labels: Map<string, ProductLabel>;
}

/** Listens. Throws PORT_IN_USE with one line when it can't. */
export async function startFeServer(options: FeServerOptions): Promise<FeServer> {
  const metrics = new FeMetrics();
  const forwarder = new FeForwarder(options.book, metrics);
  const signIns = new SignInLimit(options.clock ?? systemClock);
  const app = createApp({ ...options, metrics, forwarder, signIns, labels: new Map() });
  const addr = await listen(app, options.listen, "--listen");
  return {
    addr,
    close: async () => {
      forwarder.close();
      await app.close();
    },
  };
}

function createApp(parts: Parts): FastifyInstance {
  const { basePath, log } = parts;
  const pages = new ConsolePages({ basePath, folder: parts.webFolder });
  const app = createHttpApp({
    bodyBytesMax: TOPOM_BODY_BYTES_MAX,
    paramCharsMax: PARAM_CHARS_MAX,
    connectionsMax: CONNECTIONS_MAX,
    rewriteUrl: (url) => stripBasePath(url, basePath),
    sendBadRequest: (request, reply, message) => {
      sendProblem(request, reply, { code: "BODY_INVALID", message });
    },
  });
  addDaemonRoutes(app, parts);
  addSessionRoutes(app, parts);
  addProductRoutes(app, parts);
  app.setNotFoundHandler(async (request, reply) => {
    if (!(await pages.answer(request, reply))) {
      sendProblem(request, reply, { code: "NO_SUCH_PATH", message: "no such path on codis fe" });
    }
    return reply;
  });
  app.setErrorHandler((thrown, request, reply) => {
    const failure = failureOf(thrown, TOPOM_BODY_BYTES_MAX);
    if (failure.code === "INTERNAL") {
      log.error("fe.defect", `${request.method} ${request.routeOptions.url ?? "?"} failed`, {
        request_id: request.id,
        error: thrown,
      });
    }
    return sendProblem(request, reply, failure);
  });
  return app;
}

function addDaemonRoutes(app: FastifyInstance, { book, metrics }: Parts): void {
  for (const path of ["/livez", "/healthz"]) {
    app.get(path, (_request, reply) => reply.type(TEXT_TYPE).send("ok\n"));
  }
  app.get("/readyz", (_request, reply) => {
    const isReady = book.isDiscovered();
    return sendJson(
      reply,
      { ready: isReady, checks: { discovered: isReady } },
      isReady ? 200 : 503,
    );
  });
  app.get("/version", (_request, reply) => sendJson(reply, { version: VERSION, runtime: RUNTIME }));
  app.get("/metrics", (_request, reply) =>
    reply.type(METRICS_CONTENT_TYPE).send(metrics.render(book)),
  );
}

function addSessionRoutes(app: FastifyInstance, parts: Parts): void {
  const { book, basePath, trustedProxies } = parts;
  const { getSession, createSession, endSession, listProducts } = V1_PATHS;
  const visitorOf = (request: FastifyRequest, reply: FastifyReply) =>
    new Visitor(request, reply.header("cache-control", "no-store"), basePath);
  app.get(getSession.path, async (request, reply) =>
    sendJson(reply, await describeFeSession(book, visitorOf(request, reply))),
  );
  app.post(createSession.path, async (request, reply) => {
    refuseCrossSite(request.headers);
    const remoteAddr = request.socket.remoteAddress ?? "unknown";
    const session = await signInEverywhere(parts, visitorOf(request, reply), {
      body: readNewSession(request),
      origin: trustedProxies.originOf(remoteAddr, request.headers["x-forwarded-for"]),
      requestId: request.id,
    });
    return sendJson(reply, session);
  });
  app.delete(endSession.path, async (request, reply) => {
    refuseCrossSite(request.headers);
    await signOutEverywhere(book, visitorOf(request, reply));
    return sendJson(reply, { status: "ok" });
  });
  app.get(listProducts.path, async (request, reply) =>
    sendJson(reply, await listCards(book, visitorOf(request, reply), parts.labels)),
  );
}

function readNewSession(request: FastifyRequest): V1NewSession {
  const text = typeof request.body === "string" ? request.body : "";
  const result = newSessionSchema.safeParse(parseJsonBody(text, "body"));
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = ["body", ...(issue?.path ?? []).map(String)].join(".");
    throw new CodisError("BODY_INVALID", `${where}: ${issue?.message ?? "wrong form"}`);
  }
  return result.data;
}

function addProductRoutes(app: FastifyInstance, parts: Parts): void {
  const { book, basePath, forwarder } = parts;
  app.route({
    method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    url: `${PRODUCT_CALLS}*`,
    exposeHeadRoute: false,
    // Before the body is read.
    onRequest: async (request) => {
      if (request.method !== "GET") {
        refuseCrossSite(request.headers);
      }
      findCall(request);
    },
    handler: async (request, reply) => {
      const { name, product, url } = findCall(request);
      await forwarder.forward(request, reply, new Visitor(request, reply, basePath), {
        product: book.get(product),
        url,
        isPlan: name === "createPlan",
      });
      return reply;
    },
  });
  app.get("/list", (_request, reply) =>
    sendJson(
      reply,
      book.list().map(({ name }) => name),
    ),
  );
  for (const path of OLD_READS) {
    app.get(path, async (request, reply) => {
      const { forward = "" } = request.query as Readonly<Record<string, unknown>>;
      const product = book.get(typeof forward === "string" ? forward : "");
      const call = { product, url: path, isPlan: false };
      await forwarder.forward(request, reply, new Visitor(request, reply, basePath), call);
      return reply;
    });
  }
}

/** The call of the table that a request is. Throws NO_SUCH_PATH. */
function findCall(request: FastifyRequest): {
  readonly name: V1Name;
  readonly product: string;
  readonly url: string;
} {
  const call = splitProductCall(request.url);
  const path = call?.url.split("?")[0] ?? "";
  const known = CALLS.find(
    ({ method, pattern }) => method === request.method && pattern.test(path),
  );
  // The list of products is fe's own.
  if (call === undefined || known === undefined || known.name === "listProducts") {
    throw new CodisError(
      "NO_SUCH_PATH",
      `no such call: ${request.method} on a product; the calls are in its api/v1/openapi.json`,
    );
  }
  return { name: known.name, ...call };
}
