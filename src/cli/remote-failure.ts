/**
 * Says a failed call to a dashboard or a proxy in the words of a command line: what the other side said,
 * without the HTTP around it, and the next step where it is known. The code of the error stays, and so does
 * the exit code.
 */
import { CodisError, isCodisError, systemCodeOf } from "../base/error.ts";

/** Whom a command line asked. */
export interface RemoteTarget {
  readonly kind: "dashboard" | "proxy";
  readonly addr: string;
  /** What to do when nobody answers there: the end of the line, after "no dashboard answers at …;". */
  readonly whenAbsent: string;
  /** What the address has to be, when something else answers there. */
  readonly whenOther: string;
  /** A secret was sent. */
  readonly hasToken?: boolean;
  /** Where to look for what there is, after "… doesn't exist;" or "… already exists;". */
  readonly whenNotFound?: string | undefined;
  /** The next step after another refusal, by its words; undefined: none is known. */
  readonly nextStepAfter?: ((refusal: string) => string | undefined) | undefined;
}

/** System errors that mean that nothing listens there. */
const ABSENT = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  // What the runtime calls a connection that could not be made, whatever the reason.
  "ConnectionRefused",
  "FailedToOpenSocket",
]);

/** The same failure with a line for people; anything that isn't about a call comes back as it is. */
export function explainFailure(thrown: unknown, target: RemoteTarget): unknown {
  if (!isCodisError(thrown)) {
    return thrown;
  }
  const line =
    thrown.context["status"] === undefined
      ? describeSilence(thrown, target)
      : describeRefusal(thrown, target);
  return line === undefined
    ? thrown
    : new CodisError(thrown.code, line, { cause: thrown, context: thrown.context });
}

/** There was no answer. */
function describeSilence(thrown: CodisError, target: RemoteTarget): string | undefined {
  if (thrown.code !== "REMOTE_UNREACHABLE") {
    return undefined;
  }
  const { kind, addr } = target;
  if (thrown.context["isTimedOut"] === true) {
    return (
      `the ${kind} at ${addr} doesn't answer in time; what was asked for may have been done: look before ` +
      "you ask again"
    );
  }
  const cause = systemCodeOf(thrown.cause);
  if (cause === "ECONNRESET") {
    // A dashboard that dies while it answers, or a server of something else that wants no HTTP.
    return (
      `${addr} ended the connection without an answer (${cause}). A ${kind} that has just died may have done what ` +
      `was asked for: look before you ask again. If none is there: ${target.whenOther}`
    );
  }
  return cause === undefined || !ABSENT.has(cause)
    ? `what listens at ${addr} isn't a ${kind} (${cause ?? "no HTTP"}); ${target.whenOther}`
    : `no ${kind} answers at ${addr} (${cause}); ${target.whenAbsent}`;
}

/** There was an answer, and it was no. */
function describeRefusal(thrown: CodisError, target: RemoteTarget): string | undefined {
  const { reason, status } = thrown.context;
  const { kind, addr } = target;
  const said = typeof reason === "string" ? reason : `${addr} answered status ${status}`;
  switch (thrown.code) {
    case "NO_SUCH_PATH":
      return `what listens at ${addr} isn't a ${kind} (${said}); ${target.whenOther}`;
    case "REMOTE_REFUSED":
      return status === 404 || status === 405
        ? `what listens at ${addr} isn't a ${kind} of ours (status ${status}); ${target.whenOther}`
        : said;
    case "UNAUTHENTICATED":
      return target.hasToken === true
        ? `${said}; look at CODIS_TOKEN or --api-token`
        : "a token is needed: put the secret of a user into CODIS_TOKEN; it is made in the console (Users and " +
            "tokens) or with codis user add-token";
    case "NOT_LEADER":
    case "NOT_ONLINE":
      return `${said}; try again in a moment`;
    case "XAUTH_INVALID":
      return kind === "proxy" ? `${said}; --auth is the proxy's product_auth` : said;
    case "ALREADY_EXISTS":
    case "NOT_FOUND":
      return target.whenNotFound === undefined ? said : `${said}; ${target.whenNotFound}`;
    default: {
      const step = target.nextStepAfter?.(said);
      return step === undefined ? said : `${said}; ${step}`;
    }
  }
}
