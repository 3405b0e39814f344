/**
 * Signing in to the console over real HTTP: passwords, sessions and their cookies, the header against forged requests,
 * the limits, the set-up link, and what of it is in the audit log.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { V1_PATHS, type V1Name } from "../../../src/api/v1-path.ts";
import { TrustedProxies } from "../../../src/console/trusted-proxy.ts";
import type { Answer } from "../../support/admin-port.ts";
import { bearer, codeOf, DashboardPort, FROM_ELSEWHERE } from "../../support/dashboard-port.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const PASSWORD = "correct horse";
const HOUR_MS = 3600 * 1000;

let port: DashboardPort;

async function start(options: ConstructorParameters<typeof DashboardPort>[0] = {}): Promise<void> {
  port = await new DashboardPort(options).start();
}

afterEach(() => port.close());

interface SignedIn {
  /** Of a change. */
  readonly headers: Record<string, string>;
  /** Without what shows that a change is ours. */
  readonly cookie: Record<string, string>;
  readonly answer: Answer;
}

function signInAnswer(body: unknown, headers = {}): Promise<Answer> {
  return port.call("POST", "/api/v1/session", body, headers);
}

async function signIn(body: unknown, headers = {}): Promise<SignedIn> {
  const answer = await signInAnswer(body, headers);
  if (answer.status !== 200) {
    throw new Error(`not signed in: ${answer.text}`);
  }
  const [set = ""] = [answer.headers["set-cookie"] ?? ""].flat();
  const cookie = { Cookie: `theme=dark; ${set.split(";")[0]}` };
  const { csrf } = answer.json() as { csrf: string };
  return { cookie, headers: { ...cookie, "X-Codis-CSRF": csrf }, answer };
}

/** The admin `root`, who has a password and a token; gives headers with the token. */
async function createRoot(): Promise<Record<string, string>> {
  const root = bearer(await port.createUser("root", "admin"));
  await port.call("PATCH", "/api/v1/users/root", { password: PASSWORD }, root);
  return root;
}

describe("a session", () => {
  test("begins with the password, has the role of its user, and ends with signing out", async () => {
    await start();
    await createRoot();
    expect((await port.get("/api/v1/session")).json()).toMatchObject({
      state: "signed-out",
      user: null,
      csrf: null,
      needs_setup: false,
      mode: "dashboard",
    });
    const { headers, cookie, answer } = await signIn({ user: "root", password: PASSWORD });
    const [set = ""] = [answer.headers["set-cookie"] ?? ""].flat();
    expect(set).toMatch(
      /^codis_session_demo=codis_[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.json()).toMatchObject({ state: "signed-in", user: "root", role: "admin" });
    expect((await port.get("/api/v1/me", cookie)).json()).toMatchObject({
      auth: "session",
      user: "root",
      token: null,
    });
    expect((await port.call("POST", "/api/v1/groups", { id: 1 }, headers)).status).toBe(201);
    // The secret is no token: it counts only with the rules for cookies.
    const secret = (set.split(";")[0] ?? "").split("=")[1] ?? "";
    expect((await port.get("/api/v1/me", bearer(secret))).status).toBe(401);
    const forged = await port.call("DELETE", "/api/v1/session", undefined, cookie);
    expect([forged.status, codeOf(forged)]).toEqual([403, "CSRF_INVALID"]);
    const out = await port.call("DELETE", "/api/v1/session", undefined, headers);
    expect(out.headers["set-cookie"]?.toString()).toContain("Max-Age=0");
    expect((await port.get("/api/v1/me", cookie)).status).toBe(401);
    expect((await port.call("DELETE", "/api/v1/session", undefined, headers)).status).toBe(200);
  });

  test("has a cookie for TLS and for its path only, where there are such", async () => {
    await start({ basePath: "/ops/codis/" });
    await createRoot();
    const tls = { "X-Forwarded-Proto": "https" };
    const { answer } = await signIn({ user: "root", password: PASSWORD }, tls);
    const set = String(answer.headers["set-cookie"]);
    expect(set).toContain("Path=/ops/codis/;");
    expect(set).toEndWith("; Secure");
  });

  test("ends after 12 hours, with another password, and with the token that it was opened with", async () => {
    const clock = new FakeClock();
    await start({ clock });
    const root = await createRoot();
    const status = async (each: SignedIn) => (await port.get("/api/v1/me", each.cookie)).status;
    const old = await signIn({ user: "root", password: PASSWORD });
    clock.advance(12 * HOUR_MS - 1);
    expect(await status(old)).toBe(200);
    clock.advance(1);
    expect(await status(old)).toBe(401);
    const tokens = "/api/v1/users/root/tokens";
    const made = await port.call("POST", tokens, { name: "t", expires_in_seconds: 60 }, root);
    const { secret } = made.json() as { secret: string };
    const short = await signIn({ token: secret });
    clock.advance(60_000);
    expect(await status(short)).toBe(401);
    const other = await port.call("POST", tokens, { name: "u" }, root);
    const byToken = await signIn({ token: (other.json() as { secret: string }).secret });
    await port.call("DELETE", `${tokens}/u`, undefined, root);
    expect(await status(byToken)).toBe(401);
    const before = await signIn({ user: "root", password: PASSWORD });
    const body = { password: "another horse" };
    expect((await port.call("PATCH", "/api/v1/users/root", body, root)).status).toBe(200);
    expect(await status(before)).toBe(401);
    expect((await signInAnswer({ user: "root", password: PASSWORD })).status).toBe(401);
    expect((await signInAnswer({ user: "root", ...body })).status).toBe(200);
  });

  test("of one user there are ten; the oldest ends for the eleventh", async () => {
    await start();
    const token = (await createRoot())["Authorization"]?.slice("Bearer ".length) ?? "";
    const sessions: SignedIn[] = [];
    for (let count = 0; count < 11; count++) {
      sessions.push(await signIn({ token }));
    }
    const statuses = [];
    for (const { cookie } of sessions) {
      statuses.push((await port.get("/api/v1/me", cookie)).status);
    }
    expect(statuses).toEqual([401, ...new Array(10).fill(200)]);
    const stored = port.leader.storage.nodes.get("/codis-ext/demo/users/root")?.data ?? "";
    expect((JSON.parse(stored) as { sessions: unknown[] }).sessions).toHaveLength(10);
  });

  test("outlives the dashboard, because only the coordinator has it", async () => {
    await start();
    await createRoot();
    const { cookie } = await signIn({ user: "root", password: PASSWORD });
    const { leader } = port;
    await port.close();
    await start({ leader });
    expect((await port.get("/api/v1/me", cookie)).json()).toMatchObject({ user: "root" });
  });

  test("is kept as a hash, as the password is, and no secret is in a log or an answer", async () => {
    await start();
    const root = await createRoot();
    const { cookie } = await signIn({ user: "root", password: PASSWORD });
    await signInAnswer({ user: "root", password: "wrong horse" });
    const secret = cookie["Cookie"]?.split("codis_session_demo=")[1] ?? "";
    const stored = port.leader.storage.nodes.get("/codis-ext/demo/users/root")?.data ?? "";
    expect(stored).toMatch(/"password": "scrypt:32768:8:1:[\w-]+:[\w-]+"/);
    const users = await port.get("/api/v1/users", root);
    expect(users.json()).toMatchObject({ items: [{ has_password: true, sessions: 1 }] });
    const audit = await port.get("/api/v1/audit", root);
    const everything = [stored, users.text, audit.text, ...port.logLines].join();
    for (const each of [secret, PASSWORD, "wrong horse"]) {
      expect(everything).not.toContain(each);
    }
    expect((audit.json() as { items: unknown[] }).items).toMatchObject([
      {
        operation: "createSession",
        who: "anonymous",
        state: "failed",
        error_code: "UNAUTHENTICATED",
        arguments: { user: "root", by: "password" },
      },
      { operation: "createSession", who: "root/@session", state: "done" },
      { operation: "updateUser", arguments: { name: "root", password: "hidden" } },
      { operation: "createUser" },
    ]);
  });
});

describe("roles (U2)", () => {
  test("a viewer's cookie changes nothing, no cookie nothing, an admin's nothing without the header", async () => {
    await start();
    const root = await createRoot();
    const vera = { name: "vera", role: "viewer", password: PASSWORD };
    expect((await port.call("POST", "/api/v1/users", vera, root)).json()).toMatchObject({
      secret: null,
      token: null,
    });
    const viewer = await signIn({ user: "vera", password: PASSWORD });
    const admin = await signIn({ user: "root", password: PASSWORD });
    const names = (Object.keys(V1_PATHS) as V1Name[]).filter(
      (name) => V1_PATHS[name].role !== "none",
    );
    const status = async (name: V1Name, headers: Record<string, string>) => {
      const path = V1_PATHS[name].path.replace(/\{\w+\}/g, "1");
      return (await port.call(V1_PATHS[name].method, path, undefined, headers)).status;
    };
    const seen = new Set<number>();
    for (const name of names) {
      const isChange = V1_PATHS[name].method !== "GET";
      expect([name, await status(name, {})]).toEqual([name, 401]);
      if (isChange) {
        // The own password is the one thing that a viewer changes; without a body it is none.
        const refusal = V1_PATHS[name].role === "viewer" ? 400 : 403;
        expect([name, await status(name, viewer.headers)]).toEqual([name, refusal]);
        expect([name, await status(name, viewer.cookie)]).toEqual([name, 403]);
        expect([name, await status(name, admin.cookie)]).toEqual([name, 403]);
      } else if (name !== "getEvents" && name !== "getStream") {
        seen.add(await status(name, admin.cookie));
      }
    }
    expect(seen.has(401) || seen.has(403)).toBe(false);
    expect(port.leader.orders).toEqual([]);
  });

  test("the header of another session is no better than none", async () => {
    await start();
    await createRoot();
    const one = await signIn({ user: "root", password: PASSWORD });
    const two = await signIn({ user: "root", password: PASSWORD });
    const mixed = { ...one.cookie, "X-Codis-CSRF": two.headers["X-Codis-CSRF"] ?? "" };
    const answer = await port.call("POST", "/api/v1/groups", { id: 1 }, mixed);
    expect([answer.status, codeOf(answer)]).toEqual([403, "CSRF_INVALID"]);
  });

  test("a cookie gives no right on the old API", async () => {
    await start();
    await createRoot();
    const { headers } = await signIn({ user: "root", password: PASSWORD });
    const old = await port.change("group/create/:xauth/1", undefined, {
      ...FROM_ELSEWHERE,
      ...headers,
    });
    expect(old.status).toBe(800);
  });
});

describe("the limit", () => {
  test("is for each user, and comes back with time", async () => {
    const clock = new FakeClock();
    await start({ clock });
    await createRoot();
    const wrong = { user: "root", password: "wrong horse" };
    for (let count = 0; count < 10; count++) {
      expect((await signInAnswer(wrong)).status).toBe(401);
    }
    const limited = await signInAnswer({ user: "root", password: PASSWORD });
    expect([limited.status, codeOf(limited)]).toEqual([429, "LOGIN_LIMITED"]);
    const seconds = Number(limited.headers["retry-after"]);
    expect([seconds >= 1, seconds <= 30]).toEqual([true, true]);
    clock.advance(seconds * 1000);
    expect((await signInAnswer({ user: "root", password: PASSWORD })).status).toBe(200);
  }, 60_000);

  test("is for each address: that of the browser, where a trusted proxy tells it", async () => {
    const trustedProxies = TrustedProxies.parse("127.0.0.1");
    if (trustedProxies === undefined) {
      throw new Error("not parsed");
    }
    await start({ clock: new FakeClock(), trustedProxies });
    await createRoot();
    const from = (addr: string) => ({ "X-Forwarded-For": `203.0.113.9, ${addr}` });
    for (let count = 0; count < 20; count++) {
      await signInAnswer({ token: `codis_${count}` }, from("192.0.2.1"));
    }
    const body = { user: "root", password: PASSWORD };
    expect((await signInAnswer(body, from("192.0.2.1"))).status).toBe(429);
    expect((await signInAnswer(body, from("192.0.2.2"))).status).toBe(200);
  }, 60_000);
});

describe("the set-up link", () => {
  function link(): string {
    const lines = port.logged.filter((each) => each["event"] === "access.setup");
    return String(lines.at(-1)?.["msg"]).split("setup=")[1] ?? "";
  }

  test("makes the first admin from anywhere, once", async () => {
    await start();
    const before = await port.get("/api/v1/session", FROM_ELSEWHERE);
    expect(before.json()).toMatchObject({
      state: "signed-out",
      needs_setup: true,
      setup_link: null,
    });
    const setup = link();
    expect(setup).toMatch(/^codis_[\w-]{43}$/);
    const local = (await port.get("/api/v1/session")).json() as { setup_link: string };
    expect(local.setup_link).toEndWith(`/sign-in?setup=${setup}`);
    const body = { user: "alice", password: PASSWORD };
    const wrong = await signInAnswer({ ...body, setup: "codis_wrong" }, FROM_ELSEWHERE);
    expect([wrong.status, codeOf(wrong)]).toEqual([401, "UNAUTHENTICATED"]);
    const { headers } = await signIn({ ...body, setup }, FROM_ELSEWHERE);
    const group = await port.call("POST", "/api/v1/groups", { id: 1 }, headers);
    expect(group.status).toBe(201);
    const again = await signInAnswer({ user: "eve", password: PASSWORD, setup });
    expect([again.status, codeOf(again)]).toEqual([401, "UNAUTHENTICATED"]);
    expect((await port.get("/api/v1/users")).status).toBe(401);
    const users = (await port.get("/api/v1/users", headers)).json();
    expect(users).toMatchObject({ items: [{ name: "alice", role: "admin", has_password: true }] });
  });

  test("of an earlier leader isn't good any more", async () => {
    await start();
    await port.get("/api/v1/me");
    const old = link();
    const { leader } = port;
    await port.close();
    await start({ leader });
    await port.get("/api/v1/me");
    expect(link()).not.toBe(old);
    const body = { user: "alice", password: PASSWORD, setup: old };
    expect((await signInAnswer(body)).status).toBe(401);
    expect((await signInAnswer({ ...body, setup: link() })).status).toBe(200);
  });

  test("an admin with a password alone can't be taken away, nor the password", async () => {
    await start();
    await port.get("/api/v1/me");
    const { headers } = await signIn({ user: "alice", password: PASSWORD, setup: link() });
    for (const answer of [
      await port.call("DELETE", "/api/v1/users/alice", undefined, headers),
      await port.call("PATCH", "/api/v1/users/alice", { password: null }, headers),
    ]) {
      expect([answer.status, codeOf(answer)]).toEqual([409, "STATE_CONFLICT"]);
    }
  });

  test("a wrong form of signing in is refused", async () => {
    await start();
    for (const body of [
      {},
      { user: "alice" },
      { token: "x", user: "alice" },
      { setup: "x" },
      { user: "alice", password: "short" },
    ]) {
      const answer = await signInAnswer(body);
      expect([body, answer.status, codeOf(answer)]).toEqual([body, 400, "BODY_INVALID"]);
    }
  });
});

describe("the list of products", () => {
  test("has the one of this dashboard, with its label and figures", async () => {
    await start({ label: "staging" });
    const list = (await port.get("/api/v1/products")).json() as { items: unknown[] };
    expect(list.items).toMatchObject([
      { name: "demo", label: "staging", state: "reachable", summary: { role: "admin" } },
    ]);
    // Nobody was counted yet, and nothing moves.
    expect(list.items).toMatchObject([
      {
        summary: {
          ops_last_hour: Array(60).fill(null),
          p99_ms: null,
          memory_max_bytes: null,
          operation: null,
        },
      },
    ]);
    expect((await port.get("/api/v1/product")).json()).toMatchObject({ label: "staging" });
  });
});
