/**
 * What went wrong with a request, as a code and one line: for whatever a handler or the HTTP library
 * throws. And the reading of JSON bodies, whose errors name the place in the text.
 */
import { formatByteSize } from "../base/byte-size.ts";
import { CodisError, type ErrorCode, messageOf, systemCodeOf } from "../base/error.ts";
import { findJsonFault } from "../base/json-position.ts";

/** A failure to answer with. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** When it makes sense to try again, whole seconds; undefined: it isn't said. */
  readonly retryAfterSeconds?: number;
}

/** The failure for something thrown; INTERNAL for what is no `CodisError` and not the client's fault. */
export function failureOf(thrown: unknown, bodyBytesMax: number): Failure {
  if (thrown instanceof CodisError) {
    const { code, message, context } = thrown;
    const { retryAfterSeconds } = context;
    return typeof retryAfterSeconds === "number"
      ? { code, message, retryAfterSeconds }
      : { code, message };
  }
  if (systemCodeOf(thrown) === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const limit = formatByteSize(bodyBytesMax);
    return { code: "BODY_TOO_LARGE", message: `the body is larger than ${limit}, the limit` };
  }
  if (systemCodeOf(thrown)?.startsWith("FST_") === true) {
    return { code: "BODY_INVALID", message: messageOf(thrown) };
  }
  return { code: "INTERNAL", message: `internal error: ${messageOf(thrown)}` };
}

/** The value of a JSON text; `name` begins the error line (`body of fillslots`). Throws BODY_INVALID. */
export function parseJsonBody(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = findJsonFault(text);
    const where =
      fault === undefined ? "" : ` at line ${fault.line}, column ${fault.column}: ${fault.problem}`;
    throw new CodisError("BODY_INVALID", `${name}: it must be JSON, but it isn't${where}`, {
      cause,
    });
  }
}
