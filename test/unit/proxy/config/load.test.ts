/**
 * The configuration: defaults of Codis, a file in, a checked object out, and one clear line for each
 * kind of bad value.
 */
import { describe, expect, test } from "bun:test";
import type { CodisError } from "../../../../src/base/error.ts";
import type { KeySpec } from "../../../../src/config/key-spec.ts";
import { parseToml } from "../../../../src/config/toml-file.ts";
import { defaultConfigText } from "../../../../src/proxy/config/default-text.ts";
import { PROXY_KEYS } from "../../../../src/proxy/config/key.ts";
import { checkProxyConfig } from "../../../../src/proxy/config/load.ts";
import { configToJson, defaultProxyConfig } from "../../../../src/proxy/config.ts";
import { catchError } from "../../../support/caught-error.ts";

function load(text: string, isStrict = false) {
  return checkProxyConfig(parseToml(text, "proxy.toml"), isStrict);
}

function failureOf(text: string, isStrict = false): CodisError {
  return catchError(() => load(text, isStrict));
}

describe("defaults", () => {
  test("are those of Codis for its keys", () => {
    expect(defaultProxyConfig()).toMatchObject({
      productName: "codis-demo",
      productAuth: "",
      sessionAuth: "",
      adminAddr: "0.0.0.0:11080",
      protoType: "tcp4",
      proxyAddr: "0.0.0.0:19000",
      proxyMaxClients: 1000,
      backendPingPeriodMs: 5000,
      backendRecvTimeoutMs: 30_000,
      backendSendTimeoutMs: 30_000,
      backendMaxPipeline: 20_480,
      backendPrimaryOnly: false,
      backendPrimaryParallel: 1,
      backendKeepalivePeriodMs: 75_000,
      backendNumberDatabases: 16,
      sessionRecvTimeoutMs: 1_800_000,
      sessionSendTimeoutMs: 30_000,
      sessionMaxPipeline: 10_000,
      sessionKeepalivePeriodMs: 75_000,
      sessionBreakOnFailure: false,
    });
  });

  test("of our own keys", () => {
    expect(defaultProxyConfig()).toMatchObject({
      workers: 1,
      slotCount: 1024,
      crossSlotSameGroup: false,
      slotHoldTimeoutMs: 5000,
      workerAckTimeoutMs: 5000,
      shutdownTimeoutMs: 10_000,
      backendFailLimit: 10,
      backendMaxRetryDelayMs: 5000,
      proxyMaxMemoryBytes: 2 ** 30,
      sessionMaxRequestBytes: 2 ** 30,
      sessionMaxOutputBytes: 2 ** 28,
      sessionSoftOutputBytes: 2 ** 20,
      backendMaxQueueBytes: 2 ** 26,
      scriptCacheBytes: 2 ** 26,
    });
  });

  test("can be changed by field, and the result is frozen", () => {
    const config = defaultProxyConfig({ workers: 3 });
    expect(config.workers).toBe(3);
    expect(Object.isFrozen(config)).toBe(true);
    expect(defaultProxyConfig().workers).toBe(1);
  });
});

describe("the default file", () => {
  test("has every key, gives the defaults, and starts without a warning, also with --strict", () => {
    const text = defaultConfigText();
    for (const spec of PROXY_KEYS) {
      expect(text).toContain(`\n${"withoutEffect" in spec ? "# " : ""}${spec.name} = `);
    }
    expect(load(text, true)).toEqual({ config: defaultProxyConfig(), warnings: [] });
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("gives the defaults as well when the keys without effect are switched on", () => {
    const text = defaultConfigText().replace(/^# (\w+ = )/gm, "$1");
    const { config, warnings } = load(text, true);
    expect(config).toEqual(defaultProxyConfig());
    // Only the keys of Go's memory ask for something; the others ask for "off".
    expect(warnings.map((line) => line.split(":")[0])).toEqual([
      "proxy_max_offheap_size",
      "proxy_heap_placeholder",
      "backend_recv_bufsize, backend_send_bufsize, session_recv_bufsize, session_send_bufsize",
    ]);
  });
});

describe("good values", () => {
  test.each([
    ['session_recv_timeout = "90s"', { sessionRecvTimeoutMs: 90_000 }],
    ["session_recv_timeout = 90", { sessionRecvTimeoutMs: 90_000 }],
    ["session_recv_timeout = 1.5", { sessionRecvTimeoutMs: 1500 }],
    ['session_recv_timeout = "0"', { sessionRecvTimeoutMs: 0 }],
    ['proxy_max_memory = "1.5gb"', { proxyMaxMemoryBytes: 1.5 * 2 ** 30 }],
    ["proxy_max_memory = 33554432", { proxyMaxMemoryBytes: 33_554_432 }],
    ["backend_primary_parallel = 0", { backendPrimaryParallel: 1 }],
    ["session_max_pipeline = 0", { sessionMaxPipeline: 1 }],
    ["slot_count = 4096", { slotCount: 4096 }],
    ['proto_type = "tcp"\nproxy_addr = "[::1]:19000"', { protoType: "tcp" }],
    ['proto_type = "tcp6"\nproxy_addr = "[::]:19000"', { protoType: "tcp6" }],
    ['proto_type = "unix"\nproxy_addr = "/tmp/codis.sock"', { proxyAddr: "/tmp/codis.sock" }],
    ['proxy_addr = ":19000"', { proxyAddr: ":19000" }],
    ["session_auth = 'a\\b\"c'", { sessionAuth: 'a\\b"c' }],
  ])("%p", (text, expected) => {
    expect(load(text).config).toMatchObject(expected);
  });
});

describe("bad values are one line with file, line, key, value and what would be right", () => {
  test.each([
    ['\n\nproxy_max_clients = "many"', 3, 'proxy_max_clients = "many": expected a whole number'],
    ["proxy_max_clients = 0", 1, "proxy_max_clients = 0: expected a whole number from 1 to"],
    ["proxy_max_clients = 1.5", 1, "proxy_max_clients = 1.5: expected a whole number"],
    ["proxy_max_clients = true", 1, "proxy_max_clients = true: expected a whole number"],
    ['backend_primary_only = "yes"', 1, 'backend_primary_only = "yes": expected true or false'],
    ["product_name = 7", 1, "product_name = 7: expected text in quotes"],
    ['product_name = "a b"', 1, "(bad product name = a b)"],
    ['session_recv_timeout = "30x"', 1, 'session_recv_timeout = "30x": expected a duration like'],
    ["session_recv_timeout = -1", 1, "session_recv_timeout = -1: expected a duration like"],
    ["session_recv_timeout = [1]", 1, "session_recv_timeout = [1]: expected a duration like"],
    ["session_recv_timeout = 2020-01-01", 1, "expected a duration like"],
    [
      'slot_hold_timeout = "0s"',
      1,
      'slot_hold_timeout = "0s": expected a duration like "5s", longer',
    ],
    ['proxy_max_memory = "12zz"', 1, 'proxy_max_memory = "12zz": expected a size like "1gb", from'],
    [
      'proxy_max_memory = "1kb"',
      1,
      'proxy_max_memory = "1kb": expected a size like "1gb", from 16mb',
    ],
    ["slot_count = 1000", 1, "slot_count = 1000: expected 1024, 2048 or 4096"],
    ['proto_type = "udp"', 1, 'proto_type = "udp": expected "tcp", "tcp4", "tcp6" or "unix"'],
    ['proto_type = "unixpacket"', 1, "can't speak over a packet socket"],
    ['proxy_addr = "19000"', 1, 'proxy_addr = "19000": expected host:port like "0.0.0.0:19000"'],
    ['proxy_addr = "[::1]:1"', 1, 'expected an IPv4 address, because proto_type is "tcp4"'],
    ['proto_type = "tcp6"\nproxy_addr = "1.2.3.4:1"', 2, "expected an IPv6 address"],
    ['proxy_addr = "0.0.0.0:11080"', 1, "expected another address than admin_addr"],
    ['admin_addr = "/tmp/x"', 1, 'admin_addr = "/tmp/x": expected host:port like'],
    ['jodis_name = "consul"', 1, 'jodis_name = "consul": expected "", "zookeeper" or "etcd"'],
    ['jodis_name = "etcd"\njodis_addr = ""', 2, "expected the address of etcd"],
    ['jodis_auth = "s3cret"', 1, "jodis_auth = (hidden): expected user:password"],
    ['metrics_report_server = "x:80/y"', 1, "expected a URL like"],
    ['metrics_report_influxdb_server = "ftp://x"', 1, "expected a URL like"],
    [
      'metrics_report_influxdb_server = "http://x"\nmetrics_report_influxdb_database = ""',
      2,
      "expected the name of a database",
    ],
    ['metrics_report_statsd_server = "x"', 1, 'expected host:port like "10.0.0.1:8125"'],
    ['session_soft_output_size = "1gb"', 1, "expected at most session_max_output_size"],
    ["workers = 0", 1, "workers = 0: expected a whole number from 1 to 256"],
  ])("%p", (text, line, message) => {
    const failure = failureOf(text);
    expect(failure.code).toBe("CONFIG_INVALID");
    expect(failure.message).toStartWith(`proxy.toml:${line}: invalid `);
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain("\n");
  });

  test("a password is not repeated", () => {
    const failure = failureOf("session_auth = [12345]");
    expect(failure.message).toBe(
      'proxy.toml:1: invalid session_auth = (hidden): expected text in quotes like "…"',
    );
  });

  test("a default that doesn't go with a given value is named as such", () => {
    const failure = failureOf('proto_type = "tcp6"\n');
    expect(failure.message).toStartWith('default: invalid proxy_addr = "0.0.0.0:19000": expected');
  });

  test("text that isn't TOML names line and column, and shows none of it", () => {
    const failure = failureOf('product_auth = "secret\nx = 1\n');
    expect(failure.code).toBe("CONFIG_UNREADABLE");
    expect(failure.message).toMatch(/^proxy\.toml:\d+:\d+: this isn't TOML: /);
    expect(failure.message).not.toContain("secret");
  });
});

describe("warnings", () => {
  test("an unknown key is a warning with the nearest name, an error with --strict", () => {
    const text = "\nproxy_max_clint = 5\n";
    const line = "proxy.toml:2: unknown key proxy_max_clint, did you mean proxy_max_clients?";
    expect(load(text).warnings).toEqual([line]);
    expect(failureOf(text, true).message).toBe(`${line} (--strict)`);
    expect(load("[metrics]\nx = 1").warnings).toEqual(["proxy.toml:1: unknown key metrics"]);
  });

  test("discovery and metrics push ask for no warning", () => {
    const text =
      'jodis_name = "etcd"\njodis_addr = "e:2379"\njodis_timeout = "10s"\n' +
      'metrics_report_server = "https://x/y"\nmetrics_report_statsd_server = "[::1]:8125"\n';
    expect(load(text).warnings).toEqual([]);
  });

  test("periods of pushes and the life of a registration are at least a second", () => {
    const { config } = load('metrics_report_period = "0s"\njodis_timeout = "10ms"\n');
    expect([config.metricsReportPeriodMs, config.jodisTimeoutMs]).toEqual([1000, 1000]);
  });

  test("a unix socket means one worker", () => {
    const { config, warnings } = load('proto_type = "unix"\nproxy_addr = "/tmp/s"\nworkers = 4');
    expect(config.workers).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("means one worker");
  });
});

test("the JSON of the configuration shows the user of a login, not its password", () => {
  const shown = (jodisAuth: string) =>
    configToJson(defaultProxyConfig({ jodisAuth }))["jodis_auth"];
  expect([shown("me:s3c:ret"), shown("")]).toEqual(["me:(hidden)", ""]);
});

test("the JSON of the configuration has every key but the passwords", () => {
  const json = configToJson(defaultProxyConfig({ sessionAuth: "x", productAuth: "y" }));
  const shown = (PROXY_KEYS as readonly KeySpec[])
    .filter((spec) => spec.isSecret !== true)
    .map((spec) => spec.name);
  expect(Object.keys(json)).toEqual(shown);
  expect(shown).not.toContain("session_auth");
  expect(json).toMatchObject({
    session_recv_timeout: "30m",
    proxy_max_memory: "1gb",
    slot_count: 1024,
  });
});
