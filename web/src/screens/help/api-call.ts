/**
 * The calls that an OpenAPI document describes, as far as the help page shows them. Pure.
 */

/** The part of the document that is read. */
export interface OpenApi {
  /** By path, then by method in small letters. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiCall>>>>;
}

interface OpenApiCall {
  readonly summary?: string;
  readonly "x-codis-role"?: string;
}

/** A call. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  /** Weakest role that may; `none`: everybody. */
  readonly role: string;
}

/** All calls, in the order of the document. */
export function callsOf({ paths }: OpenApi): readonly ApiCall[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, call]) => call.summary !== undefined)
      .map(([method, call]) => ({
        method: method.toUpperCase(),
        path,
        summary: call.summary ?? "",
        role: call["x-codis-role"] ?? "none",
      })),
  );
}
