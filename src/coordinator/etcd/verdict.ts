/**
 * What an exchange with etcd's JSON gateway means: an answer, or one of the failures that are treated
 * differently. etcd names its errors by fixed texts; the numbers are those of gRPC.
 *
 * The important line is between `again` (etcd surely did nothing) and `doubt` (it may have done it, or may
 * do it later): only what does no harm when it is done twice is repeated after a `doubt`.
 */
import type { HttpOutcome } from "./http-post.ts";

/** Outcome of one attempt. `reason` is one line for people. */
export type Verdict =
  | { readonly kind: "value"; readonly value: object }
  | { readonly kind: FailureKind; readonly reason: string };

/**
 * `login`: the token isn't known (any more), or there must be one. `auth-off`: etcd wants no login.
 * `lease-gone`, `compacted`, `too-large`: of the answer or request. `not-etcd`: something else answers.
 */
export type FailureKind =
  | "again"
  | "doubt"
  | "login"
  | "auth-off"
  | "refused"
  | "full"
  | "lease-gone"
  | "compacted"
  | "too-large"
  | "not-etcd"
  | "defect";

/** Texts of etcd's errors that say more than their number. */
const KIND_BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/no leader|not leader|proposal dropped|too many requests|not supported for learner/, "again"],
  [/invalid auth token|user name is empty|revision (?:of auth store|in header) is old/, "login"],
  [/authentication is not enabled/, "auth-off"],
  [/authentication failed|permission denied|user name not found/, "refused"],
  [/database space exceeded/, "full"],
  [/requested lease not found/, "lease-gone"],
  [/has been compacted/, "compacted"],
  [/request is too large|message larger than max/, "too-large"],
];

/** Numbers of gRPC for errors whose text isn't known. */
const KIND_BY_CODE: Readonly<Record<number, FailureKind>> = {
  3: "defect",
  7: "refused",
  12: "not-etcd",
  16: "login",
};

/** Longest part of a strange answer that is shown. */
const SHOWN_CHARS_MAX = 120;

/** Judges an exchange that ended. */
export function judge(outcome: HttpOutcome): Verdict {
  if (outcome.kind === "failure") {
    const kind = outcome.isTooLarge ? "too-large" : outcome.wasSent ? "doubt" : "again";
    return { kind, reason: outcome.reason };
  }
  const body = parseObject(outcome.text);
  if (body === undefined) {
    return judgeStrange(outcome.status, outcome.text);
  }
  // Up to etcd 3.5 an error has the field `error`; since 3.6 only `code` and `message`.
  if (body.error !== undefined || (outcome.status !== 200 && body.message !== undefined)) {
    return judgeError(body);
  }
  return outcome.status === 200
    ? { kind: "value", value: body.result ?? body }
    : judgeStrange(outcome.status, outcome.text);
}

/** Judges one line of a stream. */
export function judgeLine(line: string): Verdict {
  return judge({ kind: "answer", status: 200, text: line });
}

/** An answer, or a line of a stream, as the gateway writes them. */
interface GatewayBody {
  readonly result?: object;
  readonly error?: string | GatewayError | null;
  readonly message?: string;
  readonly code?: number;
}

/** The error of a stream; `code` since etcd 3.6. */
interface GatewayError {
  readonly grpc_code?: number;
  readonly code?: number;
  readonly message?: string;
}

function judgeError(body: GatewayBody): Verdict {
  const nested = typeof body.error === "object" ? body.error : null;
  const text = nested?.message ?? body.message ?? body.error;
  const code = nested?.grpc_code ?? nested?.code ?? body.code;
  const reason = oneLine(typeof text === "string" ? text : `error ${code}`);
  const known = KIND_BY_TEXT.find(([pattern]) => pattern.test(reason))?.[1];
  return { kind: known ?? KIND_BY_CODE[code ?? 0] ?? "doubt", reason };
}

function judgeStrange(status: number, text: string): Verdict {
  const shown = oneLine(text).slice(0, SHOWN_CHARS_MAX);
  if (status === 404) {
    return {
      kind: "not-etcd",
      reason: "there is no JSON gateway of etcd 3.4 or later (status 404)",
    };
  }
  // A broken answer of a proxy in between, or of a server that is going down.
  const kind = status >= 400 && status < 500 ? "not-etcd" : "doubt";
  return { kind, reason: `answered status ${status} ${JSON.stringify(shown)}` };
}

function parseObject(text: string): GatewayBody | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      return undefined;
    }
    throw thrown;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
