/**
 * What every user may do over real HTTP, whatever the role: change the own password, and read the audit log; and the
 * reason of a change on its way into that log.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { V1Client } from "../../../src/api/v1-client.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const PASSWORD = "correct horse";
const NEXT = "another horse";
const PATH = "/api/v1/me/password";
/** Each password costs some 100 ms of a processor on purpose. */
const TEST_MS = 60_000;

let port: DashboardPort;

afterEach(() => port.close());

/** `vera`, a viewer with a password and a token; gives the headers of both. */
async function start(
  options: ConstructorParameters<typeof DashboardPort>[0] = {},
): Promise<{ root: Record<string, string>; vera: Record<string, string> }> {
  port = await new DashboardPort(options).start();
  const root = bearer(await port.createUser("root", "admin"));
  const vera = bearer(await port.createUser("vera", "viewer", root));
  await port.call("PATCH", "/api/v1/users/vera", { password: PASSWORD }, root);
  return { root, vera };
}

async function signIn(password: string): Promise<Record<string, string>> {
  const answer = await port.call("POST", "/api/v1/session", { user: "vera", password });
  const [set = ""] = [answer.headers["set-cookie"] ?? ""].flat();
  const { csrf } = answer.json() as { csrf: string };
  return { Cookie: set.split(";")[0] ?? "", "X-Codis-CSRF": csrf };
}

async function status(headers: Record<string, string>): Promise<number> {
  return (await port.get("/api/v1/me", headers)).status;
}

describe("the own password", () => {
  test(
    "is changed by a viewer; the session that does it stays, the others end",
    async () => {
      const { root, vera } = await start();
      const [own, other] = [await signIn(PASSWORD), await signIn(PASSWORD)];
      const answer = await port.call("PUT", PATH, { present: PASSWORD, password: NEXT }, own);
      expect([answer.status, answer.json()]).toEqual([
        200,
        { auth: "session", user: "vera", token: null, role: "viewer" },
      ]);
      expect([await status(own), await status(other), await status(vera)]).toEqual([200, 401, 200]);
      const old = { user: "vera", password: PASSWORD };
      expect((await port.call("POST", "/api/v1/session", old)).status).toBe(401);
      expect(await status(await signIn(NEXT))).toBe(200);
      const audit = await port.get("/api/v1/audit", root);
      expect((audit.json() as { items: unknown[] }).items).toContainEqual(
        expect.objectContaining({
          operation: "setOwnPassword",
          who: "vera/@session",
          state: "done",
          arguments: { present: "hidden", password: "hidden" },
        }),
      );
      for (const each of [PASSWORD, NEXT]) {
        expect([audit.text, ...port.logLines].join()).not.toContain(each);
      }
    },
    TEST_MS,
  );

  test(
    "with a token ends all sessions",
    async () => {
      const { vera } = await start();
      const session = await signIn(PASSWORD);
      const body = { present: PASSWORD, password: NEXT };
      expect((await port.call("PUT", PATH, body, vera)).status).toBe(200);
      expect(await status(session)).toBe(401);
    },
    TEST_MS,
  );

  test(
    "needs the present one, which can't be guessed; and a change from our own page",
    async () => {
      // The limit doesn't come back while passwords are hashed, however long that takes.
      await start({ clock: new FakeClock() });
      const own = await signIn(PASSWORD);
      const wrong = { present: "wrong horse", password: NEXT };
      const forged = await port.call("PUT", PATH, wrong, { Cookie: own["Cookie"] ?? "" });
      expect([forged.status, codeOf(forged)]).toEqual([403, "CSRF_INVALID"]);
      const seen = new Set<string>();
      for (let count = 0; count < 11; count++) {
        seen.add(codeOf(await port.call("PUT", PATH, wrong, own)) ?? "");
      }
      expect([...seen]).toEqual(["FORBIDDEN", "LOGIN_LIMITED"]);
      const right = { present: PASSWORD, password: NEXT };
      const limited = await port.call("PUT", PATH, right, own);
      expect([limited.status, Number(limited.headers["retry-after"]) > 0]).toEqual([429, true]);
      expect(await status(own)).toBe(200);
    },
    TEST_MS,
  );

  test(
    "is refused where there is none to change, and when the new one is too short",
    async () => {
      const { root } = await start();
      const own = await signIn(PASSWORD);
      const short = await port.call("PUT", PATH, { present: PASSWORD, password: "x" }, own);
      expect([short.status, codeOf(short)]).toEqual([400, "BODY_INVALID"]);
      const none = await port.call("PUT", PATH, { present: "", password: NEXT }, root);
      expect([none.status, codeOf(none)]).toEqual([409, "STATE_CONFLICT"]);
    },
    TEST_MS,
  );
});

describe("the audit log", () => {
  test(
    "is read by a viewer, and has the reason of a change in any language",
    async () => {
      const { root, vera } = await start();
      const client = new V1Client({
        addr: port.addr,
        token: root["Authorization"]?.slice("Bearer ".length),
        reason: "机器 10.0.0.1 “退役”",
      });
      await client.createGroup(7);
      await client.groups();
      const audit = (await port.get("/api/v1/audit?limit=2", vera)).json() as { items: unknown[] };
      expect(audit.items).toMatchObject([
        { operation: "createGroup", reason: "机器 10.0.0.1 “退役”" },
        { operation: "updateUser", reason: null },
      ]);
    },
    TEST_MS,
  );

  test(
    "keeps a reason in one line, and takes none that is too long or can't be read",
    async () => {
      const { root } = await start();
      const create = (id: number, reason: string) =>
        port.call("POST", "/api/v1/groups", { id }, { ...root, "X-Codis-Reason": reason });
      expect((await create(1, "two%0Alines%20")).status).toBe(201);
      expect((await create(2, "%20")).status).toBe(201);
      for (const wrong of ["%E4%B8", "x".repeat(201)]) {
        const answer = await create(3, wrong);
        expect([answer.status, codeOf(answer)]).toEqual([400, "ARGUMENT_INVALID"]);
      }
      const audit = (await port.get("/api/v1/audit?limit=2", root)).json() as { items: unknown[] };
      expect(audit.items).toMatchObject([
        { arguments: { id: 2 }, reason: null },
        { arguments: { id: 1 }, reason: "two lines" },
      ]);
    },
    TEST_MS,
  );
});
