/**
 * A dashboard that doesn't lead: what it answers itself, what it hands to the leader and how, and what it says
 * when the leader or the coordinator isn't there. Two ports over real HTTP.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { FORWARDED_HEADER, LEADER_HEADER, PRODUCT_HEADER } from "../../../src/api/topom-route.ts";
import { causeOf } from "../../support/admin-port.ts";
import { bearer, codeOf, DashboardPort, FROM_ELSEWHERE } from "../../support/dashboard-port.ts";
import { fillSample } from "../../support/dashboard-sample.ts";
import { freePort } from "../../support/free-port.ts";

let leading: DashboardPort;
let standby: DashboardPort;

beforeEach(async () => {
  // What a standby hands on is never from the leader's own machine.
  leading = await new DashboardPort({ isApiOpen: true }).start();
  standby = await new DashboardPort({ forwardTimeoutMs: 14_000 }).start();
  standby.control.stateNow = "standby";
  standby.control.leaderAddress = leading.addr;
});

afterEach(async () => {
  await standby.close();
  await leading.close();
});

describe("with a leader", () => {
  test("reads and changes of every API are the leader's, and the answer names it", async () => {
    fillSample(leading.leader);
    for (const path of ["/topom", "/topom/slots", "/api/v1/product", "/api/slot/list"]) {
      const answer = await standby.get(path);
      expect([path, answer.status, answer.text]).toEqual([
        path,
        200,
        (await leading.get(path)).text,
      ]);
      expect(answer.headers[LEADER_HEADER]).toBe(leading.addr);
    }
    expect((await standby.change("group/create/:xauth/8")).text).toBe('"OK"');
    const body = { assignments: [{ from: 0, to: 9, group_id: 2 }] };
    const assigned = await standby.call("PUT", "/api/v1/slots", body, { "If-Match": '"3.2"' });
    expect([assigned.status, assigned.headers["etag"]]).toEqual([200, '"3.3"']);
    expect(leading.leader.orders).toEqual(["createGroup 8", "assignSlots 10"]);
    expect(standby.leader.orders).toEqual([]);
  });

  test("failures come through as they are, status 800 and problems", async () => {
    const old = await standby.change("group/remove/:xauth/9");
    expect([old.status, old.reason, causeOf(old)]).toEqual([
      800,
      "status code 800",
      "group-[9] doesn't exist",
    ]);
    expect(old.headers[ERROR_CODE_HEADER]).toBe("NOT_FOUND");
    const own = await standby.get("/api/v1/groups/9");
    expect([own.status, codeOf(own)]).toEqual([404, "NOT_FOUND"]);
  });

  test("what is about the process is answered here", async () => {
    expect((await standby.get("/api/topom/model")).status).toBe(200);
    expect((await standby.get(`/api/topom/xping/${standby.xauth}`)).text).toBe('"OK"');
    expect((await standby.get("/readyz")).json()).toMatchObject({ ready: true, state: "standby" });
    const metrics = (await standby.get("/metrics")).text;
    expect(metrics).toContain('codis_dashboard_state{state="standby"} 1\n');
    expect(metrics).toContain("codis_dashboard_leader 0\n");
    expect(metrics).not.toContain("codis_dashboard_revision ");
    expect(leading.logLines.join("")).not.toContain("loglevel");
    expect((await standby.change("loglevel/:xauth/WARN")).text).toBe('"OK"');
    expect((await standby.get("/api/v1/log-level")).json()).toEqual({ level: "warn" });
    expect((await leading.get("/api/v1/log-level")).json()).toEqual({ level: "info" });
    expect((await standby.change("shutdown/:xauth")).text).toBe('"OK"');
    expect([standby.control.shutdowns, leading.control.shutdowns]).toEqual([1, 0]);
  });

  test("orders to the process are taken from its own machine only", async () => {
    const old = await standby.change("shutdown/:xauth", undefined, FROM_ELSEWHERE);
    expect([old.status, old.headers[ERROR_CODE_HEADER]]).toEqual([800, "FORBIDDEN"]);
    const own = await standby.call("POST", "/api/v1/shutdown", undefined, FROM_ELSEWHERE);
    expect([own.status, standby.control.shutdowns]).toEqual([403, 0]);
  });

  test("a call that is handed on is from elsewhere to the leader, with who sent it", async () => {
    const root = bearer(await leading.createUser("root", "admin"));
    const refused = await standby.change("group/create/:xauth/1");
    expect([refused.status, refused.headers[ERROR_CODE_HEADER]]).toEqual([800, "FORBIDDEN"]);
    const headers = { ...root, "X-Forwarded-For": "203.0.113.5" };
    expect((await standby.change("group/create/:xauth/1", undefined, headers)).status).toBe(200);
    const audit = await standby.get("/api/v1/audit?limit=1", root);
    expect(audit.json()).toMatchObject({
      items: [{ who: "root/default", claimed_from: "203.0.113.5, 127.0.0.1" }],
    });
  });

  test("the first user can't be made through a standby", async () => {
    const answer = await standby.call("POST", "/api/v1/users", { name: "root", role: "admin" });
    expect([answer.status, codeOf(answer)]).toEqual([403, "FORBIDDEN"]);
  });
});

describe("without a leader that answers", () => {
  test("nobody leads", async () => {
    standby.control.leaderAddress = undefined;
    const own = await standby.get("/api/v1/product");
    expect([own.status, codeOf(own)]).toEqual([503, "NOT_LEADER"]);
    const old = await standby.get("/topom");
    expect([old.status, causeOf(old)]).toEqual([
      800,
      "this dashboard is a standby, and nobody leads the product",
    ]);
    expect((await standby.get("/readyz")).status).toBe(503);
  });

  test("the leader is gone: the answer names its address", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    standby.control.leaderAddress = addr;
    const old = await standby.change("group/create/:xauth/1");
    expect([old.status, old.headers[LEADER_HEADER]]).toEqual([800, addr]);
    expect(causeOf(old)).toContain(`the leader ${addr} doesn't answer: ECONNREFUSED`);
    const own = await standby.get("/api/v1/product");
    expect([own.status, own.headers[LEADER_HEADER], codeOf(own)]).toEqual([
      503,
      addr,
      "NOT_LEADER",
    ]);
    expect((await standby.get("/metrics")).text).toContain(
      'codis_dashboard_http_forwards_total{outcome="failed"} 2\n',
    );
  });

  test("the leader hangs: the wait has a deadline", async () => {
    const hasty = await new DashboardPort({ forwardTimeoutMs: 300 }).start();
    const silent = createServer();
    const silentPort = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => {
        const address = silent.address();
        resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
      });
    });
    try {
      hasty.control.stateNow = "standby";
      hasty.control.leaderAddress = `127.0.0.1:${silentPort}`;
      const answer = await hasty.get("/api/v1/product");
      expect([answer.status, answer.text.includes("no answer within 300 ms")]).toEqual([503, true]);
    } finally {
      await hasty.close();
      silent.close();
    }
  });

  test("a dashboard of another product, at the address where the leader was, refuses the call", async () => {
    for (const path of ["/topom", "/api/v1/product", "/api/slot/list"]) {
      const answer = await leading.get(path, { [PRODUCT_HEADER]: "another" });
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.text).toContain("the call was handed on for another product");
    }
    const order = await leading.change("group/create/:xauth/8", undefined, {
      [PRODUCT_HEADER]: "another",
    });
    expect(order.status).toBe(800);
    expect(leading.leader.orders).toEqual([]);
  });

  test("two standbys that take each other for the leader don't send a call round", async () => {
    leading.control.stateNow = "standby";
    leading.control.leaderAddress = standby.addr;
    const answer = await standby.get("/api/v1/product");
    expect([answer.status, codeOf(answer)]).toEqual([503, "NOT_LEADER"]);
    expect(answer.text).toContain("which handed this call here");
    const marked = await standby.get("/topom", { [FORWARDED_HEADER]: "x" });
    expect(marked.status).toBe(800);
  });
});

describe("while the coordinator is waited for", () => {
  test("everything about the product says so, the process answers", async () => {
    standby.control.stateNow = "starting";
    standby.control.leaderAddress = undefined;
    const old = await standby.get("/topom");
    expect([old.status, causeOf(old), old.headers[ERROR_CODE_HEADER]]).toEqual([
      800,
      "topom is not online, waits for the coordinator",
      "NOT_ONLINE",
    ]);
    const own = await standby.call("POST", "/api/v1/groups", { id: 1 });
    expect([own.status, codeOf(own)]).toEqual([503, "NOT_ONLINE"]);
    expect((await standby.get("/topom/model")).status).toBe(200);
    expect((await standby.get("/livez")).status).toBe(200);
    expect((await standby.get("/readyz")).status).toBe(503);
  });
});

describe("when the leadership changes", () => {
  test("nothing of the old leader is believed: users and audit log are read anew", async () => {
    const secret = await leading.createUser("root", "admin");
    expect((await leading.get("/api/v1/me", bearer(secret))).status).toBe(200);
    const { leader } = leading;
    leading.control.current = undefined;
    leading.control.stateNow = "standby";
    leading.control.leaderAddress = undefined;
    expect((await leading.get("/api/v1/me", bearer(secret))).status).toBe(503);
    // Another leader removed the user meanwhile.
    leader.storage.nodes.delete("/codis-ext/demo/users/root");
    leading.control.current = standby.leader;
    leading.control.stateNow = "leader";
    expect((await leading.get("/api/v1/me", bearer(secret))).json()).toMatchObject({
      auth: "open",
    });
  });
});
