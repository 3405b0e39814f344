/**
 * The paths of Codis 2.0 on a dashboard: the reads with the JSON of those days, the orders to move slots, and the
 * refusals that name what does it now.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { LEGACY_READS, LEGACY_REFUSALS } from "../../../src/api/legacy-route.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";
import { fillSample, MASTER_INFO, PROXY_TOKENS } from "../../support/dashboard-sample.ts";

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
});

afterEach(() => port.close());

async function read(path: string): Promise<unknown> {
  const answer = await port.get(path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.json();
}

test("groups and servers", async () => {
  const group = {
    id: 2,
    product_name: "demo",
    servers: [{ type: "master", group_id: 2, addr: "[::1]:6379" }],
  };
  const groups = (await read("/api/server_groups")) as { servers: unknown[] }[];
  expect(groups).toHaveLength(3);
  expect(groups[1]).toEqual(group);
  expect(groups[0]?.servers[1]).toEqual({ type: "slave", group_id: 1, addr: "10.0.0.2:6379" });
  expect(await read("/api/server_group/2")).toEqual(group);
  expect(await read("/api/redis/10.0.0.1:6379/stat")).toMatchObject({ role: "master" });
});

test("slots and their moves", async () => {
  const state = (status: string, from = -1, to = -1) => ({
    status,
    migrate_status: { from, to },
    last_op_ts: "0",
  });
  const slots = (await read("/api/slots")) as unknown[];
  expect(slots).toHaveLength(1024);
  expect(await read("/api/slot/list")).toEqual(slots);
  expect(slots[5]).toEqual({ product_name: "demo", id: 5, group_id: 1, state: state("online") });
  expect(slots[1023]).toMatchObject({ group_id: 0, state: state("offline") });
  expect(await read("/api/slot/601")).toMatchObject({ group_id: 2, state: state("migrate", 1, 2) });
  const task = { new_group: 2, delay: 0, create_at: "0", percent: 0 };
  expect(await read("/api/migrate/status")).toEqual({
    migrate_slots: [{ product_name: "demo", id: 601, group_id: 2, state: state("migrate", 1, 2) }],
    migrate_task: { slot_id: 601, ...task, status: "migrating" },
  });
  expect(await read("/api/migrate/tasks")).toEqual([{ slot_id: 600, ...task, status: "pending" }]);
});

test("proxies and the overview", async () => {
  const [first, , third] = (await read("/api/proxy/list")) as unknown[];
  expect(first).toMatchObject({
    id: "proxy_1",
    addr: "10.0.1.1:19000",
    state: "online",
    description: PROXY_TOKENS[0],
    debug_var_addr: "10.0.1.1:11080",
    pid: 3602,
  });
  expect(third).toMatchObject({ state: "offline" });
  const overview = await read("/api/overview");
  expect(overview).toEqual({ ops: 0, product: "demo", redis_infos: [MASTER_INFO, MASTER_INFO] });
});

test("failures are status 500 with a text", async () => {
  for (const path of ["/api/slot/1024", "/api/slot/x", "/api/server_group/9"]) {
    const answer = await port.get(path);
    expect([path, answer.status]).toEqual([path, 500]);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  }
});

test("what changed something names what does it now, and does nothing", async () => {
  for (const { method, path, now } of LEGACY_REFUSALS) {
    const answer = await port.call(method, path.replace(/:\w+/g, "1"), "{}", {
      "Content-Length": "2",
    });
    expect([path, answer.status]).toEqual([path, 500]);
    expect(answer.text).toContain(now);
  }
  expect([port.leader.orders, port.leader.connections]).toEqual([[], []]);
});

test("every read of the table answers", async () => {
  for (const { path } of Object.values(LEGACY_READS)) {
    await read(path.replace(":addr", "10.0.0.1:6379").replace(":id", "1"));
  }
});
