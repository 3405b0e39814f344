/**
 * Answers of the admin port over real HTTP, on a data plane in memory, as the original's dashboard, web
 * page and CLI read them (the expected JSON is recorded from Codis 3.2.2). Failures and rules about who
 * may call: `admin-refusal.test.ts`.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { AdminPort, causeOf, TOKEN } from "../../support/admin-port.ts";
import { bucketsOf, snapshotOf } from "../../support/fake-proxy-control.ts";

let admin: AdminPort;

beforeEach(async () => {
  admin = new AdminPort();
  await admin.start();
});

afterEach(async () => {
  await admin.close();
});

describe("what the dashboard of Codis does when it adds a proxy", () => {
  test("model, xping, fillslots, start, sentinels and stats all answer as it expects", async () => {
    const model = await admin.get("/api/proxy/model");
    expect(model.status).toBe(200);
    expect(model.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(model.json()).toEqual({
      token: TOKEN,
      start_time: "2026-11-21 07:01:13.117 +0000 UTC m=+0.059995724",
      admin_addr: admin.addr,
      proto_type: "tcp4",
      proxy_addr: "127.0.0.1:21900",
      product_name: "demo",
      pid: 3602,
      pwd: "/opt/codis",
      sys: "Linux host1 5.10.0 x86_64 GNU/Linux",
      hostname: "host1",
      datacenter: "",
      forward_methods: [2],
    });
    const ping = await admin.get(`/api/proxy/xping/${admin.xauth}`);
    expect([ping.status, ping.text]).toEqual([200, '"OK"']);

    const slots = Array.from({ length: 1024 }, (_, id) => ({
      id,
      backend_addr: "127.0.0.1:27211",
      backend_addr_group_id: 1,
      forward_method: 1,
    }));
    const body = JSON.stringify(slots, undefined, 4);
    const fill = await admin.put(`/api/proxy/fillslots/${admin.xauth}`, body, {
      "Content-Type": "application/json",
    });
    expect([fill.status, fill.text]).toEqual([200, '"OK"']);
    expect(admin.control.slots()[1023]?.backendAddr).toBe("127.0.0.1:27211");
    const start = await admin.put(`/api/proxy/start/${admin.xauth}`);
    expect([start.status, start.text]).toEqual([200, '"OK"']);
    expect(admin.control.state()).toBe("online");
    const sentinels = await admin.put(
      `/api/proxy/sentinels/${admin.xauth}`,
      '{\n    "out_of_sync": false\n}',
    );
    expect([sentinels.status, sentinels.text]).toEqual([200, '"OK"']);

    const stats = await admin.get(`/api/proxy/stats/${admin.xauth}`);
    expect(stats.status).toBe(200);
    expect(stats.json()).toMatchObject({ online: true, closed: false, sentinels: {} });
    expect(admin.control.orders).toEqual(["fillSlots 1024", "start"]);
    expect(admin.control.versions).toEqual([undefined]);
  });

  test("slots come back in the fields of Codis, empty ones omitted", async () => {
    const slots = [
      { id: 0, backend_addr: "127.0.0.1:27211", backend_addr_group_id: 1, forward_method: 1 },
      {
        id: 512,
        locked: true,
        backend_addr: "127.0.0.1:27212",
        backend_addr_group_id: 2,
        migrate_from: "127.0.0.1:27211",
        migrate_from_group_id: 1,
        forward_method: 1,
        replica_groups: [["127.0.0.1:27213"]],
      },
    ];
    await admin.put(`/api/proxy/fillslots/${admin.xauth}`, JSON.stringify(slots));
    for (const path of ["/proxy/slots", `/api/proxy/slots/${admin.xauth}`]) {
      const answer = (await admin.get(path)).json() as unknown[];
      expect(answer).toHaveLength(1024);
      expect(answer[0]).toEqual(slots[0]);
      expect(answer[1]).toEqual({ id: 1 });
      expect(answer[512]).toEqual(slots[1]);
      expect(Object.keys(answer[512] as object)).toEqual(Object.keys(slots[1] as object));
    }
  });
});

describe("GET /proxy", () => {
  test("has the fields of the recorded overview in their order, and no password", async () => {
    admin.control.snapshot = snapshotOf({
      ops: { total: 1021, fails: 3, redisErrors: 2, qps: 12.4 },
      sessions: { total: 89, alive: 5, rejected: 1, closed: {} },
      commands: [
        figures("GET", { calls: 21, usecs: 12199 }),
        figures("COMMAND", { calls: 4, usecs: 88591, redisErrors: 2 }),
        figures("SET", { calls: 0, usecs: 0 }),
      ],
    });
    const answer = await admin.get("/proxy");
    expect(answer.text).not.toContain("s3cret");
    expect(answer.text).toStartWith('{\n    "version": ');
    const overview = answer.json() as Record<string, Record<string, unknown>>;
    expect(Object.keys(overview)).toEqual([
      "version",
      "compile",
      "config",
      "model",
      "stats",
      "slots",
    ]);
    expect(Object.keys(overview["config"] ?? {}).slice(0, RECORDED_CONFIG_KEYS.length)).toEqual([
      ...RECORDED_CONFIG_KEYS,
    ]);
    expect(overview["config"]).toMatchObject({
      proxy_max_offheap_size: "1gb",
      session_recv_timeout: "30m",
      backend_keepalive_period: "75s",
      jodis_timeout: "20s",
      session_recv_bufsize: "128kb",
      backend_max_pipeline: 20480,
      jodis_compatible: false,
    });
    expect(overview["stats"]?.["ops"]).toEqual({
      total: 1021,
      fails: 3,
      redis: { errors: 2 },
      qps: 12,
      cmd: [
        {
          opstr: "COMMAND",
          calls: 4,
          usecs: 88591,
          usecs_percall: 22147,
          fails: 0,
          redis_errtype: 2,
        },
        { opstr: "GET", calls: 21, usecs: 12199, usecs_percall: 580, fails: 0, redis_errtype: 0 },
      ],
    });
    expect(Object.keys(overview["stats"] ?? {})).toEqual([
      "online",
      "closed",
      "sentinels",
      "ops",
      "sessions",
      "rusage",
      "backend",
      "runtime",
    ]);
    expect(overview["stats"]?.["sessions"]).toEqual({ total: 89, alive: 5 });
  });

  test("GET / leads there", async () => {
    const answer = await admin.get("/");
    expect([answer.status, answer.headers["location"]]).toEqual([302, "/proxy"]);
  });

  test("its parts are at paths of their own", async () => {
    expect((await admin.get("/proxy/model")).json()).toMatchObject({ token: TOKEN });
    expect((await admin.get("/proxy/stats")).json()).toHaveProperty("runtime.general.alloc");
  });
});

describe("statistics", () => {
  test("flags choose the parts: 1 the commands, 4 the runtime", async () => {
    const parts = async (flags: string) => {
      const answer = await admin.get(`/api/proxy/stats/${admin.xauth}${flags}`);
      const stats = answer.json() as { ops: object; runtime?: object };
      return ["cmd" in stats.ops, "runtime" in stats];
    };
    expect(await parts("")).toEqual([false, false]);
    expect(await parts("/1")).toEqual([true, false]);
    expect(await parts("/4")).toEqual([false, true]);
    expect(await parts("/7")).toEqual([true, true]);
    expect(await parts("/0")).toEqual([false, false]);
  });

  test("rusage has the recorded fields, and its cpu is a share between two looks", async () => {
    await admin.get(`/api/proxy/stats/${admin.xauth}`);
    admin.clock.advance(2000);
    admin.control.snapshot = withCpu(1.75);
    const stats = (await admin.get(`/api/proxy/stats/${admin.xauth}`)).json() as {
      rusage: Record<string, unknown>;
    };
    expect(Object.keys(stats.rusage)).toEqual(["now", "cpu", "mem", "raw"]);
    expect(Object.keys(stats.rusage["raw"] as object)).toEqual([
      "utime",
      "stime",
      "cutime",
      "cstime",
      "num_threads",
      "vm_size",
      "vm_rss",
    ]);
    // 2 s of processor time in the 2 s since the meter was made.
    expect(stats.rusage["cpu"]).toBeCloseTo(1, 5);
    expect(stats.rusage["now"]).toBe("2026-01-01 00:00:02 +0000 UTC m=+2.000000000");
    expect(stats.rusage["raw"]).toMatchObject({ utime: 1.75e9, stime: 0.25e9, vm_rss: 1000 });
  });

  test("sentinels that were pushed are shown", async () => {
    await admin.put(`/api/proxy/sentinels/${admin.xauth}`, '{"servers": ["127.0.0.1:26379"]}');
    expect((await admin.get(`/api/proxy/stats/${admin.xauth}`)).json()).toMatchObject({
      sentinels: { servers: ["127.0.0.1:26379"] },
    });
    expect((await admin.put(`/api/proxy/sentinels/${admin.xauth}/rewatch`)).text).toBe('"OK"');
  });

  test("wrong flags are a failure", async () => {
    const answer = await admin.get(`/api/proxy/stats/${admin.xauth}/all`);
    expect(answer.status).toBe(800);
    expect(causeOf(answer)).toContain("invalid flags = all");
  });
});

describe("health and metrics", () => {
  test("ready means online with at least one slot; alive means that it answers", async () => {
    expect((await admin.get("/livez")).text).toBe("ok\n");
    expect((await admin.get("/healthz")).status).toBe(200);
    const waiting = await admin.get("/readyz");
    expect([waiting.status, waiting.json()]).toEqual([
      503,
      { ready: false, checks: { online: false, slots: false } },
    ]);
    await admin.put(
      `/api/proxy/fillslots/${admin.xauth}`,
      '[{"id":1,"backend_addr":"127.0.0.1:1"}]',
    );
    await admin.put(`/api/proxy/start/${admin.xauth}`);
    expect((await admin.get("/readyz")).status).toBe(200);
    await admin.put(`/api/proxy/shutdown/${admin.xauth}`);
    expect((await admin.get("/readyz")).status).toBe(503);
    expect((await admin.get("/livez")).status).toBe(200);
  });

  test("/metrics shows the figures in Prometheus's format", async () => {
    admin.control.snapshot = snapshotOf({
      commands: [figures("GET", { calls: 3, usecs: 300, buckets: bucketsOf(50, 50, 3000) })],
    });
    const answer = await admin.get("/metrics");
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.text).toContain('codis_proxy_requests_total{command="GET"} 3\n');
    expect(answer.text).toContain(
      'codis_proxy_request_duration_seconds_bucket{command="GET",le="0.0025"} 2\n',
    );
    expect(answer.text).toContain(
      'codis_proxy_request_duration_seconds_bucket{command="GET",le="0.005"} 3\n',
    );
    expect(answer.text).toContain('codis_proxy_state{state="waiting"} 1\n');
    expect(answer.text).not.toContain("codis_proxy_slots_epoch");
  });
});

function figures(
  name: string,
  changes: { calls: number; usecs: number; redisErrors?: number; buckets?: Uint32Array },
) {
  return { name, fails: 0, redisErrors: 0, buckets: bucketsOf(), ...changes };
}

/** A worker that used so much user time, and 0.25 s of system time, since it started. */
function withCpu(cpuUserSeconds: number) {
  const base = snapshotOf();
  return { ...base, workers: base.workers.map((worker) => ({ ...worker, cpuUserSeconds })) };
}

/** Keys of `config` in the overview recorded from Codis 3.2.2. */
const RECORDED_CONFIG_KEYS = [
  "proto_type",
  "proxy_addr",
  "admin_addr",
  "jodis_name",
  "jodis_addr",
  "jodis_auth",
  "jodis_timeout",
  "jodis_compatible",
  "product_name",
  "proxy_datacenter",
  "proxy_max_clients",
  "proxy_max_offheap_size",
  "proxy_heap_placeholder",
  "backend_ping_period",
  "backend_recv_bufsize",
  "backend_recv_timeout",
  "backend_send_bufsize",
  "backend_send_timeout",
  "backend_max_pipeline",
  "backend_primary_only",
  "backend_primary_parallel",
  "backend_replica_parallel",
  "backend_keepalive_period",
  "backend_number_databases",
  "session_recv_bufsize",
  "session_recv_timeout",
  "session_send_bufsize",
  "session_send_timeout",
  "session_max_pipeline",
  "session_keepalive_period",
  "session_break_on_failure",
  "metrics_report_server",
  "metrics_report_period",
  "metrics_report_influxdb_server",
  "metrics_report_influxdb_period",
  "metrics_report_influxdb_username",
  "metrics_report_influxdb_database",
  "metrics_report_statsd_server",
  "metrics_report_statsd_period",
  "metrics_report_statsd_prefix",
];
