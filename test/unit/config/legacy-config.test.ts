/** `config.ini` of Codis 1.9 and 2.0: defaults, units, names, and one line for every wrong value. */
import { describe, expect, test } from "bun:test";
import { parseIni } from "../../../src/config/ini-file.ts";
import {
  checkLegacyFile,
  type LegacyFile,
  proxyNameOf,
  readLegacyFile,
  sessionTimeoutMs,
} from "../../../src/config/legacy-config.ts";
import { catchError } from "../../support/caught-error.ts";
import { SAMPLE_FOLDER } from "../../support/sample-script.ts";

function fileOf(...lines: readonly string[]): LegacyFile {
  return checkLegacyFile(parseIni(lines.join("\n"), "config.ini"));
}

describe("values", () => {
  test("of an empty file are the defaults of Codis 2.0", () => {
    const { config, warnings } = fileOf("");
    expect({ ...config }).toEqual({
      coordinator: "zookeeper",
      zk: "localhost:2181",
      product: "test",
      dashboardAddr: "127.0.0.1:18087",
      password: "",
      backendPingPeriodMs: 5_000,
      sessionMaxTimeoutMs: 1_800_000,
      sessionMaxBufsizeBytes: 131_072,
      sessionMaxPipeline: 1024,
      zkSessionTimeout: 30_000,
      proto: "tcp",
      proxyId: "",
    });
    expect(warnings).toEqual([]);
  });

  test("are read in their units", () => {
    const { config } = fileOf(
      "coordinator=etcd",
      "zk=http://10.0.0.1:2379",
      "product=shop",
      "dashboard_addr=10.0.0.2:18087",
      "password=p=1",
      "backend_ping_period=7",
      "session_max_timeout=0",
      "session_max_bufsize=65536",
      "session_max_pipeline=64",
      "proto=tcp4",
      "proxy_id=proxy_7",
    );
    expect({ ...config }).toMatchObject({
      coordinator: "etcd",
      zk: "http://10.0.0.1:2379",
      product: "shop",
      dashboardAddr: "10.0.0.2:18087",
      password: "p=1",
      backendPingPeriodMs: 7_000,
      sessionMaxTimeoutMs: 0,
      sessionMaxPipeline: 64,
      proto: "tcp4",
      proxyId: "proxy_7",
    });
  });

  test.each([
    ["30", 30_000],
    ["100", 100_000],
    ["101", 101],
    ["30000", 30_000],
  ])("zk_session_timeout=%s is %d ms", (text, ms) => {
    expect(sessionTimeoutMs(fileOf(`zk_session_timeout=${text}`).config)).toBe(ms);
  });

  test("of a key that does nothing any more are told to proxies only", () => {
    const file = fileOf("session_max_bufsize=131072", "zk=a:1", "zk=b:1");
    expect(file.warnings).toEqual(["config.ini:3: zk is in line 2 already; this one counts"]);
    expect(file.withoutEffect).toEqual([
      "session_max_bufsize: accepted, but without effect: buffers grow and shrink with what is in them",
    ]);
  });

  test("of a key that isn't known are a warning", () => {
    expect(fileOf("zk=a:1", "produkt=x", "magic=1").warnings).toEqual([
      "config.ini:2: unknown key produkt, did you mean product?",
      "config.ini:3: unknown key magic",
    ]);
  });
});

describe("wrong values", () => {
  test.each([
    ["coordinator=zk", '"zk": expected zookeeper or etcd, without quotes'],
    ["zk=", '"": expected addresses like localhost:2181,10.0.0.2:2181'],
    ["product=a/b", '"a/b": expected a name that begins with'],
    ["dashboard_addr=:18087", '":18087": expected host:port like localhost:18087'],
    ["backend_ping_period=soon", '"soon": expected a number of seconds, 0 or more'],
    ["session_max_timeout=-1", '"-1": expected a number of seconds, 0 or more'],
    ["session_max_bufsize=big", '"big": expected a number of bytes'],
    ["session_max_pipeline=1.5", '"1.5": expected a whole number from 0 to 16777216'],
    ["zk_session_timeout=0", "0: expected a whole number from 1 to 3600000"],
    ["proto=udp", '"udp": expected "tcp", "tcp4" or "tcp6"'],
    ["proxy_id=a/b", '"a/b": expected a name of letters, digits, _ . and - like proxy_1'],
  ])("%s is refused with its line and what would be right", (line, end) => {
    const error = catchError(() => fileOf("# first", line));
    const key = line.slice(0, line.indexOf("="));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toStartWith(`config.ini:2: invalid ${key} = ${end}`);
  });

  test("a proxy needs a name", () => {
    expect(proxyNameOf(fileOf("proxy_id=proxy_1"))).toBe("proxy_1");
    expect(catchError(() => proxyNameOf(fileOf("proxy_id="))).message).toBe(
      "config.ini: proxy_id is missing: each proxy needs a name of its own, like proxy_id=proxy_1",
    );
  });
});

test("the sample file is good, without a warning", () => {
  const { config, warnings } = readLegacyFile(`${SAMPLE_FOLDER}/config.ini`);
  expect(warnings).toEqual([]);
  expect(config.proxyId).toBe("proxy_1");
});
