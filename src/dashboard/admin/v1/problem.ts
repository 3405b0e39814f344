/**
 * Answers of `/api/v1`: JSON with the version of the topology in `ETag`, and failures as problems (RFC 9457)
 * with the status of their code.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { ERROR_CODE_HEADER, encodeJson } from "../../../api/error-form.ts";
import { statusOf, titleOf } from "../../../api/error-status.ts";
import { topologyTag } from "../../../api/v1-path.ts";
import type { V1Problem } from "../../../api/v1-state-schema.ts";
import { CodisError } from "../../../base/error.ts";
import type { Failure } from "../../../http/failure.ts";
import type { LeaderControl } from "../../control.ts";

const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

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
    instance: request.url.split("?")[0] ?? "",
  };
  if (status === 401) {
    reply.header("www-authenticate", 'Bearer realm="codis"');
  }
  if (status === 429) {
    reply.header("retry-after", "1");
  }
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .header(ERROR_CODE_HEADER, failure.code)
    .send(encodeJson(problem));
}

/** Version of the leader's topology, for `ETag`. */
export function tagOf(leader: LeaderControl): string {
  return topologyTag(leader.epoch, leader.topology().revision);
}

/** Throws REVISION_OUTDATED unless the request has no `If-Match`, or one that names the version of now. */
export function checkIfMatch(request: FastifyRequest, leader: LeaderControl): void {
  const wanted = request.headers["if-match"];
  if (wanted === undefined) {
    return;
  }
  const tag = tagOf(leader);
  const tags = wanted.split(",").map((each) => each.trim());
  if (!tags.includes(tag) && !tags.includes("*")) {
    throw new CodisError(
      "REVISION_OUTDATED",
      `the topology is at ${tag} now, not at ${wanted.slice(0, 100)}: look again before you change it`,
    );
  }
}
