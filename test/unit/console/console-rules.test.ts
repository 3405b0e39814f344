/**
 * The rules that dashboard and fe share for their consoles: paths, cookies, whose word about an address counts, limits
 * of sign-ins, and stored passwords.
 */
import { describe, expect, test } from "bun:test";
import {
  lacksSlash,
  parseBasePath,
  splitProductCall,
  stripBasePath,
} from "../../../src/console/base-path.ts";
import { hashPassword, isPassword, isPasswordHash } from "../../../src/console/password.ts";
import {
  csrfOf,
  formatCookie,
  hasCsrf,
  isOverTls,
  readCookie,
  valueOfSetCookie,
} from "../../../src/console/session-cookie.ts";
import { SignInLimit } from "../../../src/console/sign-in-limit.ts";
import { TrustedProxies } from "../../../src/console/trusted-proxy.ts";
import { withBase } from "../../../src/console/web-file.ts";
import { requestIdOf } from "../../../src/http/request-id.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("the base path", () => {
  test("has a slash at both ends, whatever was given, and is refused when it is no path", () => {
    for (const [text, path] of [
      ["", "/"],
      ["/", "/"],
      ["ops", "/ops/"],
      ["/ops/codis", "/ops/codis/"],
      ["//ops//codis//", "/ops/codis/"],
      ["/a b/", undefined],
      ["/../x", undefined],
      ['/"><script>', undefined],
      ["/x?y", undefined],
      [`/${"x".repeat(300)}`, undefined],
    ] as const) {
      expect([text, parseBasePath(text)]).toEqual([text, path]);
    }
  });

  test("is taken off only where it is", () => {
    expect(stripBasePath("/ops/api/v1/x?y=/ops/", "/ops/")).toBe("/api/v1/x?y=/ops/");
    expect(stripBasePath("/opsx/y", "/ops/")).toBe("/opsx/y");
    expect(stripBasePath("/ops/x", "/")).toBe("/ops/x");
    expect([lacksSlash("/ops?x", "/ops/"), lacksSlash("/ops/", "/ops/")]).toEqual([true, false]);
  });

  test("calls of a product are taken apart, and odd ones aren't calls", () => {
    expect(splitProductCall("/api/v1/products/my.shop/groups/1?x=1")).toEqual({
      product: "my.shop",
      url: "/api/v1/groups/1?x=1",
    });
    for (const url of [
      "/api/v1/products",
      "/api/v1/products/",
      "/api/v1/products/shop",
      "/api/v1/products//groups",
      "/api/v1/products/shop?x=/y",
      "/api/v1/products/%zz/groups",
    ]) {
      expect([url, splitProductCall(url)]).toEqual([url, undefined]);
    }
  });

  test("stands in the page", () => {
    expect(withBase('<head lang="x"><base href="/"></head>', "/a/")).toBe(
      '<head lang="x"><base href="/a/" /></head>',
    );
    expect(withBase("<HEAD><title>", "/")).toBe('<HEAD><base href="/" /><title>');
  });
});

describe("cookies", () => {
  test("are found by their whole name, and odd values count as none", () => {
    const header = "a=1; codis_session_x=abc-_9;codis_session_xy=no";
    expect(readCookie(header, "codis_session_x")).toBe("abc-_9");
    expect(readCookie(header, "codis_session")).toBeUndefined();
    expect(readCookie("x=a b", "x")).toBeUndefined();
    expect(readCookie("x=", "x")).toBeUndefined();
    expect(readCookie(`x=${"a".repeat(201)}`, "x")).toBeUndefined();
    expect(readCookie(undefined, "x")).toBeUndefined();
    const set = formatCookie({ name: "x", path: "/p/", isSecure: true }, "abc", 60);
    expect(set).toBe("x=abc; Path=/p/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
    expect(valueOfSetCookie(set, "x")).toBe("abc");
    expect(valueOfSetCookie(set, "y")).toBeUndefined();
  });

  test("need the CSRF value of their own session", () => {
    const header = { "x-codis-csrf": csrfOf("one") };
    expect([hasCsrf(header, "one"), hasCsrf(header, "two"), hasCsrf({}, "one")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(csrfOf("one")).not.toContain("one");
  });

  test("are for TLS when the browser used it", () => {
    expect(isOverTls({}, true)).toBe(true);
    expect(isOverTls({ "x-forwarded-proto": "https, http" }, false)).toBe(true);
    expect(isOverTls({ "x-forwarded-proto": "http, https" }, false)).toBe(false);
    expect(isOverTls({}, false)).toBe(false);
  });
});

describe("trusted proxies", () => {
  test("say where a request comes from; nobody else does", () => {
    const proxies = TrustedProxies.parse(" 127.0.0.1, 10.0.0.0/8,::1 ,fd00::/8");
    const originOf = (remote: string, header?: string) => proxies?.originOf(remote, header);
    expect(originOf("192.0.2.1", "203.0.113.1")).toBe("192.0.2.1");
    expect(originOf("10.1.2.3", "198.51.100.1, 203.0.113.1")).toBe("203.0.113.1");
    expect(originOf("::ffff:127.0.0.1", "203.0.113.1, 10.9.9.9")).toBe("203.0.113.1");
    expect(originOf("fd00::5", "2001:db8::1")).toBe("2001:db8::1");
    expect(originOf("127.0.0.1")).toBe("127.0.0.1");
    expect(originOf("127.0.0.1", "nonsense, ")).toBe("127.0.0.1");
  });

  test("are refused when they can't be read", () => {
    for (const text of ["localhost", "10.0.0.0/33", "::1/129", "1.2.3.4/8/8", "1.2.3.4/x"]) {
      expect([text, TrustedProxies.parse(text)]).toEqual([text, undefined]);
    }
    expect(TrustedProxies.parse("")?.originOf("127.0.0.1", "192.0.2.1")).toBe("127.0.0.1");
  });
});

describe("the limit of sign-ins", () => {
  test("of a user is ten, then one in 30 s; what succeeded doesn't count", () => {
    const clock = new FakeClock();
    const limit = new SignInLimit(clock);
    for (let count = 0; count < 30; count++) {
      limit.spend("a", "alice");
      limit.giveBack("a", "alice");
    }
    for (let count = 0; count < 10; count++) {
      limit.spend(`address ${count}`, "alice");
    }
    expect(() => limit.spend("b", "alice")).toThrow("try again in 30 s");
    limit.spend("b", "bob");
    clock.advance(29_999);
    expect(() => limit.spend("b", "alice")).toThrow("try again in 1 s");
    clock.advance(1);
    limit.spend("b", "alice");
    expect(() => limit.spend("b", "alice")).toThrow("30 s");
  });

  test("remembers no more than it may, and forgets the quiet ones first", () => {
    const limit = new SignInLimit(new FakeClock());
    for (let count = 0; count < 20; count++) {
      limit.spend("old", undefined);
    }
    expect(() => limit.spend("old", undefined)).toThrow("too many");
    for (let count = 0; count < 10_000; count++) {
      limit.spend(`address ${count}`, undefined);
    }
    limit.spend("old", undefined);
  });
});

describe("passwords", () => {
  test("are kept with salt and parameters, and found again in every form of Unicode", async () => {
    const stored = await hashPassword("pässwörd");
    expect(stored).toMatch(/^scrypt:32768:8:1:/);
    expect(await hashPassword("pässwörd")).not.toBe(stored);
    expect(await isPassword("pässwörd".normalize("NFD"), stored)).toBe(true);
    expect(await isPassword("passwort", stored)).toBe(false);
    expect(await isPassword("pässwörd", undefined)).toBe(false);
  });

  test("a hash with other parameters still counts; a damaged or dear one doesn't", async () => {
    const { scryptSync } = await import("node:crypto");
    const salt = Buffer.from("0123456789abcdef");
    const hash = scryptSync("secret", salt, 32, { cost: 1024, blockSize: 4, parallelization: 2 });
    const stored = `scrypt:1024:4:2:${salt.toString("base64url")}:${hash.toString("base64url")}`;
    expect(await isPassword("secret", stored)).toBe(true);
    for (const wrong of [
      "",
      "secret",
      stored.replace("1024", "1000"),
      stored.replace("1024", "8388608"),
      stored.replace(":4:", ":99:"),
      `${stored}x`,
    ]) {
      expect([wrong, isPasswordHash(wrong)]).toEqual([wrong, false]);
    }
  });

  test("too many at once are refused, not queued for ever", async () => {
    const attempts = Array.from({ length: 40 }, () => isPassword("x", undefined));
    const results = await Promise.allSettled(attempts);
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(6);
  }, 20_000);
});

test("the id of a request is the caller's when it looks like one", () => {
  expect(requestIdOf({ "x-request-id": "a.b:c_d-1" })).toBe("a.b:c_d-1");
  for (const odd of ["", "a b", "a\nb", "x".repeat(65)]) {
    expect(requestIdOf({ "x-request-id": odd })).toMatch(/^[0-9a-f]{16}$/);
  }
});
