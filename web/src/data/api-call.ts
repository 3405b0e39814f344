/**
 * A change of the product as a call of the API, so that the dialog that makes it can also give it as a line for a
 * shell.
 */
import { api, type ChangeMethod, productPath } from "./api.ts";

/** A call of the API. */
export interface ApiCall {
  readonly method: ChangeMethod;
  /** Relative to the product. */
  readonly path: string;
  readonly body?: unknown;
}

/** Makes the call. Throws `ApiProblem`. */
export function sendCall<T>({ method, path, body }: ApiCall): Promise<T> {
  return api.send<T>(method, path, body);
}

/** Whole address of the API of the open product, for `curlOf`. */
export function apiUrl(): string {
  return new URL(productPath(""), location.href).href;
}

/** The call as a line for a shell, with a token from the environment, and the reason of the change if there is one. */
export function curlOf({ method, path, body }: ApiCall, url: string, reason = ""): string {
  const parts = [
    `curl -X ${method} -H "Authorization: Bearer $CODIS_TOKEN"`,
    reason === "" ? "" : `-H ${inQuotes(`X-Codis-Reason: ${encodeURIComponent(reason)}`)}`,
    body === undefined
      ? ""
      : `-H 'Content-Type: application/json' -d ${inQuotes(JSON.stringify(body))}`,
    inQuotes(`${url}${path}`),
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
