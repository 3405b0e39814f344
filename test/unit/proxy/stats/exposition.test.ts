/** The text of /metrics: format, sums, and that all of it is in the table of metrics. */
import { describe, expect, test } from "bun:test";
import { offlineSlot } from "../../../../src/model/slot.ts";
import { type MetricSources, renderMetrics } from "../../../../src/proxy/stats/exposition.ts";
import { METRICS } from "../../../../src/proxy/stats/metric.ts";
import { NO_MOVES } from "../../../../src/proxy/stats/move-stats.ts";
import { bucketsOf, snapshotOf } from "../../../support/fake-proxy-control.ts";

const sources: MetricSources = {
  state: "online",
  version: "4.0.0",
  runtime: "bun 1",
  product: "demo",
  token: "t",
  proxyAddr: "10.0.0.1:19000",
  adminAddr: "10.0.0.1:11080",
  datacenter: "",
  sessionsMax: 1000,
  bufferedBytesMax: 2 ** 30,
  slots: [],
  servers: { "127.0.0.1:6379": { silent_ms: 250, role: "master" } },
  pushVersion: undefined,
};

const backend = {
  addr: "10.0.0.2:6379",
  db: 0,
  proto: 2,
  worker: 0,
  state: "connected",
  inFlight: 3,
  queuedBytes: 10,
  connects: 2,
  failures: 1,
} as const;

const busy = snapshotOf({
  sessions: { total: 9, alive: 4, rejected: 2, closed: { idle: 3, protocol_error: 1 } },
  bytes: { received: 100, sent: 200, buffered: 5 },
  commands: [
    {
      name: "GET",
      calls: 4,
      usecs: 6_000_150,
      fails: 1,
      redisErrors: 2,
      buckets: bucketsOf(50, 100, 3_000_000, 70_000_000),
    },
    { name: "SET", calls: 0, usecs: 0, fails: 0, redisErrors: 0, buckets: bucketsOf() },
  ],
  backends: [
    backend,
    { ...backend, worker: 1, db: 3, state: "down", inFlight: 0 },
    { ...backend, addr: "10.0.0.3:6379", state: "down", failures: 7 },
  ],
  moves: { ...NO_MOVES, migrates: { moved: 3 } },
  replicas: [
    { addr: "10.0.0.4:6379", isUsable: true, lagMs: 1500, reads: 40, repeats: 2 },
    {
      addr: "10.0.0.5:6379",
      isUsable: false,
      lagMs: Number.POSITIVE_INFINITY,
      reads: 3,
      repeats: 0,
    },
  ],
});

function samplesOf(text: string): Map<string, string> {
  const lines = text.trimEnd().split("\n");
  return new Map(
    lines
      .filter((line) => !line.startsWith("#"))
      .map((line): [string, string] => [
        line.slice(0, line.lastIndexOf(" ")),
        line.slice(line.lastIndexOf(" ") + 1),
      ]),
  );
}

describe("renderMetrics", () => {
  test("every line has the form of the text format, and belongs to a metric announced before", () => {
    const text = renderMetrics(busy, { ...sources, pushVersion: { epoch: 3, revision: 8 } });
    const sample =
      /^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? (-?[\d.e+-]+|\+Inf|NaN)$/;
    const announced = new Map<string, string>();
    for (const line of text.trimEnd().split("\n")) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type !== null) {
        expect(announced.has(type[1] ?? "")).toBe(false);
        announced.set(type[1] ?? "", type[2] ?? "");
      } else if (!line.startsWith("# HELP ")) {
        const name = sample.exec(line)?.[1] ?? `not a sample: ${line}`;
        const family = name.replace(/_(bucket|sum|count)$/, "");
        expect(announced.has(name) || announced.get(family) === "histogram").toBe(true);
      }
    }
    // A metric of the table that is never written would be a lie in docs/metrics.md.
    expect([...announced.keys()].sort()).toEqual(Object.keys(METRICS).sort());
  });

  test("samples have the labels that the table names", () => {
    const text = renderMetrics(busy, { ...sources, pushVersion: { epoch: 3, revision: 8 } });
    for (const key of samplesOf(text).keys()) {
      const [name = "", labels = ""] = key.split("{");
      const family = name.replace(/_(bucket|sum|count)$/, "");
      const spec = Object.entries(METRICS).find(([each]) => each === name || each === family)?.[1];
      const given = [...labels.matchAll(/([a-z_]+)="/g)].map((match) => match[1] ?? "");
      expect([name, given.filter((label) => label !== "le")]).toEqual([
        name,
        [...(spec?.labels ?? [])],
      ]);
    }
  });

  test("histograms are cumulative, and sum and count agree with them", () => {
    const samples = samplesOf(renderMetrics(busy, sources));
    const bucket = (le: string) =>
      samples.get(`codis_proxy_request_duration_seconds_bucket{command="GET",le="${le}"}`);
    expect(["0.0001", "0.00025", "2.5", "5", "+Inf"].map(bucket)).toEqual([
      "2",
      "2",
      "2",
      "3",
      "4",
    ]);
    expect(samples.get('codis_proxy_request_duration_seconds_count{command="GET"}')).toBe("4");
    expect(samples.get('codis_proxy_request_duration_seconds_sum{command="GET"}')).toBe("6.00015");
  });

  test("commands never called have no lines", () => {
    expect(renderMetrics(busy, sources)).not.toContain('command="SET"');
  });

  test("connections to one server are summed, and it is up when one of them works", () => {
    const samples = samplesOf(renderMetrics(busy, sources));
    expect(samples.get('codis_proxy_backend_up{addr="10.0.0.2:6379"}')).toBe("1");
    expect(samples.get('codis_proxy_backend_up{addr="10.0.0.3:6379"}')).toBe("0");
    expect(samples.get('codis_proxy_backend_in_flight{addr="10.0.0.2:6379"}')).toBe("3");
    expect(samples.get('codis_proxy_backend_queued_bytes{addr="10.0.0.2:6379"}')).toBe("20");
    expect(samples.get('codis_proxy_backend_connections{addr="10.0.0.2:6379",state="down"}')).toBe(
      "1",
    );
    expect(samples.get('codis_proxy_sessions_closed_total{reason="idle"}')).toBe("3");
  });

  test("slots are counted by state", () => {
    const online = { ...offlineSlot(0), backendAddr: "a:1" };
    const slots = [
      online,
      { ...online, migrateFrom: "b:1" },
      { ...online, migrateFrom: "b:1", locked: true },
      offlineSlot(3),
      offlineSlot(4),
    ];
    const samples = samplesOf(renderMetrics(busy, { ...sources, slots }));
    const states = ["online", "migrating", "locked", "offline"];
    expect(states.map((state) => samples.get(`codis_proxy_slots{state="${state}"}`))).toEqual([
      "1",
      "1",
      "1",
      "2",
    ]);
  });

  test("labels are escaped", () => {
    const text = renderMetrics(busy, { ...sources, datacenter: 'a"b\\c\nd' });
    expect(text).toContain('datacenter="a\\"b\\\\c\\nd"');
  });
});
