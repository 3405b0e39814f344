/** Who a request is from: what counts as this machine, what is claimed, and pages of other sites. */
import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { refuseCrossSite } from "../../../../../src/console/cross-site.ts";
import { describeCaller } from "../../../../../src/dashboard/admin/gate/caller.ts";

describe("describeCaller", () => {
  test("loopback is an address of the connection", () => {
    for (const addr of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
      expect([addr, describeCaller(addr, {}).isLoopback]).toEqual([addr, true]);
    }
    for (const addr of [
      "10.0.0.1",
      "128.0.0.1",
      "::2",
      "::ffff:10.0.0.1",
      "1127.0.0.1",
      undefined,
    ]) {
      expect([addr, describeCaller(addr, {}).isLoopback]).toEqual([addr, false]);
    }
  });

  test("a request that was handed on isn't from this machine, whatever it claims", () => {
    for (const name of ["x-forwarded-for", "x-real-ip", "forwarded", "via"]) {
      expect([name, describeCaller("127.0.0.1", { [name]: "127.0.0.1" }).isLoopback]).toEqual([
        name,
        false,
      ]);
    }
  });

  test("a request for a name of somebody else isn't from this machine: a browser may have been misled", () => {
    const isLoopback = (host: string) => describeCaller("127.0.0.1", { host }).isLoopback;
    for (const host of ["evil.example:18080", "evil.example", "127.0.0.1.evil.example:18080"]) {
      expect([host, isLoopback(host)]).toEqual([host, false]);
    }
    for (const name of ["localhost", "127.0.0.1", "[::1]", hostname()]) {
      expect([name, isLoopback(`${name}:18080`)]).toEqual([name, true]);
    }
  });

  test("claims are kept, shortened", () => {
    const headers = { "x-real-ip": "1.1.1.1", "x-forwarded-for": "2.2.2.2, 3.3.3.3" };
    expect(describeCaller("10.0.0.1", headers).claimedFrom).toBe("1.1.1.1, 2.2.2.2, 3.3.3.3");
    expect(describeCaller("10.0.0.1", {}).claimedFrom).toBeUndefined();
    const long = describeCaller("10.0.0.1", { "x-real-ip": "1".repeat(999) }).claimedFrom;
    expect(long).toHaveLength(200);
  });

  test("the secret is what follows Bearer", () => {
    const secretOf = (authorization: string) => describeCaller("::1", { authorization }).secret;
    expect(
      ["Bearer abc", "bearer  abc ", "Bearer ", "Basic abc", "Bearer a b"].map(secretOf),
    ).toEqual(["abc", "abc", undefined, undefined, undefined]);
  });
});

describe("refuseCrossSite", () => {
  const refused = (headers: Record<string, string>) => {
    try {
      refuseCrossSite(headers);
      return false;
    } catch {
      return true; // The only thing that it throws.
    }
  };

  test("programs, and pages of the same origin, may", () => {
    expect(refused({ host: "a:1" })).toBe(false);
    expect(refused({ host: "a:1", origin: "http://a:1" })).toBe(false);
    expect(refused({ host: "a:1", origin: "http://b", "sec-fetch-site": "same-origin" })).toBe(
      false,
    );
    expect(refused({ host: "a:1", "sec-fetch-site": "none" })).toBe(false);
    // Behind a proxy, codis-fe for example, the host may be another one.
    expect(refused({ host: "a:1", origin: "http://fe", "x-forwarded-for": "1.1.1.1" })).toBe(false);
  });

  test("pages of other sites may not", () => {
    expect(refused({ host: "a:1", origin: "http://b:1" })).toBe(true);
    expect(refused({ host: "a:1", origin: "null" })).toBe(true);
    expect(refused({ host: "a:1", origin: "http://a:1", "sec-fetch-site": "cross-site" })).toBe(
      true,
    );
    expect(refused({ host: "a:1", "sec-fetch-site": "same-site" })).toBe(true);
  });
});
