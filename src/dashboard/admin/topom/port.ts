/**
 * Registers the paths of Codis 3.2: checks the xauth, lets changes in, does them between their entries in the
 * audit log, and answers in Codis's form. What can only be answered by the leader is handed on to it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TOPOM_ROUTES, type TopomRoute, type TopomRouteName } from "../../../api/topom-route.ts";
import { dashboardXauth, isSameXauth, XAUTH_INVALID, XAUTH_MISSING } from "../../../api/xauth.ts";
import { CodisError } from "../../../base/error.ts";
import { refuseCrossSite } from "../../../console/cross-site.ts";
import { sendJson } from "../../../http/answer.ts";
import { dashboardModelToJson } from "../../../model/dashboard-model.ts";
import {
  admitLegacyChange,
  admitProcessChange,
  type Principal,
  refuseLegacyIfOff,
} from "../gate/access.ts";
import { callerOf } from "../gate/caller.ts";
import { type AdminContext, runChange } from "../gate/context.ts";
import { refuseIfClosed, setLogLevel, shutdownAfter } from "../gate/process.ts";
import type { Reign } from "../reign/reign.ts";
import { levelParam, type PathParams } from "./argument.ts";
import { TOPOM_CHANGES, TOPOM_READS } from "./handler.ts";
import type { PreparedChange } from "./prepared.ts";

/** Adds all paths to the application. */
export function addTopomRoutes(app: FastifyInstance, context: AdminContext): void {
  const xauth = dashboardXauth(context.product);
  for (const name of Object.keys(TOPOM_ROUTES) as TopomRouteName[]) {
    const route: TopomRoute = TOPOM_ROUTES[name];
    app.route({
      method: route.method,
      url: route.path,
      // Before the body is read: a stranger's megabytes aren't taken into memory.
      onRequest: async (request) => {
        refuseLegacyIfOff(context.legacyApi);
        if (route.method !== "GET") {
          refuseCrossSite(request.headers);
        }
        if (route.auth === "xauth") {
          checkXauth(paramsOf(request)["xauth"] ?? "", xauth);
        }
        refuseIfClosed(context);
        if (isChange(name, request)) {
          await admit(context, route, request);
        }
      },
      handler: (request, reply) => answer(context, name, request, reply),
    });
  }
}

function checkXauth(given: string, expected: string): void {
  if (given === "") {
    throw new CodisError("XAUTH_INVALID", XAUTH_MISSING);
  }
  if (!isSameXauth(given, expected)) {
    throw new CodisError("XAUTH_INVALID", XAUTH_INVALID);
  }
}

/** undefined: the leader will decide. */
async function admit(
  context: AdminContext,
  route: TopomRoute,
  request: FastifyRequest,
): Promise<{ readonly reign: Reign | undefined; readonly principal: Principal } | undefined> {
  const caller = callerOf(request);
  const reign = context.reigns.now();
  if (reign !== undefined) {
    return { reign, principal: await admitLegacyChange(reign, caller, context.legacyApi) };
  }
  return route.scope === "process"
    ? { reign: undefined, principal: admitProcessChange(caller, context.legacyApi) }
    : undefined;
}

async function answer(
  context: AdminContext,
  name: TopomRouteName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const route: TopomRoute = TOPOM_ROUTES[name];
  const params = paramsOf(request);
  if (name === "model" || name === "overviewModel") {
    return sendJson(reply, dashboardModelToJson(context.control.model()));
  }
  if (name === "xping") {
    return sendJson(reply, "OK");
  }
  const reign = context.reigns.now();
  if (reign === undefined && route.scope === "product") {
    await context.forwarder.forward(request, reply);
    return reply;
  }
  if (reign !== undefined && isOf(TOPOM_READS, name)) {
    return sendJson(reply, await TOPOM_READS[name](context, reign.leader, params));
  }
  const value = await change(context, name, request, reign);
  if (name === "shutdown") {
    shutdownAfter(context, reply);
  }
  return sendJson(reply, value ?? "OK");
}

/** Does a change; `seen` is the reign that the call was meant for. */
async function change(
  context: AdminContext,
  name: TopomRouteName,
  request: FastifyRequest,
  seen: Reign | undefined,
): Promise<unknown> {
  const prepared = prepare(context, name, request, seen);
  if (!isChange(name, request)) {
    return prepared.run();
  }
  // Once more: this dashboard may lead only since the body was read.
  const admitted = await admit(context, TOPOM_ROUTES[name], request);
  if (admitted?.reign !== seen) {
    throw new CodisError("LEADERSHIP_LOST", "the leadership changed just now; nothing was done");
  }
  if (admitted?.reign === undefined) {
    return prepared.run();
  }
  return runChange(context, {
    reign: admitted.reign,
    caller: callerOf(request),
    principal: admitted.principal,
    api: "topom",
    operation: name,
    arguments: prepared.arguments,
    run: prepared.run,
  });
}

function prepare(
  context: AdminContext,
  name: TopomRouteName,
  request: FastifyRequest,
  reign: Reign | undefined,
): PreparedChange {
  const params = paramsOf(request);
  if (name === "logLevel") {
    const level = levelParam(params);
    return { arguments: { level }, run: async () => setLogLevel(context, level) };
  }
  if (name === "shutdown") {
    return { arguments: {}, run: async () => undefined };
  }
  if (reign === undefined || !isOf(TOPOM_CHANGES, name)) {
    throw new CodisError("INTERNAL", `the path ${name} has no handler`);
  }
  const body = typeof request.body === "string" ? request.body : "";
  const prepared = TOPOM_CHANGES[name](reign.leader, params, body);
  // The users may have been changed in the coordinator as well.
  return name === "reload" ? { ...prepared, run: () => reload(prepared, reign) } : prepared;
}

async function reload(prepared: PreparedChange, reign: Reign): Promise<void> {
  await prepared.run();
  reign.reloadUsers();
}

/** A plan of `rebalance` is a PUT that changes nothing. */
function isChange(name: TopomRouteName, request: FastifyRequest): boolean {
  const isPlan = name === "rebalance" && paramsOf(request)["confirm"] === "0";
  return TOPOM_ROUTES[name].method === "PUT" && !isPlan;
}

function paramsOf(request: FastifyRequest): PathParams {
  return request.params as PathParams;
}

function isOf<T extends object>(table: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(table, name);
}
