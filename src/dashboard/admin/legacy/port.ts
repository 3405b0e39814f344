/**
 * Registers the paths of Codis 2.0: those that are still read, and the refusals of those that changed
 * something. Failures are status 500 with a text, as they were.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import { ERROR_CODE_HEADER, encodeJson } from "../../../api/error-form.ts";
import {
  LEGACY_READS,
  LEGACY_REFUSALS,
  type LegacyRead,
  type LegacyReadName,
} from "../../../api/legacy-route.ts";
import { CodisError } from "../../../base/error.ts";
import type { Failure } from "../../../http/failure.ts";
import { refuseLegacyIfOff } from "../gate/access.ts";
import type { AdminContext } from "../gate/context.ts";
import { refuseIfClosed } from "../gate/process.ts";
import { LEGACY_HANDLERS } from "./handler.ts";

const PATTERNS = [...Object.values(LEGACY_READS), ...LEGACY_REFUSALS].map(
  ({ path }) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`),
);

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
