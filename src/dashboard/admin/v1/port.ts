/**
 * Registers the calls of `/api/v1`: lets the caller in, checks the input, does changes between their entries
 * in the audit log, and answers. What can only be answered by the leader is handed on to it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { decodeReason, REASON_HEADER } from "../../../api/reason.ts";
import { V1_PATHS, type V1Name, type V1Path } from "../../../api/v1-path.ts";
import { V1_ROUTES } from "../../../api/v1-route.ts";
import type { V1Route } from "../../../api/v1-route-form.ts";
import { logLevelSchema } from "../../../api/v1-state-schema.ts";
import { CodisError } from "../../../base/error.ts";
import { refuseCrossSite } from "../../../console/cross-site.ts";
import { sendJson } from "../../../http/answer.ts";
import { ANONYMOUS, admitProcessChange, admitV1, type Principal } from "../gate/access.ts";
import { type Caller, callerOf } from "../gate/caller.ts";
import { type AdminContext, runChange } from "../gate/context.ts";
import { refuseIfClosed, setLogLevel, shutdownAfter } from "../gate/process.ts";
import type { Reign } from "../reign/reign.ts";
import { type AnyInput, readInput } from "./call.ts";
import { openApiDocument, V1_HANDLERS, type V1ProcessName } from "./handler.ts";
import { checkIfMatch, tagOf } from "./topology-tag.ts";

/** A plan may take so long: the largest `plan_timeout`, and as much again as any call. */
const PLAN_FORWARD_MS = 670_000;

/** Adds all calls to the application. */
export function addV1Routes(app: FastifyInstance, context: AdminContext): void {
  for (const name of Object.keys(V1_PATHS) as V1Name[]) {
    const { method, path }: V1Path = V1_PATHS[name];
    app.route({
      method,
      url: path.replace(/\{(\w+)\}/g, ":$1"),
      // HEAD of a stream without an end would be one, too.
      exposeHeadRoute: name !== "getEvents" && name !== "getStream" && method === "GET",
      // Before the body is read: a stranger's megabytes aren't taken into memory.
      onRequest: async (request) => {
        if (method !== "GET") {
          refuseCrossSite(request.headers);
        }
        if (name !== "getOpenApi") {
          refuseIfClosed(context);
          await admit(context, name, callerOf(request, context.cookieName));
        }
      },
      handler: (request, reply) => answer(context, name, request, reply),
    });
  }
}

/** undefined: the leader will decide. */
async function admit(
  context: AdminContext,
  name: V1Name,
  caller: Caller,
): Promise<{ readonly reign: Reign | undefined; readonly principal: Principal } | undefined> {
  const { role, method }: V1Path = V1_PATHS[name];
  const reign = context.reigns.now();
  if (reign !== undefined) {
    const isChange = method !== "GET";
    const principal = role === "none" ? ANONYMOUS : await admitV1(reign, caller, role, isChange);
    return { reign, principal };
  }
  return isProcessCall(name)
    ? { reign: undefined, principal: admitProcessChange(caller, undefined) }
    : undefined;
}

async function answer(
  context: AdminContext,
  name: V1Name,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (name === "getOpenApi") {
    return sendJson(reply, openApiDocument());
  }
  const caller = callerOf(request, context.cookieName);
  // Once more: this dashboard may lead only since the body was read.
  const admitted = await admit(context, name, caller);
  if (admitted === undefined) {
    const timeoutMs = name === "createPlan" ? PLAN_FORWARD_MS : undefined;
    await context.forwarder.forward(request, reply, timeoutMs);
    return reply;
  }
  const { reign, principal } = admitted;
  const input = readInput(name, request);
  const run = () => handle(context, name, { caller, principal, reign, request, reply, input });
  const { status, isChange }: V1Route = V1_ROUTES[name];
  const value =
    isChange && reign !== undefined && !isDryRun(input)
      ? await runChange(context, {
          reign,
          caller,
          principal,
          api: "v1",
          operation: name,
          arguments: argumentsOf(name, input),
          reason: decodeReason(request.headers[REASON_HEADER]),
          run: async () => {
            checkIfMatch(request, reign.leader);
            return run();
          },
        })
      : await run();
  if (value === undefined) {
    return reply; // The handler has the connection.
  }
  if (name === "shutdown") {
    shutdownAfter(context, reply);
  }
  if (reign !== undefined) {
    reply.header("etag", tagOf(reign.leader));
  }
  reply.header("cache-control", "no-store");
  return sendJson(reply, value, status);
}

interface HandlerParts {
  readonly caller: Caller;
  readonly principal: Principal;
  readonly reign: Reign | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly input: AnyInput;
}

async function handle(context: AdminContext, name: V1Name, parts: HandlerParts): Promise<unknown> {
  const { reign, input, request } = parts;
  switch (name) {
    case "getOpenApi":
      return openApiDocument();
    case "getLogLevel":
      return { level: context.log.level() };
    case "setLogLevel":
      setLogLevel(context, logLevelSchema.parse(input.body).level);
      return { level: context.log.level() };
    case "shutdown":
      return { status: "ok" };
    default: {
      if (reign === undefined) {
        throw new CodisError("NOT_LEADER", "this dashboard doesn't lead the product");
      }
      if (isDryRun(input)) {
        checkIfMatch(request, reign.leader);
      }
      const call = { ...parts, ...input, reign, context };
      // Input was checked by the schemas of this name, which the compiler can't follow through two tables.
      const handler = V1_HANDLERS[name] as unknown as (checked: typeof call) => unknown;
      return handler(call);
    }
  }
}

function isProcessCall(name: V1Name): name is V1ProcessName {
  return (
    name === "getOpenApi" || name === "getLogLevel" || name === "setLogLevel" || name === "shutdown"
  );
}

function isDryRun({ body }: AnyInput): boolean {
  return body?.["dry_run"] === true;
}

/**
 * What the audit log keeps of the input: secrets are named, not told. Where path and body have the same name
 * for two things, as the user and the new token, the body stands apart.
 */
function argumentsOf(
  name: V1Name,
  { params, query, body: whole = {} }: AnyInput,
): Readonly<Record<string, unknown>> {
  const { secrets }: V1Route = V1_ROUTES[name];
  const body = Object.fromEntries(
    Object.entries(whole).map(([key, value]) => [key, secrets.includes(key) ? "hidden" : value]),
  );
  const isAmbiguous = Object.keys(body).some((name) => Object.hasOwn(params, name));
  return { ...params, ...query, ...(isAmbiguous ? { body } : body) };
}
