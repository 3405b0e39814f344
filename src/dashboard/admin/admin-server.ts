/**
 * The HTTP port of a dashboard: the API of Codis 3.2, what is still read of 2.0's, `/api/v1`, and the paths of
 * every daemon, over a `DashboardControl`. Runs from the start of the process to its end, whether it leads,
 * stands by or waits for the coordinator.
 *
 * Invariant: neither the xauth nor a token reaches the log; lines name the route's pattern.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LEGACY_CHANGES, LEGACY_REFUSALS } from "../../api/legacy-route.ts";
import { LEADER_HEADER, TOPOM_BODY_BYTES_MAX, TOPOM_ROUTES } from "../../api/topom-route.ts";
import type { ProductLabel } from "../../api/v1-console-schema.ts";
import { V1_PATHS } from "../../api/v1-path.ts";
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { splitProductCall, stripBasePath } from "../../console/base-path.ts";
import { ConsolePages } from "../../console/console-page.ts";
import { sessionCookieName } from "../../console/session-cookie.ts";
import { SignInLimit } from "../../console/sign-in-limit.ts";
import { TrustedProxies } from "../../console/trusted-proxy.ts";
import { sendFailure, sendNotFound } from "../../http/answer.ts";
import { createHttpApp, listen } from "../../http/app.ts";
import { type Failure, failureOf } from "../../http/failure.ts";
import { addGzip } from "../../http/gzip.ts";
import { sendProblem } from "../../http/problem.ts";
import type { DashboardControl } from "../control.ts";
import { addDaemonRoutes } from "./daemon-port.ts";
import type { LegacyApiMode } from "./gate/access.ts";
import { type AdminContext, ChangeLimit, type ConfigJson } from "./gate/context.ts";
import { Forwarder, refuseOtherProduct } from "./gate/forward.ts";
import { type ApiName, RequestCount } from "./gate/request-count.ts";
import { addLegacyRoutes, isLegacyPath, sendLegacyFailure } from "./legacy/port.ts";
import { Reigns } from "./reign/reign.ts";
import { addTopomRoutes } from "./topom/port.ts";
import { addV1Routes } from "./v1/port.ts";

/** What the port needs. */
export interface AdminServerOptions {
  /** Its `model` may throw NOT_ONLINE until the address is known; calls that need it fail with that. */
  readonly control: DashboardControl;
  /** Address to listen on, `host:port`. */
  readonly adminAddr: string;
  readonly productName: string;
  /** Keys of `dashboard.toml` as `/topom` shows them, passwords empty. */
  readonly config: ConfigJson;
  readonly legacyApi: LegacyApiMode;
  /** `api_open`; false unless it is given. */
  readonly isApiOpen?: boolean;
  /** `product_label`; none unless it is given. */
  readonly label?: ProductLabel;
  /** `console`: whether the pages of the console are served; true unless it is given. */
  readonly hasConsole?: boolean;
  /** `console_base_path`, with `/` at both ends; `/` unless it is given. */
  readonly basePath?: string;
  /** `trusted_proxies`; none unless it is given. */
  readonly trustedProxies?: TrustedProxies;
  /** Folder of the built console; that of this program unless it is given. */
  readonly webFolder?: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Bounds; replaced in tests. */
  readonly auditSegmentsMax?: number;
  readonly requestTimeoutMs?: number;
  readonly keepAliveMs?: number;
  readonly forwardTimeoutMs?: number;
}

/** The running port. */
export interface AdminServer {
  /** `host:port` listened on. */
  readonly addr: string;
  /** Ends streams of events, finishes running calls, then closes. */
  close(): Promise<void>;
}

/** Connections at once; more are closed. */
const CONNECTIONS_MAX = 2000;
/** Whether this dashboard still leads is looked at so often, for the readers of events. */
const LOOK_MS = 1000;
/** `:addr` may be an IPv6 address in percent signs, `:datacenter` a long name. */
const PARAM_CHARS_MAX = 400;

/** Listens on `admin_addr`. Throws CONFIG_INVALID or PORT_IN_USE with one line when it can't. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const context = createContext(options);
  const app = createApp(options, context);
  const addr = await listen(app, options.adminAddr, "admin_addr");
  const look = new ReignLook(context);
  return {
    addr,
    close: async () => {
      look.close();
      context.reigns.close();
      context.forwarder.close();
      await app.close();
    },
  };
}

function createContext(options: AdminServerOptions): AdminContext {
  const { control } = options;
  const clock = options.clock ?? systemClock;
  const requests = new RequestCount();
  const { productName: product, basePath = "/" } = options;
  return {
    control,
    product,
    label: options.label ?? "",
    basePath,
    cookieName: sessionCookieName(product),
    trustedProxies: options.trustedProxies ?? new TrustedProxies(),
    signIns: new SignInLimit(clock),
    config: options.config,
    legacyApi: options.legacyApi,
    clock,
    log: options.log,
    reigns: new Reigns({
      leader: () => control.leader(),
      product,
      isApiOpen: options.isApiOpen ?? false,
      setupLink: (secret) =>
        `http://${control.model().adminAddr}${basePath}sign-in?setup=${secret}`,
      clock,
      log: options.log,
      auditSegmentsMax: options.auditSegmentsMax,
    }),
    forwarder: new Forwarder(control, requests, options.forwardTimeoutMs),
    requests,
    changes: new ChangeLimit(),
  };
}

function createApp(options: AdminServerOptions, context: AdminContext): FastifyInstance {
  const { product, basePath } = context;
  const pages =
    options.hasConsole === false
      ? undefined
      : new ConsolePages({ basePath, folder: options.webFolder });
  const app = createHttpApp({
    bodyBytesMax: TOPOM_BODY_BYTES_MAX,
    rewriteUrl: (url) => {
      const stripped = stripBasePath(url, basePath);
      const call = splitProductCall(stripped);
      return call?.product === product ? call.url : stripped;
    },
    requestTimeoutMs: options.requestTimeoutMs,
    keepAliveMs: options.keepAliveMs,
    paramCharsMax: PARAM_CHARS_MAX,
    connectionsMax: CONNECTIONS_MAX,
    sendBadRequest: (request, reply, message) => {
      sendError(request, reply, { code: "BODY_INVALID", message });
    },
  });
  addGzip(app);
  app.addHook("onRequest", async (request, reply) => {
    refuseOtherProduct(request, context.product);
    const leaderAddr = context.control.leaderAddr();
    if (leaderAddr !== undefined && context.control.state() === "standby") {
      reply.header(LEADER_HEADER, leaderAddr);
    }
  });
  app.addHook("onResponse", async (request, reply) => {
    const { statusCode } = reply.raw;
    context.requests.add(apiOf(request), request.method, statusCode, reply.elapsedTime / 1000);
  });
  addTopomRoutes(app, context);
  addLegacyRoutes(app, context);
  addV1Routes(app, context);
  addDaemonRoutes(app, context, pages);
  app.setNotFoundHandler(async (request, reply) => {
    if ((await pages?.answer(request, reply)) !== true) {
      sendUnknownPath(request, reply, product);
    }
    return reply;
  });
  app.setErrorHandler((thrown, request, reply) => {
    const failure = failureOf(thrown, TOPOM_BODY_BYTES_MAX);
    logFailure(context.log, request, failure, thrown);
    return sendError(request, reply, failure);
  });
  return app;
}

/** Has a reign begin and end also when nobody calls: readers of events must be told. */
class ReignLook {
  readonly #context: AdminContext;
  #lastComplaint = "";
  #timer: ClockTimer;

  constructor(context: AdminContext) {
    this.#context = context;
    this.#timer = this.#look();
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): ClockTimer {
    const { reigns, clock, log } = this.#context;
    const reign = reigns.now();
    if (reign !== undefined && !reign.hasUsers()) {
      // Read at once, so that an open API is told in the log before the first call.
      reign.users().catch((thrown: unknown) => {
        if (messageOf(thrown) !== this.#lastComplaint) {
          this.#lastComplaint = messageOf(thrown);
          log.warn("access.unread", "the users can't be read, so calls that need them fail", {
            error: thrown,
          });
        }
      });
    }
    return clock.after(LOOK_MS, () => {
      this.#timer = this.#look();
    });
  }
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? "";
}

function apiOf(request: FastifyRequest): ApiName {
  const path = pathOf(request);
  if (path.startsWith("/api/v1/")) {
    return "v1";
  }
  if (path === "/topom" || path.startsWith("/topom/") || path.startsWith("/api/topom/")) {
    return "topom";
  }
  return isLegacyPath(path) ? "legacy" : "other";
}

/** Each API has its own form of failures. */
function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  failure: Failure,
): FastifyReply | undefined {
  switch (apiOf(request)) {
    case "v1":
      return sendProblem(request, reply, failure);
    case "legacy":
      return sendLegacyFailure(reply, failure);
    default:
      sendFailure(reply, failure.code, failure.message);
      return undefined;
  }
}

function sendUnknownPath(
  request: FastifyRequest,
  reply: FastifyReply,
  product: string,
): FastifyReply {
  const path = pathOf(request);
  if (splitProductCall(path) !== undefined) {
    const message = `there is no such product here: this is the dashboard of ${product}`;
    return sendProblem(request, reply, { code: "NOT_FOUND", message });
  }
  const known = KNOWN_PATHS.filter(({ pattern }) => pattern.test(path));
  const methods = known.map(({ method }) => method).join(", ");
  // A wrong path may hold an xauth, which must not be repeated: only the known pattern is.
  const message =
    known[0] === undefined
      ? "no such path on the admin port of a dashboard"
      : `${known[0].path} takes ${methods}, not ${request.method}`;
  if (apiOf(request) !== "v1") {
    return sendNotFound(reply, message);
  }
  const failure = { code: "NO_SUCH_PATH", message } as const;
  if (known.length === 0) {
    return sendProblem(request, reply, failure);
  }
  reply.header("allow", methods);
  return sendProblem(request, reply, failure, 405);
}

const KNOWN_PATHS = [
  ...Object.values(TOPOM_ROUTES),
  ...Object.values(V1_PATHS),
  ...Object.values(LEGACY_CHANGES),
  ...LEGACY_REFUSALS,
].map(({ method, path }) => ({
  method,
  path,
  pattern: new RegExp(`^${path.replace(/:\w+|\{\w+\}/g, "[^/]+").replaceAll(".", "\\.")}$`),
}));

/** Refusals of changes, and every defect. A read that fails as it should isn't worth a line. */
function logFailure(log: Log, request: FastifyRequest, failure: Failure, thrown: unknown): void {
  const path = request.routeOptions.url ?? "?";
  const fields = {
    method: request.method,
    path,
    src_ip: request.ip,
    request_id: request.id,
    error: thrown,
  };
  if (failure.code === "INTERNAL") {
    log.error("admin.defect", `${request.method} ${path} failed`, fields);
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    log.warn("admin.refused", `${request.method} ${path} refused`, fields);
  }
}
