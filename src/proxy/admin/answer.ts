/**
 * Answers of the admin port: JSON in Codis's form, failures with its status 800, and the answers of the
 * paths that aren't Codis's. The only file that writes status lines.
 */
import type { FastifyReply } from "fastify";
import {
  CODIS_ERROR_STATUS,
  encodeError,
  encodeJson,
  JSON_CONTENT_TYPE,
} from "../../api/error-form.ts";
import { ERROR_CODE_HEADER } from "../../api/proxy-route.ts";
import type { ErrorCode } from "../../base/error.ts";

/** Status 200 and a value as JSON. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).type(JSON_CONTENT_TYPE).send(encodeJson(value));
}

/**
 * A failure in Codis's form. Goes around fastify, which allows only real HTTP statuses; the reason
 * phrase is the original's as well.
 */
export function sendFailure(reply: FastifyReply, code: ErrorCode, message: string): void {
  const body = encodeError(message);
  reply.hijack();
  reply.raw.writeHead(CODIS_ERROR_STATUS, `status code ${CODIS_ERROR_STATUS}`, {
    "Content-Type": JSON_CONTENT_TYPE,
    "Content-Length": Buffer.byteLength(body),
    [ERROR_CODE_HEADER]: code,
  });
  reply.raw.end(body);
}

/** Status 404 for a path that doesn't exist, with Codis's error body so that its clients show the text. */
export function sendNotFound(reply: FastifyReply, message: string): FastifyReply {
  return reply
    .code(404)
    .type(JSON_CONTENT_TYPE)
    .header(ERROR_CODE_HEADER, "NO_SUCH_PATH" satisfies ErrorCode)
    .send(encodeError(message));
}
