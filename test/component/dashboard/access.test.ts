/**
 * Who may do what on a dashboard's port: users, roles and tokens of `/api/v1`, and what that makes of the old
 * API, over real HTTP. What comes with `X-Forwarded-For` is from elsewhere.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { isRoleEnough, type Role, V1_PATHS, type V1Name } from "../../../src/api/v1-path.ts";
import { CodisError } from "../../../src/base/error.ts";
import type { LegacyApiMode } from "../../../src/dashboard/admin/gate/access.ts";
import { decodeUser } from "../../../src/dashboard/admin/reign/user-record.ts";
import { bearer, codeOf, DashboardPort, FROM_ELSEWHERE } from "../../support/dashboard-port.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeLeader } from "../../support/fake-dashboard-control.ts";

let port: DashboardPort;

async function start(options: ConstructorParameters<typeof DashboardPort>[0] = {}): Promise<void> {
  port = await new DashboardPort(options).start();
}

afterEach(() => port.close());

const NEW_GROUP = { id: 7 };

describe("without users", () => {
  test("with api_open everybody is an admin, and the product and the log say so", async () => {
    await start({ isApiOpen: true });
    const me = await port.get("/api/v1/me", FROM_ELSEWHERE);
    expect(me.json()).toEqual({ auth: "open", user: null, token: null, role: "admin" });
    expect((await port.get("/api/v1/product")).json()).toMatchObject({
      auth: "open",
      legacy_api: "full",
    });
    const made = await port.call("POST", "/api/v1/groups", NEW_GROUP, FROM_ELSEWHERE);
    expect(made.status).toBe(201);
    expect(port.logged.filter((line) => line["event"] === "access.open")).toHaveLength(1);
    const old = await port.change("group/create/:xauth/8", undefined, FROM_ELSEWHERE);
    expect(old.status).toBe(200);
  });

  test("this machine is an admin; others need the set-up link, but the old API has its own rule", async () => {
    await start();
    expect((await port.get("/api/v1/me")).json()).toMatchObject({ auth: "open", role: "admin" });
    const refused = [
      await port.get("/api/v1/me", FROM_ELSEWHERE),
      await port.call("POST", "/api/v1/groups", NEW_GROUP, FROM_ELSEWHERE),
    ];
    for (const answer of refused) {
      expect([answer.status, codeOf(answer)]).toEqual([401, "SETUP_NEEDED"]);
      expect(answer.text).toContain("set-up link");
    }
    const events = port.logged.map((line) => line["event"]);
    expect(events).toContain("access.setup");
    expect(events).not.toContain("access.open");
    const old = await port.change("group/create/:xauth/8", undefined, FROM_ELSEWHERE);
    expect(old.status).toBe(200);
  });

  test("the first user is made from this machine only, whatever a header says", async () => {
    await start({ isApiOpen: true });
    const user = { name: "root", role: "admin" };
    for (const headers of [
      FROM_ELSEWHERE,
      { "X-Forwarded-For": "127.0.0.1" },
      { "X-Real-IP": "127.0.0.1" },
      { Forwarded: "for=127.0.0.1" },
      { Via: "1.1 proxy" },
    ]) {
      const answer = await port.call("POST", "/api/v1/users", user, headers);
      expect([answer.status, codeOf(answer)]).toEqual([403, "FORBIDDEN"]);
    }
    expect((await port.call("POST", "/api/v1/users", user)).status).toBe(201);
  });

  test("the first user must be an admin with a token that doesn't expire", async () => {
    await start();
    for (const user of [
      { name: "root", role: "operator" },
      { name: "root", role: "admin", token: { name: "t", expires_in_seconds: 60 } },
    ]) {
      const answer = await port.call("POST", "/api/v1/users", user);
      expect([answer.status, codeOf(answer)]).toEqual([409, "STATE_CONFLICT"]);
    }
    expect((await port.get("/api/v1/product")).json()).toMatchObject({ auth: "open" });
  });

  test("of two first users at once there is one", async () => {
    await start();
    const answers = await Promise.all(
      ["anna", "ben"].map((name) =>
        port.call("POST", "/api/v1/users", { name, role: "admin", token: { name: "t" } }),
      ),
    );
    // Both are let in while the API is open; the second must not become an admin made by nobody.
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401]);
    const made = answers.find(({ status }) => status === 201)?.json() ?? {};
    const { secret = "" } = made as { secret?: string };
    expect((await port.get("/api/v1/users", bearer(secret))).status).toBe(200);
    expect((await port.get("/api/v1/users")).status).toBe(401);
  });
});

describe("with users", () => {
  test("every call needs a token whose role is enough", async () => {
    await start();
    const secrets = { admin: await port.createUser("root", "admin"), operator: "", viewer: "" };
    secrets.operator = await port.createUser("oli", "operator", bearer(secrets.admin));
    secrets.viewer = await port.createUser("vera", "viewer", bearer(secrets.admin));
    const names = (Object.keys(V1_PATHS) as V1Name[]).filter(
      (name) =>
        !["getEvents", "getStream", "shutdown"].includes(name) && V1_PATHS[name].role !== "none",
    );
    for (const name of names) {
      const { method, path, role } = V1_PATHS[name];
      const filled = path.replace(/\{\w+\}/g, "1");
      for (const [own, secret] of Object.entries(secrets) as [
        "admin" | "operator" | "viewer",
        string,
      ][]) {
        const { status } = await port.call(method, filled, undefined, bearer(secret));
        const isRefused = !isRoleEnough(own, role as Role);
        expect([name, own, status === 403]).toEqual([name, own, isRefused]);
      }
      for (const headers of [{}, bearer("codis_wrong"), { Authorization: "Basic eDp5" }]) {
        const { status } = await port.call(method, filled, undefined, headers);
        expect([name, status]).toEqual([name, 401]);
      }
    }
    const refused = await port.get("/api/v1/product");
    expect(refused.headers["www-authenticate"]).toBe('Bearer realm="codis"');
  });

  test("a token is kept as a hash, shown once, and in no log line", async () => {
    await start();
    const secret = await port.createUser("root", "admin");
    expect(secret).toMatch(/^codis_[\w-]{43}$/);
    const stored = port.leader.storage.nodes.get("/codis-ext/demo/users/root")?.data ?? "";
    expect(decodeUser(stored, "root").tokens[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
    const list = await port.get("/api/v1/users", bearer(secret));
    const audit = await port.get("/api/v1/audit", bearer(secret));
    const everything = [stored, list.text, audit.text, ...port.logLines].join();
    expect(everything).not.toContain(secret);
    expect(audit.json()).toMatchObject({ items: [{ operation: "createUser", who: "open" }] });
  });

  test("a token ends when it expires, is revoked, or its user goes", async () => {
    const clock = new FakeClock();
    await start({ clock });
    const root = bearer(await port.createUser("root", "admin"));
    await port.createUser("vera", "viewer", root);
    const make = async (name: string, seconds?: number) => {
      const body = { name, ...(seconds === undefined ? {} : { expires_in_seconds: seconds }) };
      const answer = await port.call("POST", "/api/v1/users/vera/tokens", body, root);
      return bearer((answer.json() as { secret: string }).secret);
    };
    const [short, revoked, last] = [
      await make("short", 60),
      await make("gone"),
      await make("last"),
    ];
    const status = async (headers: Record<string, string>) =>
      (await port.get("/api/v1/me", headers)).status;
    expect([await status(short), await status(revoked), await status(last)]).toEqual([
      200, 200, 200,
    ]);
    clock.advance(60_000);
    expect(await status(short)).toBe(401);
    await port.call("DELETE", "/api/v1/users/vera/tokens/gone", undefined, root);
    expect([await status(revoked), await status(last)]).toEqual([401, 200]);
    await port.call("DELETE", "/api/v1/users/vera", undefined, root);
    expect(await status(last)).toBe(401);
  });

  test("the last admin with a lasting token stays", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    const attempts = [
      port.call("DELETE", "/api/v1/users/root", undefined, root),
      port.call("PATCH", "/api/v1/users/root", { role: "viewer" }, root),
      port.call("DELETE", "/api/v1/users/root/tokens/default", undefined, root),
    ];
    for (const answer of await Promise.all(attempts)) {
      expect([answer.status, codeOf(answer)]).toEqual([409, "STATE_CONFLICT"]);
    }
    const body = { name: "second", role: "admin" };
    expect((await port.call("POST", "/api/v1/users", body, root)).status).toBe(201);
    expect((await port.call("DELETE", "/api/v1/users/root", undefined, root)).status).toBe(200);
  });

  test("a user whose node is damaged can't log in, and the API doesn't become open", async () => {
    const leader = new FakeLeader();
    leader.storage.nodes.set("/codis-ext/demo/users/root", { data: "{", version: 1 });
    await start({ leader });
    expect((await port.get("/api/v1/me")).status).toBe(401);
    const answer = await port.call("POST", "/api/v1/users", { name: "x", role: "admin" });
    expect(answer.status).toBe(401);
    expect(port.logged.map((line) => line["event"])).toContain("users.fault");
    expect((await port.change("group/create/:xauth/1", undefined, FROM_ELSEWHERE)).status).toBe(
      800,
    );
  });

  test("while the users can't be read nobody from elsewhere is let in", async () => {
    const leader = new FakeLeader();
    leader.storage.failure = new CodisError("COORDINATOR_UNREACHABLE", "no answer");
    await start({ leader });
    const answer = await port.get("/api/v1/me");
    expect([answer.status, codeOf(answer)]).toEqual([503, "COORDINATOR_UNREACHABLE"]);
    expect((await port.change("group/create/:xauth/1", undefined, FROM_ELSEWHERE)).status).toBe(
      800,
    );
    leader.storage.failure = undefined;
    expect((await port.get("/api/v1/me")).status).toBe(200);
    expect(leader.orders).toEqual([]);
  });

  test("a write of unknown outcome has the users read again", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    const { storage } = port.leader;
    const audited = (await port.call("POST", "/api/v1/groups", NEW_GROUP, root)).status;
    expect(audited).toBe(201);
    // Happens in the coordinator although the answer is lost.
    const write = storage.write.bind(storage);
    storage.write = async (writes) => {
      await write(writes);
      if (writes.some(({ path }) => path.includes("/users/"))) {
        throw new CodisError("COORDINATOR_UNREACHABLE", "no answer");
      }
    };
    const lost = await port.call("POST", "/api/v1/users", { name: "eve", role: "viewer" }, root);
    expect(lost.status).toBe(503);
    storage.write = write;
    const users = (await port.get("/api/v1/users", root)).json() as { items: { name: string }[] };
    expect(users.items.map(({ name }) => name)).toEqual(["eve", "root"]);
  });

  test("a reload reads the users again", async () => {
    await start();
    const secret = await port.createUser("root", "admin");
    port.leader.storage.nodes.delete("/codis-ext/demo/users/root");
    expect((await port.get("/api/v1/me")).status).toBe(401);
    expect((await port.change("reload/:xauth")).status).toBe(200);
    expect((await port.get("/api/v1/me", bearer(secret))).json()).toMatchObject({ auth: "open" });
  });
});

describe("the old API", () => {
  const outcomes: readonly (readonly [
    mode: LegacyApiMode,
    hasUsers: boolean,
    here: number,
    elsewhere: number,
    withToken: number,
    read: number,
  ])[] = [
    ["auto", false, 200, 200, 200, 200],
    ["auto", true, 200, 800, 200, 200],
    ["full", true, 200, 200, 200, 200],
    ["read-only", false, 800, 800, 800, 200],
    ["read-only", true, 800, 800, 800, 200],
    ["off", false, 800, 800, 800, 800],
    ["off", true, 800, 800, 800, 800],
  ];
  for (const [mode, hasUsers, here, elsewhere, withToken, read] of outcomes) {
    test(`${mode}, ${hasUsers ? "with" : "without"} users`, async () => {
      await start({ legacyApi: mode });
      const root = hasUsers ? bearer(await port.createUser("root", "admin")) : {};
      const create = (id: number, headers = {}) =>
        port.change(`group/create/:xauth/${id}`, undefined, headers);
      const answers = [
        await create(1),
        await create(2, FROM_ELSEWHERE),
        await create(3, { ...FROM_ELSEWHERE, ...root }),
        await port.get("/topom", FROM_ELSEWHERE),
      ];
      expect(answers.map(({ status }) => status)).toEqual([here, elsewhere, withToken, read]);
      for (const refused of answers.filter(({ status }) => status === 800)) {
        expect(refused.headers[ERROR_CODE_HEADER]).toBe("FORBIDDEN");
      }
      const done = answers.slice(0, 3).filter(({ status }) => status === 200);
      expect(port.leader.orders).toHaveLength(done.length);
      // Codis 2.0's paths go with it.
      expect((await port.get("/api/slot/0")).status).toBe(mode === "off" ? 500 : 200);
    });
  }

  test("a token that isn't an operator's doesn't help, not even here", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    const viewer = bearer(await port.createUser("vera", "viewer", root));
    const answer = await port.change("group/create/:xauth/1", undefined, viewer);
    expect([answer.status, answer.headers[ERROR_CODE_HEADER]]).toEqual([800, "FORBIDDEN"]);
    const wrong = await port.change("group/create/:xauth/1", undefined, bearer("codis_x"));
    expect(wrong.headers[ERROR_CODE_HEADER]).toBe("UNAUTHENTICATED");
  });

  test("the audit log has whose token was made and revoked", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    await port.call("POST", "/api/v1/users/root/tokens", { name: "ci" }, root);
    await port.call("DELETE", "/api/v1/users/root/tokens/ci", undefined, root);
    const audit = (await port.get("/api/v1/audit?limit=2", root)).json() as { items: unknown[] };
    expect(audit.items).toMatchObject([
      { operation: "revokeToken", arguments: { name: "root", token: "ci" } },
      { operation: "createToken", arguments: { name: "root", body: { name: "ci" } } },
    ]);
  });

  test("the audit log has who, and what they claim to be", async () => {
    await start();
    const root = bearer(await port.createUser("root", "admin"));
    await port.change("group/create/:xauth/1");
    await port.change("group/create/:xauth/2", undefined, {
      ...root,
      "X-Real-IP": "198.51.100.1",
      "X-Forwarded-For": "203.0.113.5",
    });
    await port.call("POST", "/api/v1/groups", { id: 3 }, root);
    const audit = (await port.get("/api/v1/audit?limit=3", root)).json() as { items: unknown[] };
    expect(audit.items).toMatchObject([
      { who: "root/default", api: "v1", from: "127.0.0.1", claimed_from: null },
      { who: "root/default", api: "topom", claimed_from: "198.51.100.1, 203.0.113.5" },
      { who: "xauth", api: "topom", arguments: { gid: 1 } },
    ]);
  });
});
