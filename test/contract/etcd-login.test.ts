/**
 * The login of the coordinator at a real etcd: tokens that a restarted server doesn't know any more, a wrong
 * password, none at all, and a server that wants none.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openEtcd } from "../../src/coordinator/etcd/etcd.ts";
import { waitFor } from "../support/deadline.ts";
import {
  type EtcdServer,
  enableEtcdAuth,
  etcdRootToken,
  startEtcd,
} from "../support/etcd-server.ts";
import { failure, LEASE_MS, put, SOON_MS, TEST_MS } from "./suite-context.ts";

const USER = "product";
const PASSWORD = "pass:word with blanks";

let server: EtcdServer;
const opened: Coordinator[] = [];

function open(auth: string): Coordinator {
  const coordinator = openEtcd({ kind: "etcd", addr: server.addr, auth });
  opened.push(coordinator);
  return coordinator;
}

beforeAll(async () => {
  server = await startEtcd();
}, TEST_MS);

afterAll(async () => {
  await Promise.all(opened.map((coordinator) => coordinator.close()));
  await server.stop();
}, TEST_MS);

describe("login at etcd", () => {
  test("a server that wants none takes one, and the same connections go on when it is switched on", async () => {
    const early = open(`${USER}:${PASSWORD}`);
    await put(early, "/login/x", "1");
    await enableEtcdAuth(server, USER, PASSWORD);
    await put(early, "/login/x", "2");
    expect((await early.get("/login/x"))?.data).toBe("2");
  });

  test("a wrong password, an unknown user and none at all are refused at once", async () => {
    for (const auth of [`${USER}:wrong`, "nobody:x", ""]) {
      const coordinator = open(auth);
      const error = await failure("COORDINATOR_REFUSED", coordinator.get("/login/x"));
      expect(error.message).not.toContain("wrong");
      await failure("COORDINATOR_REFUSED", put(coordinator, "/login/x", "3"));
      const request = { lockPath: "/login/l", epochPath: "/login/e", data: "", leaseMs: 5_000 };
      await failure("COORDINATOR_REFUSED", coordinator.lead(request));
    }
    const nobody = await failure("COORDINATOR_REFUSED", open("").get("/login/x"));
    expect(nobody.message).toContain("wants a user and a password");
  });

  test("a registration that is refused says why, and works once the user exists", async () => {
    const problems: string[] = [];
    const registration = open("later:pw").register("/login/r", "1", {
      ttlMs: LEASE_MS,
      onProblem: (line) => problems.push(line),
    });
    await waitFor("problem", SOON_MS, () => problems[0]);
    expect(problems[0]).toContain("user later");
    const token = await etcdRootToken(server);
    await server.ask("/v3/auth/user/add", { name: "later", password: "pw" }, token);
    await server.ask("/v3/auth/user/grant", { user: "later", role: "product" }, token);
    await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
  });

  test("a user without a right is told so", async () => {
    const token = await etcdRootToken(server);
    await server.ask("/v3/auth/user/add", { name: "guest", password: "pw" }, token);
    const guest = open("guest:pw");
    const error = await failure("COORDINATOR_REFUSED", guest.get("/login/x"));
    expect(error.message).toContain("permission denied");
    expect(error.message).toContain("/login/x");
    await failure("COORDINATOR_REFUSED", put(guest, "/login/x", "1"));
  });

  test(
    "a restarted server forgets the tokens: leaders, registrations and watches go on",
    async () => {
      const own = open(`${USER}:${PASSWORD}`);
      const other = open(`${USER}:${PASSWORD}`);
      const leadership = await own.lead({
        lockPath: "/codis3/login/topom",
        epochPath: "/codis-ext/login/epoch",
        data: "leader",
        leaseMs: 20_000,
      });
      let calls = 0;
      own.watch("/login", () => {
        calls += 1;
      });
      const registration = own.register("/login/p/1", "1", { ttlMs: 20_000 });
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      await server.kill();
      await server.start();
      await put(leadership, "/login/x", "after the restart");
      expect((await other.get("/login/x"))?.data).toBe("after the restart");
      await waitFor("call", SOON_MS, () => calls > 0 || undefined);
      const before = calls;
      await put(other, "/login/y", "1");
      await waitFor("call", SOON_MS, () => calls > before || undefined);
      await leadership.confirm();
      expect(leadership.epoch).toBe(1);
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
    },
    TEST_MS,
  );

  test("a login that isn't user:password is refused when it is opened", () => {
    for (const auth of ["product", ":password"]) {
      expect(() => open(auth)).toThrow("user:password");
    }
  });
});
