/**
 * The admin port: HTTP for the dashboard, the operator and the scraper, over a `ProxyControl`. Runs in
 * the main process only. Checks every call before its handler runs: closed proxy, xauth, version of a
 * push; and logs every PUT.
 *
 * Invariant: the xauth in the path never reaches the log; lines name the route's pattern.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  BODY_BYTES_MAX,
  EPOCH_HEADER,
  PROXY_ROUTES,
  type ProxyRoute,
  type ProxyRouteName,
  REVISION_HEADER,
  SLOT_COUNT_HEADER,
} from "../../api/proxy-route.ts";
import type { ProxyOverviewJson, ServerSightJson } from "../../api/proxy-stats.ts";
import { isSameXauth, proxyXauth, XAUTH_INVALID, XAUTH_MISSING } from "../../api/xauth.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { CodisError, type ErrorCode } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { sendFailure, sendNotFound } from "../../http/answer.ts";
import { createHttpApp, listen } from "../../http/app.ts";
import { failureOf } from "../../http/failure.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";
import type { ProxyConfig } from "../config.ts";
import type { ProxyControl, PushVersion, SentinelPort } from "../control.ts";
import {
  type AdminContext,
  createAdminContext,
  describeProxy,
  HANDLERS,
  tellTable,
} from "./handler.ts";

/** What the admin port needs. */
export interface AdminServerOptions {
  readonly control: ProxyControl;
  readonly config: ProxyConfig;
  readonly log: Log;
  /**
   * Makes the model of this proxy from the address that the admin port got (`host:port`, the real
   * port). Calls that arrive before it is made wait for it.
   */
  readonly describe: (adminListenAddr: string) => ProxyModel | Promise<ProxyModel>;
  /** What is seen of masters, by address; undefined: they aren't watched. */
  readonly servers?: (() => Readonly<Record<string, ServerSightJson>>) | undefined;
  /** What listens to the sentinels; undefined: they are kept, and nothing does. */
  readonly sentinelPort?: SentinelPort | undefined;
  readonly clock?: Clock;
}

/** The running admin port. */
export interface AdminServer {
  /** `host:port` listened on. */
  readonly addr: string;
  readonly model: ProxyModel;
  /** What `GET /proxy` answers, without slots; `flags` of `STATS_FLAG` as there. */
  overview(flags: number): Promise<Omit<ProxyOverviewJson, "slots">>;
  /** Finishes running calls, then closes. */
  close(): Promise<void>;
}

/** Listens on `admin_addr`. Throws `PORT_IN_USE` with one line when it can't. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  let model: ProxyModel | undefined;
  const described = Promise.withResolvers<void>();
  const context = createAdminContext({
    control: options.control,
    config: options.config,
    log: options.log,
    servers: options.servers,
    sentinelPort: options.sentinelPort,
    clock: options.clock ?? systemClock,
    model: () => {
      if (model === undefined) {
        throw new CodisError("INTERNAL", "the model of the proxy is asked for before it is known");
      }
      return model;
    },
  });
  const app = createApp(context, described.promise);
  const addr = await listen(app, options.config.adminAddr, "admin_addr");
  try {
    model = await options.describe(addr);
  } catch (thrown) {
    await app.close();
    throw thrown;
  } finally {
    described.resolve();
  }
  return {
    addr,
    model,
    overview: (flags) => describeProxy(context, flags),
    close: () => app.close(),
  };
}

function createApp(context: AdminContext, described: Promise<void>): FastifyInstance {
  const app = createHttpApp({ bodyBytesMax: BODY_BYTES_MAX });
  app.addHook("onRequest", async () => described);
  for (const name of Object.keys(PROXY_ROUTES) as ProxyRouteName[]) {
    addRoute(app, context, name);
  }
  app.setNotFoundHandler((request, reply) => sendNotFound(reply, describeNotFound(request)));
  app.setErrorHandler((thrown, request, reply) => {
    const { code, message } = failureOf(thrown, BODY_BYTES_MAX);
    logCall(context.log, request, request.routeOptions.url ?? "?", reply, code, thrown);
    sendFailure(reply, code, message);
  });
  return app;
}

function addRoute(app: FastifyInstance, context: AdminContext, name: ProxyRouteName): void {
  const route: ProxyRoute = PROXY_ROUTES[name];
  const handle = HANDLERS[name];
  app.route({
    method: route.method,
    url: route.path,
    // Before the body is read: a stranger's megabytes aren't taken into memory.
    onRequest: async (request) => {
      if (route.auth === "xauth") {
        admit(context, route, request);
      }
    },
    handler: async (request, reply) => {
      const params = request.params as Readonly<Record<string, string>>;
      const version = route.auth === "xauth" ? readVersion(request) : undefined;
      const body = typeof request.body === "string" ? request.body : "";
      // Once more: a newer dashboard may have been heard while the body was on its way.
      if (route.isPush === true) admitVersion(context, route, version);
      // Before the body is made: a push meanwhile makes the body newer than the header, never older.
      if (route.tellsTable === true) tellTable(context, reply);
      await handle(context, { params, body, version, request, reply });
      logCall(context.log, request, route.path, reply, undefined, undefined);
      return reply;
    },
  });
}

/** Lets a call in, or throws; remembers the version that it carries. */
function admit(context: AdminContext, route: ProxyRoute, request: FastifyRequest): void {
  if (context.control.state() === "closed") {
    throw new CodisError("PROXY_CLOSED", "use of closed proxy");
  }
  const given = (request.params as Readonly<Record<string, string>>)["xauth"] ?? "";
  const { config } = context;
  const expected = proxyXauth(config.productName, config.productAuth, context.model().token);
  if (given === "") {
    throw new CodisError("XAUTH_INVALID", XAUTH_MISSING);
  }
  if (!isSameXauth(given, expected)) {
    throw new CodisError("XAUTH_INVALID", XAUTH_INVALID);
  }
  admitSlotCount(context, request);
  admitVersion(context, route, readVersion(request));
}

/** Refuses a product with another number of slots, for which this proxy would hash keys wrongly. */
function admitSlotCount({ config }: AdminContext, request: FastifyRequest): void {
  const given = request.headers[SLOT_COUNT_HEADER];
  if (given !== undefined && given !== String(config.slotCount)) {
    throw new CodisError(
      "SLOT_COUNT_DIFFERS",
      `this proxy was started with slot_count = ${config.slotCount}, but its product has ` +
        `${String(given).slice(0, 20)} slots; start it with that slot_count`,
    );
  }
}

function admitVersion(
  context: AdminContext,
  route: ProxyRoute,
  version: PushVersion | undefined,
): void {
  if (version !== undefined) {
    context.guard.admitVersion(version);
  } else if (route.isPush === true) {
    context.guard.admitUnversionedPush();
  }
}

function readVersion(request: FastifyRequest): PushVersion | undefined {
  const epoch = request.headers[EPOCH_HEADER];
  const revision = request.headers[REVISION_HEADER];
  if (epoch === undefined && revision === undefined) {
    return undefined;
  }
  const isNumber = (text: unknown) => typeof text === "string" && /^\d{1,15}$/.test(text);
  if (!isNumber(epoch) || !isNumber(revision)) {
    throw new CodisError(
      "BODY_INVALID",
      `the headers ${EPOCH_HEADER} and ${REVISION_HEADER} must both be there and be whole numbers`,
    );
  }
  return { epoch: Number(epoch), revision: Number(revision) };
}

/** Every PUT, and every defect. A poll that fails as it should isn't worth a line. */
function logCall(
  log: Log,
  request: FastifyRequest,
  path: string,
  reply: FastifyReply,
  code: ErrorCode | undefined,
  thrown: unknown,
): void {
  if (request.method !== "PUT" && code !== "INTERNAL") {
    return;
  }
  const fields = {
    method: request.method,
    path,
    src_ip: request.ip,
    duration_s: Math.round(reply.elapsedTime) / 1000,
  };
  if (code === undefined) {
    log.info("admin.put", `${request.method} ${path}`, fields);
  } else if (code === "INTERNAL") {
    log.error("admin.defect", `${request.method} ${path} failed`, { ...fields, error: thrown });
  } else {
    log.warn("admin.refused", `${request.method} ${path} refused`, { ...fields, error: thrown });
  }
}

function describeNotFound(request: FastifyRequest): string {
  const path = request.url.split("?")[0] ?? "";
  if (path === "/debug" || path.startsWith("/debug/")) {
    return "no such path: the profiler of Go isn't here; figures are at /metrics and /proxy/stats";
  }
  // A wrong path may hold an xauth, which must not be repeated: only its fixed beginning is.
  const known = Object.values(PROXY_ROUTES).find(
    (route) => route.method !== request.method && matches(route.path, path),
  );
  return known === undefined
    ? "no such path on the admin port of a proxy"
    : `${known.path} takes ${known.method}, not ${request.method}`;
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split("/");
  const given = path.split("/");
  return (
    expected.length === given.length &&
    expected.every((part, index) => part.startsWith(":") || part === given[index])
  );
}
