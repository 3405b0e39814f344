/**
 * Registers the paths of Codis 2.0: those that are still read, those that move slots or promote, and the refusals of
 * those that changed something else. Failures are status 500 with a text, as they were.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ERROR_CODE_HEADER, encodeJson } from "../../../api/error-form.ts";
import {
  LEGACY_CHANGES,
  LEGACY_READS,
  LEGACY_REFUSALS,
  type LegacyChange,
  type LegacyChangeName,
  type LegacyRead,
  type LegacyReadName,
} from "../../../api/legacy-route.ts";
import { CodisError } from "../../../base/error.ts";
import { refuseCrossSite } from "../../../console/cross-site.ts";
import type { Failure } from "../../../http/failure.ts";
import { admitLegacyChange, refuseLegacyIfOff } from "../gate/access.ts";
import { callerOf } from "../gate/caller.ts";
import { type AdminContext, runChange } from "../gate/context.ts";
import { refuseIfClosed } from "../gate/process.ts";
import { LEGACY_CHANGE_HANDLERS } from "./change-handler.ts";
import { LEGACY_HANDLERS } from "./handler.ts";

/** As 2.0 wrote it, in the order of its map. */
const DONE = '{"msg":"OK","ret":0}';

const PATTERNS = [
  ...Object.values(LEGACY_READS),
  ...Object.values(LEGACY_CHANGES),
  ...LEGACY_REFUSALS,
].map(({ path }) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`));

/** Adds all paths to the application. */
export function addLegacyRoutes(app: FastifyInstance, context: AdminContext): void {
  const onRequest = async () => {
    refuseLegacyIfOff(context.legacyApi);
    refuseIfClosed(context);
  };
  for (const name of Object.keys(LEGACY_READS) as LegacyReadName[]) {
    const { path }: LegacyRead = LEGACY_READS[name];
    app.route({
      method: "GET",
      url: path,
      onRequest,
      handler: async (request, reply) => {
        const reign = context.reigns.now();
        if (reign === undefined) {
          await context.forwarder.forward(request, reply);
          return reply;
        }
        const params = request.params as Readonly<Record<string, string>>;
        const value = await LEGACY_HANDLERS[name](reign.leader, params);
        // The content type of 2.0's JSON was plain text to its clients; they parse it all the same.
        return reply.type("application/json; charset=utf-8").send(encodeJson(value));
      },
    });
  }
  addChanges(app, context);
  for (const { method, path, now } of LEGACY_REFUSALS) {
    app.route({
      method,
      url: path,
      onRequest,
      handler: async () => {
        throw new CodisError("NOT_SUPPORTED", `this call of Codis 2.0 isn't done any more: ${now}`);
      },
    });
  }
}

function addChanges(app: FastifyInstance, context: AdminContext): void {
  for (const name of Object.keys(LEGACY_CHANGES) as LegacyChangeName[]) {
    const { method, path }: LegacyChange = LEGACY_CHANGES[name];
    app.route({
      method,
      url: path,
      onRequest: async (request) => {
        refuseLegacyIfOff(context.legacyApi);
        refuseCrossSite(request.headers);
        refuseIfClosed(context);
        const reign = context.reigns.now();
        if (reign !== undefined) {
          await admitLegacyChange(reign, callerOf(request), context.legacyApi);
        }
      },
      handler: (request, reply) => change(context, name, request, reply),
    });
  }
}

async function change(
  context: AdminContext,
  name: LegacyChangeName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const reign = context.reigns.now();
  if (reign === undefined) {
    await context.forwarder.forward(request, reply);
    return reply;
  }
  const body = typeof request.body === "string" ? request.body : "";
  const params = request.params as Readonly<Record<string, string>>;
  const prepared = LEGACY_CHANGE_HANDLERS[name](reign.leader, params, body);
  const caller = callerOf(request);
  // Once more: this dashboard may lead only since the body was read.
  const principal = await admitLegacyChange(reign, caller, context.legacyApi);
  await runChange(context, {
    reign,
    caller,
    principal,
    api: "legacy",
    operation: name,
    arguments: prepared.arguments,
    run: prepared.run,
  });
  return reply.type("application/json; charset=utf-8").send(DONE);
}

/** Whether the path is one of Codis 2.0. */
export function isLegacyPath(path: string): boolean {
  return PATTERNS.some((pattern) => pattern.test(path));
}

/** Sends a failure in the form of 2.0. */
export function sendLegacyFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  return reply
    .code(500)
    .type("text/plain; charset=utf-8")
    .header(ERROR_CODE_HEADER, failure.code)
    .send(`${failure.message}\n`);
}
