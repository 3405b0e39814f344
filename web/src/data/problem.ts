/**
 * What is shown when a call fails: the problem document of the API, or one made up here when the answer is
 * something else (a proxy's error page, no answer at all). Texts of strangers stay plain text.
 */

/** Longest text of an answer that isn't a problem document; the rest is cut. */
const TEXT_MAX = 300;

/** A call that failed. `status` 0: there was no answer. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** Status of the answer, 0 when there was none. */
  readonly status: number;
  /** Stable code of the API, such as `plan_outdated`; `no_answer` and `bad_answer` are made here. */
  readonly code: string;
  /** One line for people. Never markup. */
  readonly detail: string;
  /** For the logs of the server; undefined when there was no answer. */
  readonly requestId: string | undefined;

  constructor(status: number, code: string, detail: string, requestId?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
  }
}

/** Reads an answer that isn't a success. Never fails. */
export function problemOf(status: number, body: string, requestId: string | null): ApiProblem {
  const known = readProblem(body);
  if (known === undefined) {
    return new ApiProblem(status, "bad_answer", plainText(status, body), requestId ?? undefined);
  }
  const id =
    requestId ?? (typeof known["request_id"] === "string" ? known["request_id"] : undefined);
  const code = typeof known["code"] === "string" ? known["code"] : "bad_answer";
  const text = [known["detail"], known["Cause"], known["title"]].find(
    (each): each is string => typeof each === "string" && each !== "",
  );
  return new ApiProblem(status, code, text ?? `HTTP ${status}`, id);
}

/** Any thrown value as a problem, for `catch`. */
export function asProblem(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) {
    return thrown;
  }
  return new ApiProblem(0, "no_answer", thrown instanceof Error ? thrown.message : String(thrown));
}

function readProblem(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined; // An error page of something between us and the server.
  }
}

function plainText(status: number, body: string): string {
  const text = body
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, TEXT_MAX);
  return text === "" ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
}
