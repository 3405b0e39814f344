/**
 * Answers in Codis's form on an HTTP port of ours: JSON indented by 4, failures with its status 800, and
 * unknown paths. Both planes answer with these; the only file that writes the status line 800.
 */
import type { FastifyReply } from "fastify";
import {
  CODIS_ERROR_STATUS,
  ERROR_CODE_HEADER,
  encodeError,
  encodeJson,
  JSON_CONTENT_TYPE,
} from "../api/error-form.ts";
import type { ErrorCode } from "../base/error.ts";

/** Status 200 and a value as JSON. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).type(JSON_CONTENT_TYPE).send(encodeJson(value));
}

/**
 * A failure in Codis's form. Goes around fastify, which allows only real HTTP statuses, and keeps the
 * headers that were set on the reply; the reason phrase is the original's as well.
 */
export function sendFailure(reply: FastifyReply, code: ErrorCode, message: string): void {
  const body = encodeError(message);
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    reply.raw.setHeader(name, value ?? "");
  }
  reply.raw.writeHead(CODIS_ERROR_STATUS, `status code ${CODIS_ERROR_STATUS}`, {
    "content-type": JSON_CONTENT_TYPE,
    "content-length": Buffer.byteLength(body),
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
