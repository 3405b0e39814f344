/**
 * Whether a page of another site made a browser send a request. Browsers say so by themselves; programs send neither
 * header.
 */
import type { IncomingHttpHeaders } from "node:http";
import { CodisError } from "../base/error.ts";

/**
 * Refuses a change that a page of another site made a browser send: it would come with the browser's place
 * in the network, this machine perhaps. Throws FORBIDDEN.
 */
export function refuseCrossSite(headers: IncomingHttpHeaders): void {
  const site = headers["sec-fetch-site"];
  const { origin, host } = headers;
  const isOther =
    site !== undefined
      ? site === "cross-site" || site === "same-site"
      : // Behind a proxy the host may be another one than the browser was told; there the proxy answers for it.
        origin !== undefined && headers["x-forwarded-for"] === undefined && !isSame(origin, host);
  if (isOther) {
    throw new CodisError("FORBIDDEN", "a page of another site may not change anything here");
  }
}

function isSame(origin: string, host: string | undefined): boolean {
  return origin.replace(/^https?:\/\//, "") === host;
}
