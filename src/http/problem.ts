/**
 * Failures of `/api/v1` as problems (RFC 9457), with the status of their code. The dashboard and the console for many
 * products answer with these.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { ERROR_CODE_HEADER, encodeJson } from "../api/error-form.ts";
import { statusOf, titleOf } from "../api/error-status.ts";
import type { V1Problem } from "../api/v1-state-schema.ts";
import type { Failure } from "./failure.ts";
import { REQUEST_ID_HEADER } from "./request-id.ts";

const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
/** Of a 429 that doesn't say itself when to try again. */
const RETRY_AFTER_SECONDS = 1;

/** Sends a failure. `status` goes before that of the code: 405 has no code of its own. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  failure: Failure,
  status = statusOf(failure.code),
): FastifyReply {
  const problem: V1Problem = {
    type: `urn:codis:error:${failure.code}`,
    title: status === 405 ? "Method Not Allowed" : titleOf(status),
    status,
    detail: failure.message,
    code: failure.code,
    // Without the query; the path of v1 holds no secret.
    instance: request.originalUrl.split("?")[0] ?? "",
    request_id: request.id,
  };
  if (status === 401) {
    reply.header("www-authenticate", 'Bearer realm="codis"');
  }
  if (status === 429) {
    reply.header("retry-after", String(failure.retryAfterSeconds ?? RETRY_AFTER_SECONDS));
  }
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .header("cache-control", "no-store")
    .header("x-content-type-options", "nosniff")
    .header(REQUEST_ID_HEADER, request.id)
    .header(ERROR_CODE_HEADER, failure.code)
    .send(encodeJson(problem));
}
