/**
 * JSON as Codis's HTTP APIs write it, and the form of their errors: status 800 with
 * `{"Cause": …, "Stack": null}`. (The programs of Codis also accept status 1500 as an error.)
 */

/** HTTP status of every failure of Codis's own API paths. */
export const CODIS_ERROR_STATUS = 800;
/** Content type of all JSON answers. */
export const JSON_CONTENT_TYPE = "application/json; charset=utf-8";

/** Body of a failure. `Stack` names source lines in the original; ours has none. */
export interface CodisErrorBody {
  readonly Cause: string;
  readonly Stack: null;
}

/** Value as JSON, indented by 4, with `<`, `>` and `&` escaped as Go's encoder does. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, undefined, 4).replace(/[<>&\u2028\u2029]/g, escapeChar);
}

/** Body of a failure with this message. */
export function encodeError(message: string): string {
  const body: CodisErrorBody = { Cause: message, Stack: null };
  return encodeJson(body);
}

/** The message of an error body, wherever it comes from; undefined when the text has no such form. */
export function decodeErrorCause(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && "Cause" in value;
    return isObject && typeof value.Cause === "string" ? value.Cause : undefined;
  } catch {
    return undefined; // Not JSON: the answer of something that isn't Codis.
  }
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
