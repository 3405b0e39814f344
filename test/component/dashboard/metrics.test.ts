/** The text of a dashboard's `/metrics`: its form, and that it is all that the table says. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DASHBOARD_METRICS } from "../../../src/dashboard/admin/metric.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";
import { fillSample } from "../../support/dashboard-sample.ts";

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
});

afterEach(() => port.close());

async function read(): Promise<{ text: string; names: string[]; samples: Map<string, number> }> {
  const { text } = await port.get("/metrics");
  const lines = text.trimEnd().split("\n");
  const names = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
  const samples = lines
    .filter((line) => !line.startsWith("#"))
    .map((line): [string, number] => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    });
  return { text, names, samples: new Map(samples) };
}

describe("/metrics of a leader", () => {
  test("has every metric of the table, each announced once, with the labels of the table", async () => {
    await port.get("/topom");
    const { names, samples } = await read();
    expect([...names].sort()).toEqual(Object.keys(DASHBOARD_METRICS).sort());
    for (const [key, value] of samples) {
      const [name = "", labels = ""] = key.split("{");
      const family = name.replace(/_(bucket|sum|count)$/, "");
      const spec = Object.entries(DASHBOARD_METRICS).find(
        ([each]) => each === name || each === family,
      )?.[1];
      const given = [...labels.matchAll(/([a-z_]+)="/g)].map((match) => match[1] ?? "");
      expect([key, given.filter((label) => label !== "le")]).toEqual([
        key,
        [...(spec?.labels ?? [])],
      ]);
      expect([key, Number.isFinite(value)]).toEqual([key, true]);
    }
  });

  test("shows the product", async () => {
    const { samples } = await read();
    const show = (key: string) => samples.get(key);
    expect(show("codis_dashboard_leader")).toBe(1);
    expect(show('codis_dashboard_state{state="leader"}')).toBe(1);
    expect(show("codis_dashboard_epoch")).toBe(3);
    expect(show('codis_dashboard_slots{state="offline"}')).toBe(24);
    expect(show('codis_dashboard_slots{state="moving"}')).toBe(2);
    expect(show('codis_dashboard_servers{role="master",status="up"}')).toBe(2);
    expect(show('codis_dashboard_servers{role="replica",status="timeout"}')).toBe(1);
    expect(show('codis_dashboard_proxies{status="online"}')).toBe(2);
    expect(show('codis_dashboard_proxies{status="unknown"}')).toBe(1);
    expect(show('codis_dashboard_proxy_tables{table="synced"}')).toBe(1);
    expect(show('codis_dashboard_problems{kind="server_unreachable"}')).toBe(2);
    expect(show('codis_dashboard_problems{kind="proxy_not_synced"}')).toBeUndefined();
  });

  test("shows what moves", async () => {
    const { migration } = port.leader;
    const move = { slotId: 601, fromGroupId: 1, toGroupId: 2, keys: 10, bytes: 100 };
    migration.add([move]);
    migration.setProgress("op-1", {
      keysMoved: 1000,
      bytesMoved: 5000,
      keysPerSecond: 40,
      bytesPerSecond: 4000,
      retries: 3,
      longestStallMs: 6,
      longestHoldMs: 12,
    });
    migration.add([move], { state: "waiting" });
    const operation = migration.setProgress("op-2", {
      keysMoved: 7,
      keysPerSecond: 2,
      staleKeys: 4,
      longestHoldMs: 3,
    });
    const guarded = { keysPerSecond: 50, reason: "slowed", isSlowed: true };
    migration.set({ ...operation, reason: "no answer", guarded });
    const { samples } = await read();
    const show = (key: string) => samples.get(`codis_dashboard_${key}`);
    expect(show('slot_actions{state="pending"}')).toBe(1);
    expect(show('slot_actions{state="migrating"}')).toBe(1);
    expect(show('slot_actions{state="prepared"}')).toBe(0);
    expect(show('operations{state="running"}')).toBe(1);
    expect(show('operations{state="waiting"}')).toBe(1);
    expect(show('operations{state="done"}')).toBe(0);
    expect(show("operations_in_trouble")).toBe(1);
    expect(show("operations_slowed")).toBe(1);
    expect(show('problems{kind="operation_trouble"}')).toBe(1);
    expect(show("moved_keys_total")).toBe(1007);
    expect(show("moved_bytes_total")).toBe(5000);
    expect(show("move_keys_per_second")).toBe(42);
    expect(show("move_bytes_per_second")).toBe(4000);
    expect(show("move_retries_total")).toBe(3);
    expect(show("move_stale_keys_total")).toBe(4);
    expect(show("move_longest_stall_seconds")).toBe(0.006);
    expect(show("move_longest_hold_seconds")).toBe(0.012);
  });

  test("counts requests by API, method and status", async () => {
    await port.get("/topom");
    await port.change("group/create/:xauth/9");
    await port.change("group/create/:xauth/9");
    await port.get("/api/v1/groups/77");
    await port.get("/api/slot/1");
    const { samples } = await read();
    const count = (api: string, method: string, status: number) =>
      samples.get(
        `codis_dashboard_http_requests_total{api="${api}",method="${method}",status="${status}"}`,
      );
    expect(count("topom", "GET", 200)).toBe(1);
    expect(count("topom", "PUT", 200)).toBe(1);
    expect(count("topom", "PUT", 800)).toBe(1);
    expect(count("v1", "GET", 404)).toBe(1);
    expect(count("legacy", "GET", 200)).toBe(1);
    const duration = 'codis_dashboard_http_request_duration_seconds_count{api="topom"}';
    expect(samples.get(duration)).toBe(3);
  });
});
