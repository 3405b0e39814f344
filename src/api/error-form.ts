/**
 * JSON as Codis's HTTP APIs write it, and the form of their errors: status 800 with
 * `{"Cause": …, "Stack": null}`. (The programs of Codis also accept status 1500 as an error.)
 */
import { encodeGoJson } from "../base/go-json.ts";

/** HTTP status of every failure of Codis's own API paths. */
export const CODIS_ERROR_STATUS = 800;
/** Header of a failure that carries its code from `docs/errors.md`; the body is Codis's own form. */
export const ERROR_CODE_HEADER = "codis-error-code";
/** Content type of all JSON answers. */
export const JSON_CONTENT_TYPE = "application/json; charset=utf-8";

/** Body of a failure. `Stack` names source lines in the original; ours has none. */
export interface CodisErrorBody {
  readonly Cause: string;
  readonly Stack: null;
}

/** Value as JSON, indented by 4, with `<`, `>` and `&` escaped as Go's encoder does. */
export function encodeJson(value: unknown): string {
  return encodeGoJson(value);
}

/** Body of a failure with this message. */
export function encodeError(message: string): string {
  const body: CodisErrorBody = { Cause: message, Stack: null };
  return encodeJson(body);
}

/**
 * The message of an error body, wherever it comes from: `Cause` of Codis, or `detail` of a problem of
 * `/api/v1`; undefined when the text has neither form.
 */
export function decodeErrorText(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) {
      return undefined;
    }
    const { Cause, detail }: { readonly Cause?: unknown; readonly detail?: unknown } = value;
    return [Cause, detail].find((each) => typeof each === "string");
  } catch {
    return undefined; // Not JSON: the answer of something that isn't Codis.
  }
}
