/**
 * `codis fe` over two dashboards in memory: one sign-in for all products, what is handed on to whom and what never is,
 * products that don't answer, and streams.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type IncomingMessage, request as startRequest } from "node:http";
import { V1_PATHS, type V1Name } from "../../../src/api/v1-path.ts";
import type { Answer } from "../../support/admin-port.ts";
import { builtConsole, SCRIPT, SCRIPT_PATH } from "../../support/built-console.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import { waitFor } from "../../support/deadline.ts";
import { CookieJar, FePort } from "../../support/fe-port.ts";
import { freePort } from "../../support/free-port.ts";
import { startRawServer } from "../../support/raw-server.ts";

const PASSWORD = "correct horse";
const WAIT_MS = 30_000;

let demo: DashboardPort;
let other: DashboardPort;
let fe: FePort;
let jar: CookieJar;
let tokens: Record<"demo" | "other", Record<string, string>>;

async function addUsers(port: DashboardPort, role: string): Promise<Record<string, string>> {
  const root = bearer(await port.createUser("root", "admin"));
  const alice = { name: "alice", role, password: PASSWORD };
  await port.call("POST", "/api/v1/users", alice, root);
  return root;
}

beforeEach(async () => {
  demo = await new DashboardPort({ label: "production" }).start();
  other = await new DashboardPort({ productName: "other" }).start();
  tokens = { demo: await addUsers(demo, "operator"), other: await addUsers(other, "viewer") };
  fe = await new FePort(
    [
      { name: "demo", dashboard: demo.addr },
      { name: "gone", dashboard: `127.0.0.1:${await freePort()}` },
      { name: "none", dashboard: "" },
      { name: "other", dashboard: other.addr },
    ],
    { webFolder: builtConsole() },
  ).start();
  jar = new CookieJar();
});

afterEach(async () => {
  await fe.close();
  await demo.close();
  await other.close();
});

async function signIn(body: object = { user: "alice", password: PASSWORD }): Promise<Answer> {
  const answer = await fe.call("POST", "/api/v1/session", body, jar.header());
  jar.take(answer);
  return answer;
}

/** Headers of a change. */
function change(answer: Answer): Record<string, string> {
  return { ...jar.header(), "X-Codis-CSRF": (answer.json() as { csrf: string }).csrf };
}

describe("one sign-in", () => {
  test("opens every product that knows the user, each with its own role", async () => {
    const before = (await fe.get("/api/v1/session")).json();
    expect(before).toMatchObject({ state: "signed-out", mode: "fe", csrf: null });
    const signedIn = await signIn();
    expect(signedIn.json()).toMatchObject({
      state: "signed-in",
      user: "alice",
      role: "operator",
      mode: "fe",
    });
    expect(jar.names()).toEqual(["codis_console", "codis_session_demo", "codis_session_other"]);
    for (const [product, role] of [
      ["demo", "operator"],
      ["other", "viewer"],
    ]) {
      const own = await fe.get(`/api/v1/products/${product}/session`, jar.header());
      expect(own.json()).toMatchObject({ state: "signed-in", user: "alice", role });
    }
    const create = (product: string, headers: Record<string, string>) =>
      fe.call("POST", `/api/v1/products/${product}/groups`, { id: 3 }, headers);
    expect((await create("demo", change(signedIn))).status).toBe(201);
    const asViewer = await create("other", change(signedIn));
    expect([asViewer.status, codeOf(asViewer)]).toEqual([403, "FORBIDDEN"]);
    const unproven = await create("demo", jar.header());
    expect([unproven.status, codeOf(unproven)]).toEqual([403, "CSRF_INVALID"]);
    expect(demo.leader.orders).toEqual(["createGroup 3"]);
    // The value of the product's own session is as good as fe's.
    const own = await fe.get("/api/v1/products/demo/session", jar.header());
    const direct = await fe.call(
      "DELETE",
      "/api/v1/products/demo/groups/3",
      undefined,
      change(own),
    );
    expect(direct.status).toBe(200);
  });

  test("ends everywhere with signing out", async () => {
    const signedIn = await signIn();
    const forged = await fe.call("DELETE", "/api/v1/session", undefined, jar.header());
    expect([forged.status, codeOf(forged)]).toEqual([403, "CSRF_INVALID"]);
    const old = jar.header();
    const out = await fe.call("DELETE", "/api/v1/session", undefined, change(signedIn));
    expect(out.status).toBe(200);
    jar.take(out);
    expect(jar.names()).toEqual([]);
    for (const port of [demo, other]) {
      expect((await port.get("/api/v1/me", old)).status).toBe(401);
    }
  });

  test("that nobody knows is refused, limited, and told to each product's audit log", async () => {
    const wrong = await signIn({ user: "alice", password: "wrong horse" });
    expect([wrong.status, codeOf(wrong)]).toEqual([401, "UNAUTHENTICATED"]);
    expect(jar.names()).toEqual([]);
    const audit = await demo.get("/api/v1/audit?limit=1", tokens.demo);
    expect((audit.json() as { items: unknown[] }).items).toMatchObject([
      { operation: "createSession", state: "failed", claimed_from: "127.0.0.1" },
    ]);
    expect(fe.logLines.join()).not.toContain("horse");
  });

  test("with a set-up link makes the first admin of the product that it belongs to", async () => {
    const fresh = await new DashboardPort({ productName: "fresh" }).start();
    try {
      fe.places = [...fe.places, { name: "fresh", dashboard: fresh.addr }];
      await waitFor("the need of a set-up", WAIT_MS, async () => {
        await fe.look();
        expect((await fe.get("/api/v1/session")).json()).toMatchObject({ needs_setup: true });
        return true;
      });
      const line = fresh.logged.find((each) => each["event"] === "access.setup");
      const setup = String(line?.["msg"]).split("setup=")[1];
      const made = await signIn({ user: "carol", password: PASSWORD, setup });
      expect(made.json()).toMatchObject({ state: "signed-in", user: "carol", role: "admin" });
      expect(jar.names()).toEqual(["codis_console", "codis_session_fresh"]);
    } finally {
      await fresh.close();
    }
  });
});

describe("what is handed on", () => {
  test("is the typed table alone, to the product's dashboard alone", async () => {
    const answer = await signIn();
    for (const [method, path] of [
      ["GET", "/api/v1/products/demo/nothing"],
      ["GET", "/api/v1/products/demo/../../../topom"],
      ["GET", "/api/v1/products/demo/products"],
      ["PUT", "/api/v1/products/demo/reload"],
      ["GET", "/api/v1/products/demo"],
      ["GET", "/api/v1/groups"],
      ["PUT", `/api/topom/reload/${demo.xauth}?forward=demo`],
      ["PUT", "/topom?forward=demo"],
    ] as const) {
      const refused = await fe.call(method, path, undefined, change(answer));
      expect([path, refused.status]).toEqual([path, 404]);
    }
    const unknown = await fe.get("/api/v1/products/127.0.0.1:1/groups", jar.header());
    expect([unknown.status, codeOf(unknown)]).toEqual([404, "NOT_FOUND"]);
  });

  test("takes only this product's cookie, and only headers of the list", async () => {
    await signIn();
    let seen = "";
    const spy = await startRawServer((socket) => {
      socket.on("data", (chunk) => {
        seen += chunk.toString();
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd: 1\r\nSet-Cookie: a=b\r\n\r\n{}");
      });
    });
    try {
      fe.places = [{ name: "spy", dashboard: spy.addr }, ...fe.places];
      await fe.look();
      seen = "";
      const answer = await fe.get("/api/v1/products/spy/groups?limit=5", {
        ...jar.header(),
        Cookie: `${jar.header()["Cookie"]}; codis_session_spy=abc; other=1`,
        "X-Custom": "no",
        "X-Forwarded-For": "203.0.113.1",
      });
      expect([answer.status, answer.text]).toEqual([200, "{}"]);
      expect([answer.headers["x-odd"], answer.headers["set-cookie"]]).toEqual([
        undefined,
        undefined,
      ]);
      // The list of products is looked at meanwhile as well.
      const asked = seen.split("\r\n\r\n").find((one) => one.includes("/api/v1/groups"));
      const lines = (asked ?? "").toLowerCase().split("\r\n");
      expect(lines[0]).toBe("get /api/v1/groups?limit=5 http/1.1");
      expect(lines.filter((line) => line.startsWith("cookie"))).toEqual([
        "cookie: codis_session_spy=abc",
      ]);
      expect(lines).toContain("x-forwarded-for: 203.0.113.1, 127.0.0.1");
      expect(lines).toContain("codis-product: spy");
      expect(seen).not.toContain("X-Custom");
    } finally {
      await spy.close();
    }
  });

  test("needs a session with that product, for every call of the table (U2)", async () => {
    await signIn();
    for (const name of Object.keys(V1_PATHS) as V1Name[]) {
      const { method, path, role } = V1_PATHS[name];
      if (role === "none" || name === "listProducts") {
        continue;
      }
      const filled = path.replace(/\{\w+\}/g, "1").replace("/api/v1/", "/api/v1/products/other/");
      expect([name, (await fe.call(method, filled)).status]).toEqual([name, 401]);
      if (method !== "GET") {
        const asViewer = await fe.call(method, filled, undefined, jar.header());
        expect([name, asViewer.status]).toEqual([name, 403]);
      }
    }
    expect(other.leader.orders).toEqual([]);
  });

  test("takes a token as well, and refuses pages of other sites", async () => {
    const token = tokens.demo;
    expect((await fe.get("/api/v1/products/demo/me", token)).json()).toMatchObject({
      user: "root",
    });
    const cross = await fe.call(
      "POST",
      "/api/v1/products/demo/groups",
      { id: 9 },
      { ...token, "Sec-Fetch-Site": "cross-site" },
    );
    expect([cross.status, codeOf(cross)]).toEqual([403, "FORBIDDEN"]);
    expect((await fe.get("/api/v1/products/other/me", token)).status).toBe(401);
  });

  test("keeps the id of the request, in the header and in the dashboard's problem", async () => {
    const answer = await fe.get("/api/v1/products/demo/me", { "X-Request-Id": "r-17" });
    expect(answer.headers["x-request-id"]).toBe("r-17");
    expect(answer.json()).toMatchObject({ status: 401, request_id: "r-17" });
  });

  test("streams come through as they are, and end with either side", async () => {
    await signIn();
    const [host, port] = fe.addr.split(":");
    const path = "/api/v1/products/demo/events";
    const call = startRequest({ host, port, path, headers: jar.header() });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      call.on("response", resolve);
      call.on("error", reject);
    });
    call.end();
    const stream = await answer;
    expect(stream.headers["content-type"]).toStartWith("text/event-stream");
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await waitFor("an event", WAIT_MS, () => text.includes("event: topology") || undefined);
    expect((await fe.get("/metrics")).text).toContain("codis_fe_stream_clients 1");
    call.on("error", () => undefined);
    stream.on("error", () => undefined);
    call.destroy();
    await waitFor("the end of the stream", WAIT_MS, async () => {
      const { text: metrics } = await fe.get("/metrics");
      return metrics.includes("codis_fe_stream_clients 0") || undefined;
    });
  });
});

describe("the list of products", () => {
  test("has all, with what each says to this visitor, or why it says nothing and since when", async () => {
    // A dashboard has a moment to answer, and the machine may stand still for longer.
    await waitFor("the list for strangers", WAIT_MS, async () => {
      await fe.look();
      const before = (await fe.get("/api/v1/products")).json() as { items: { state: string }[] };
      expect(before.items.map(({ state }) => state)).toEqual([
        "signed-out",
        "unreachable",
        "unreachable",
        "signed-out",
      ]);
      return true;
    });
    await signIn();
    const items = await waitFor("the list for alice", WAIT_MS, async () => {
      await fe.look();
      const after = await fe.get("/api/v1/products", jar.header());
      const { items: all } = after.json() as { items: { since: string }[] };
      expect(all).toMatchObject([
        { name: "demo", label: "production", state: "reachable", summary: { role: "operator" } },
        { name: "gone", state: "unreachable", health: null, summary: null },
        { name: "none", state: "unreachable", detail: "it has no dashboard now" },
        { name: "other", state: "reachable", summary: { role: "viewer" } },
      ]);
      return all;
    });
    expect(JSON.stringify(items[1])).toMatch(/doesn't answer: (ECONNREFUSED|ConnectionRefused)/);
    await fe.look();
    const again = (await fe.get("/api/v1/products")).json() as { items: { since: string }[] };
    expect(again.items[1]?.since).toBe(items[1]?.since ?? "");
  });

  test("stays as it was while the source can't be read; the dashboards are still asked", async () => {
    await signIn();
    fe.failure = new Error("no coordinator");
    await fe.look();
    expect((await fe.get("/api/v1/products/demo/me", jar.header())).status).toBe(200);
    expect(fe.logLines.join()).toContain("fe.undiscovered");
  });

  test("a product whose dashboard is gone answers 502, without its address", async () => {
    const answer = await fe.get("/api/v1/products/gone/groups");
    expect([answer.status, codeOf(answer)]).toEqual([502, "REMOTE_UNREACHABLE"]);
    expect(answer.text).not.toContain("127.0.0.1");
    const none = await fe.get("/api/v1/products/none/groups");
    expect([none.status, codeOf(none)]).toEqual([503, "NOT_LEADER"]);
  });
});

describe("other paths", () => {
  test("scripts of codis-fe find the list and the overview", async () => {
    expect((await fe.get("/list")).json()).toEqual(["demo", "gone", "none", "other"]);
    const overview = await fe.get("/topom?forward=demo");
    expect(overview.json()).toMatchObject({ model: { product_name: "demo" } });
    expect((await fe.get("/topom?forward=nobody")).status).toBe(404);
  });

  test("the console comes for its paths", async () => {
    const page = await fe.get("/demo/slots", { Accept: "text/html" });
    expect([page.status, page.headers["cache-control"]]).toEqual([200, "no-cache"]);
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
    expect((await fe.get(SCRIPT_PATH)).text).toBe(SCRIPT);
  });

  test("those of every daemon", async () => {
    expect((await fe.get("/livez")).text).toBe("ok\n");
    expect((await fe.get("/readyz")).status).toBe(200);
    // A dashboard has a moment to answer, and the machine may stand still for longer.
    await waitFor("two products of each kind", WAIT_MS, async () => {
      await fe.look();
      const { text } = await fe.get("/metrics");
      expect(text).toContain('codis_fe_products{state="reachable"} 2');
      expect(text).toContain('codis_fe_products{state="unreachable"} 2');
      return true;
    });
    const unread = new FePort([]);
    unread.failure = new Error("no coordinator");
    await unread.start();
    try {
      expect((await unread.get("/readyz")).status).toBe(503);
    } finally {
      await unread.close();
    }
  });
});

describe("under /ops/codis/", () => {
  test("cookies are for that path, whether the proxy keeps it or takes it away", async () => {
    const under = await new FePort(fe.places, {
      basePath: "/ops/codis/",
      webFolder: builtConsole(),
    }).start();
    try {
      for (const before of ["/ops/codis", ""]) {
        const body = { user: "alice", password: PASSWORD };
        const answer = await under.call("POST", `${before}/api/v1/session`, body);
        expect(answer.status).toBe(200);
        for (const line of [answer.headers["set-cookie"] ?? []].flat()) {
          expect(line).toContain("; Path=/ops/codis/;");
        }
        const page = await under.get(`${before}/demo`, { Accept: "text/html" });
        expect(page.text).toContain('<base href="/ops/codis/" />');
      }
    } finally {
      await under.close();
    }
  });
});
