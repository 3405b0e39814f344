/**
 * A proxy that registers with its dashboard at the start: the calls it makes over real HTTP to a dashboard
 * made for the test, how it finds the dashboard through a coordinator, and when it gives up.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { dashboardXauth } from "../../../src/api/xauth.ts";
import { createLog, type Log } from "../../../src/base/log.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import {
  type DashboardLogin,
  registerWithDashboard,
} from "../../../src/proxy/registration/dashboard.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeDashboard } from "../../support/fake-dashboard.ts";
import { freePort } from "../../support/free-port.ts";

const ADMIN_ADDR = "127.0.0.1:11080";
const WAIT_MS = 30_000;

const ONLINE = `PUT /api/topom/proxy/online/${dashboardXauth("demo")}/127.0.0.1%3A11080`;
const MODEL = "GET /api/topom/model";

let dashboard: FakeDashboard;
let other: FakeDashboard;
let lines: string[];
let log: Log;
let ending: AbortController;

beforeEach(async () => {
  dashboard = new FakeDashboard();
  other = new FakeDashboard();
  await dashboard.start();
  await other.start();
  lines = [];
  ending = new AbortController();
  const sink = { write: (line: string) => void lines.push(line), close: () => Promise.resolve() };
  log = await createLog({ component: "proxy", level: "info", sink });
});

afterEach(() => {
  ending.abort();
  dashboard.close();
  other.close();
});

function login(changes: Partial<DashboardLogin> = {}): Promise<void> {
  return registerWithDashboard({
    source: { kind: "address", addr: dashboard.addr },
    productName: "demo",
    adminAddr: ADMIN_ADDR,
    log,
    isOnline: () => false,
    signal: ending.signal,
    tryPauseMs: 1,
    ...changes,
  });
}

/**
 * What it fails with. Not `expect(…).rejects`: while that waits for a promise that takes a while, Bun's timers
 * come late.
 */
const events = () => lines.map((line) => (JSON.parse(line) as { event: string }).event);

describe("with an address", () => {
  test("asks for the product, then to be taken online", async () => {
    await login();
    expect(dashboard.calls).toEqual([MODEL, ONLINE]);
    expect(events()).toEqual(["dashboard.registered"]);
    expect(lines.join("")).not.toContain(dashboardXauth("demo"));
  });

  test("tries again while the dashboard refuses, one line each", async () => {
    dashboard.failures = 3;
    await login();
    expect(events()).toEqual([
      "dashboard.retry",
      "dashboard.retry",
      "dashboard.retry",
      "dashboard.registered",
    ]);
    expect(lines[0]).toContain("topom is not online");
  });

  test("gives up after 10 tries with the last reason", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const failure = await catchRejection(login({ source: { kind: "address", addr } }));
    expect(failure.code).toBe("PROXY_CALL_FAILED");
    expect(failure.message).toMatch(/^no dashboard has taken this proxy in 10 tries; .*REFUSED/);
    expect(events()).toHaveLength(9);
  });

  test("doesn't end a proxy that serves, though its calls failed", async () => {
    dashboard.failures = 100;
    await login({ isOnline: () => true });
    expect(events().at(-1)).toBe("dashboard.gave_up");
  });

  test("another product is fatal at once, and told as such", async () => {
    dashboard.product = "shop";
    const failure = await catchRejection(login());
    expect(failure.code).toBe("CONFIG_INVALID");
    expect(failure.message).toBe(
      `the dashboard ${dashboard.addr} is the one of product "shop", but product_name here is "demo"`,
    );
    expect(dashboard.calls).toEqual([MODEL]);
  });

  test("goes on to the leader that a standby names, and no further", async () => {
    dashboard.leaderAddr = other.addr;
    other.leaderAddr = dashboard.addr;
    await login();
    expect(dashboard.calls).toEqual([MODEL]);
    expect(other.calls).toEqual([MODEL, ONLINE]);
  });

  test("ends quietly when the proxy ends", async () => {
    dashboard.failures = 100;
    const done = login({ tryPauseMs: 60_000 });
    await waitFor("the first failure", WAIT_MS, () => (events().length > 0 ? true : undefined));
    ending.abort();
    await done;
    expect(events()).toEqual(["dashboard.retry"]);
  });
});

describe("through a coordinator", () => {
  const source = { kind: "etcd", addr: "e:2379", auth: "" } as const;
  const lockPath = coordinatorPath.lock("demo");

  test("reads the lock before each try: a dashboard that comes later is found", async () => {
    const store = createMemoryStore();
    const writer = store.open();
    const done = login({ source, open: async () => store.open(), tryPauseMs: 20 });
    await writer.write([{ path: lockPath, data: "garbage", expected: "any" }]);
    setTimeout(() => {
      void writer.write([{ path: lockPath, data: dashboard.model(), expected: "any" }]);
    }, 60);
    await done;
    expect(dashboard.calls).toEqual([MODEL, ONLINE]);
    expect(lines[0]).toMatch(/\/codis3\/demo\/topom/);
  });

  test("gives up after 30 tries, saying what is missing, and closes its connection", async () => {
    const store = createMemoryStore();
    const connection = store.open();
    const failure = await catchRejection(login({ source, open: async () => connection }));
    expect(failure.message).toContain(
      "in 30 tries; the last one: no dashboard leads: memory has no /codis3/demo/topom",
    );
    await expect(connection.get("/x")).rejects.toThrow("the connection was closed");
  });
});
