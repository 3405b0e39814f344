/**
 * The version of the topology in answers of `/api/v1` (`ETag`), and the check of the one that a change is
 * meant for (`If-Match`). A version is one leader's: another leader's numbers never fit.
 */
import type { FastifyRequest } from "fastify";
import { topologyTag } from "../../../api/v1-path.ts";
import { CodisError } from "../../../base/error.ts";
import type { LeaderControl } from "../../control.ts";

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
