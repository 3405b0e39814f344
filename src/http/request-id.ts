/**
 * The id of a request, `X-Request-Id`: taken from the caller when it looks like one, else made here. It is in the
 * answer, in every problem, in the log and in the audit log, so that one can be found by the other.
 */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Name of the header, in small letters. */
export const REQUEST_ID_HEADER = "x-request-id";

const ID_BYTES = 8;
/** What is taken from a caller: nothing that could break a line of a log. */
const KNOWN_FORM = /^[\w.:-]{1,64}$/;

/** The id for a request with these headers. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === "string" && KNOWN_FORM.test(given)
    ? given
    : randomBytes(ID_BYTES).toString("hex");
}
