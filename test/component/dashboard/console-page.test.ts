/**
 * The pages of the console on a dashboard's port: its files with their caching and packing, the one page for every
 * path of the console, the headers that keep a browser safe, and the path behind a reverse proxy.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { callAddr, type Headers } from "../../support/admin-port.ts";
import { builtConsole, SCRIPT, SCRIPT_PATH } from "../../support/built-console.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";

let port: DashboardPort;

async function start(options: ConstructorParameters<typeof DashboardPort>[0] = {}): Promise<void> {
  port = await new DashboardPort({ webFolder: builtConsole(), ...options }).start();
}

afterEach(() => port.close());

const BROWSER: Headers = { Accept: "text/html,*/*;q=0.8" };

/** Bytes of an answer, which the support's calls would take for text. */
async function bytesOf(path: string, coding: string): Promise<readonly [string | null, Buffer]> {
  const answer = await fetch(`http://${port.addr}${path}`, {
    headers: { "Accept-Encoding": coding },
    decompress: false,
  } as RequestInit);
  return [answer.headers.get("content-encoding"), Buffer.from(await answer.arrayBuffer())];
}

describe("files", () => {
  test("with a hash are kept for good, packed as the browser wants it", async () => {
    await start();
    const answer = await port.get(SCRIPT_PATH, { "Accept-Encoding": "identity" });
    expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(answer.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(answer.text).toBe(SCRIPT);
    const [br, brotli] = await bytesOf(SCRIPT_PATH, "gzip, br");
    expect([br, brotliDecompressSync(brotli).toString()]).toEqual(["br", SCRIPT]);
    const [gz, zipped] = await bytesOf(SCRIPT_PATH, "br;q=0, gzip");
    expect([gz, gunzipSync(zipped).toString()]).toEqual(["gzip", SCRIPT]);
    const [built, style] = await bytesOf("/assets/style-abcdefgh.css", "gzip");
    expect([built, gunzipSync(style).toString()]).toEqual(["gzip", "packed by the build"]);
    const [none, icon] = await bytesOf("/assets/icon-12345678.svg", "br, gzip");
    expect([none, icon.toString()]).toEqual([null, "<svg/>"]);
  });

  test("that the browser has already aren't sent again", async () => {
    await start();
    const first = await port.get("/", BROWSER);
    const tag = String(first.headers["etag"]);
    const again = await port.get("/", { ...BROWSER, "If-None-Match": tag });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("that aren't the console's can't be had, by whatever path", async () => {
    await start();
    for (const path of [
      "/secret.key",
      "/assets/..%2f..%2fpackage.json",
      "/%2e%2e/%2e%2e/package.json",
      "/assets/none-00000000.js",
      "/index.html.br",
    ]) {
      const answer = await port.get(path, { Accept: "*/*" });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).not.toContain("not for anybody");
    }
  });
});

describe("the page", () => {
  test("comes for every path of the console, isn't cached, and lets nothing in from elsewhere", async () => {
    await start();
    for (const path of ["/", "/sign-in", "/demo", "/demo/groups/3", "/demo/slots?mode=owner"]) {
      const { status, headers, text } = await port.get(path, BROWSER);
      expect([path, status, headers["cache-control"]]).toEqual([path, 200, "no-cache"]);
      expect(text).toContain('<base href="/" />');
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("object-src 'none'");
      expect(policy).toContain("base-uri 'self'");
      expect(policy).toContain("form-action 'self'");
      expect(policy).not.toContain("unsafe");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
    const head = await port.call("HEAD", "/demo/groups", undefined, BROWSER);
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("doesn't come for paths of the APIs, nor for programs", async () => {
    await start();
    for (const path of ["/api/v1/nothing", "/api/nothing", "/topom/nothing"]) {
      expect([path, (await port.get(path, BROWSER)).status]).toEqual([path, 404]);
    }
    expect((await port.get("/demo/groups", { Accept: "*/*" })).status).toBe(404);
    expect((await port.call("POST", "/demo/groups", {}, BROWSER)).status).toBe(404);
    expect((await port.get("/livez", BROWSER)).text).toBe("ok\n");
  });

  test("says how it is built while it isn't, and is there as soon as it is", async () => {
    const folder = builtConsole();
    rmSync(folder, { recursive: true });
    await start({ webFolder: folder });
    for (const path of ["/", "/demo/slots"]) {
      const { status, text, headers } = await port.get(path, BROWSER);
      expect([path, status]).toEqual([path, 503]);
      expect(text).toContain("npm start");
      expect(headers["cache-control"]).toBe("no-store");
    }
    expect((await port.get("/api/v1/product")).status).toBe(200);
  });

  test("isn't there when the console is switched off", async () => {
    await start({ hasConsole: false });
    expect((await port.get("/demo/slots", BROWSER)).status).toBe(404);
    expect((await port.get(SCRIPT_PATH)).status).toBe(404);
    expect((await port.get("/api/v1/product")).status).toBe(200);
  });
});

describe("behind a reverse proxy, under /ops/codis/", () => {
  test("the proxy may keep the path or take it away", async () => {
    await start({ basePath: "/ops/codis/" });
    for (const before of ["/ops/codis", ""]) {
      const page = await port.get(`${before}/demo/slots`, BROWSER);
      expect(page.text).toContain('<base href="/ops/codis/" />');
      expect((await port.get(before + SCRIPT_PATH)).text).toBe(SCRIPT);
      expect((await port.get(`${before}/api/v1/product`)).status).toBe(200);
      expect((await port.get(`${before}/api/v1/products/demo/groups?limit=1`)).status).toBe(200);
    }
    const slash = await port.get("/ops/codis", BROWSER);
    expect([slash.status, slash.headers["location"]]).toEqual([302, "/ops/codis/"]);
    const old = await port.get("/console", BROWSER);
    expect(old.headers["location"]).toBe("/ops/codis/");
  });
});

describe("the second name of every call", () => {
  test("answers as the first, for this product alone", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    const created = await port.call("POST", "/api/v1/products/demo/groups", { id: 4 }, root);
    expect(created.status).toBe(201);
    const first = await port.get("/api/v1/groups/4", root);
    const second = await port.get("/api/v1/products/demo/groups/4", root);
    expect(second.json()).toEqual(first.json());
    const other = await port.get("/api/v1/products/else/groups/4", root);
    expect([other.status, codeOf(other)]).toEqual([404, "NOT_FOUND"]);
    expect((await port.get("/api/v1/products/demo/groups")).status).toBe(401);
    expect((await port.get("/api/v1/products/demo/nothing", root)).status).toBe(404);
  });
});

describe("the id of a request", () => {
  test("is the caller's or made here, in the header, the problem, the log and the audit log", async () => {
    await start();
    const own = { "X-Request-Id": "page-7.1" };
    const refused = await port.call("POST", "/api/v1/groups", { id: 0 }, own);
    expect(refused.headers["x-request-id"]).toBe("page-7.1");
    expect(refused.json()).toMatchObject({ request_id: "page-7.1" });
    const line = port.logged.find((each) => each["event"] === "admin.refused");
    expect(line?.["request_id"]).toBe("page-7.1");
    await port.call("POST", "/api/v1/groups", { id: 5 }, own);
    const audit = (await port.get("/api/v1/audit")).json() as { items: unknown[] };
    expect(audit.items[0]).toMatchObject({ operation: "createGroup", request_id: "page-7.1" });
    const odd = await callAddr(port.addr, "GET", "/api/v1/groups/77", undefined, {
      "X-Request-Id": "x".repeat(65),
    });
    expect(odd.headers["x-request-id"]).toMatch(/^[0-9a-f]{16}$/);
    expect(odd.json()).toMatchObject({ request_id: odd.headers["x-request-id"] });
  });
});
