/** What `Accept-Encoding` allows. */
import { expect, test } from "bun:test";
import { acceptsGzip } from "../../../src/http/gzip.ts";

test("gzip is accepted when it, or everything, is named and not refused", () => {
  for (const header of ["gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br;q=1, *;q=0.1"]) {
    expect([header, acceptsGzip(header)]).toEqual([header, true]);
  }
  for (const header of [undefined, "", "br", "gzip;q=0", "gzip; q=0.000", "xgzip", ";;;"]) {
    expect([header, acceptsGzip(header)]).toEqual([header, false]);
  }
});
