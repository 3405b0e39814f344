/**
 * What is pushed, byte by byte: a point of InfluxDB read back by the rules of its line protocol, and packets of
 * StatsD.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { escapeTag, influxLine, influxWriteUrl } from "../../../../src/proxy/report/influxdb.ts";
import { statsdPackets } from "../../../../src/proxy/report/statsd.ts";
import { pushedOverview } from "../../../support/pushed-overview.ts";
import { SEED } from "../../../support/seed.ts";

const { model, stats } = pushedOverview();

/** A point as InfluxDB reads it. */
interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly timestamp: string;
}

/** Splits at a character that no backslash stands before, as InfluxDB's scanner does. */
function splitUnescaped(text: string, at: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === at && text[i - 1] !== "\\") {
      parts.push(part);
      part = "";
    } else {
      part += text.charAt(i);
    }
  }
  return [...parts, part];
}

function readPoint(line: string): Point {
  expect(line).toEndWith("\n");
  const [key = "", fieldText = "", timestamp = "", ...rest] = splitUnescaped(
    line.slice(0, -1),
    " ",
  );
  expect(rest).toEqual([]);
  const [measurement = "", ...tags] = splitUnescaped(key, ",");
  const pairs = (texts: readonly string[]) =>
    Object.fromEntries(
      texts.map((text) => {
        const [name = "", value = "", ...more] = splitUnescaped(text, "=");
        expect(more).toEqual([]);
        return [name, value.replace(/\\([,= ])/g, "$1")];
      }),
    );
  return { measurement, tags: pairs(tags), fields: pairs(fieldText.split(",")), timestamp };
}

describe("InfluxDB", () => {
  test("a point has the tags and fields of Codis, whole numbers marked as such", () => {
    expect(readPoint(influxLine(model, stats, 1_700_000_000_123))).toEqual({
      measurement: "codis_usage",
      tags: {
        admin_addr: "10.0.0.1:11080",
        hostname: "host1",
        product_name: "demo",
        proxy_addr: "10.0.0.1:19000",
        token: model.token,
      },
      fields: {
        ops_total: "1001i",
        ops_fails: "2i",
        ops_redis_errors: "3i",
        ops_qps: "4i",
        sessions_total: "5i",
        sessions_alive: "6i",
        rusage_mem: "7000000i",
        rusage_cpu: "0.25",
        runtime_gc_num: "0i",
        runtime_gc_total_pausems: "0i",
        runtime_num_procs: "8i",
        runtime_num_goroutines: "0i",
        runtime_num_cgo_call: "0i",
        runtime_num_mem_offheap: "9i",
      },
      timestamp: "1700000000123000000",
    });
  });

  test("a tag without a value is left out", () => {
    const nameless = pushedOverview({ hostname: "" });
    expect(influxLine(nameless.model, stats, 0)).not.toContain("hostname");
  });

  test.each([
    ["a b,c=d", "a\\ b\\,c\\=d"],
    ["line\r\nbreak\ttab", "line\\ break\\ tab"],
    ["back\\slash\\\\", "back\\slash"],
    ["ünï, code", "ünï\\,\\ code"],
  ])("the tag %p is written as %p", (value, written) => {
    expect(escapeTag(value)).toBe(written);
  });

  test("any host name and path give a point that reads back, all else unchanged", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab,= \\\n\"'{}é"), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (hostname, proxyAddr) => {
        const odd = pushedOverview({ hostname, proxy_addr: proxyAddr });
        const point = readPoint(influxLine(odd.model, odd.stats, 5));
        const plain = (value: string) => value.replace(/[\r\n\t]+/g, " ").replace(/\\+$/, "");
        expect(point.tags["hostname"] ?? "").toBe(plain(hostname));
        expect(point.tags["proxy_addr"] ?? "").toBe(plain(proxyAddr));
        expect(point.tags["token"]).toBe(model.token);
        expect(Object.keys(point.fields)).toHaveLength(14);
      }),
      { seed: SEED },
    );
  });

  test.each([
    ["http://i:8086", "http://i:8086/write?db=my+db&precision=ns"],
    ["http://i:8086/", "http://i:8086/write?db=my+db&precision=ns"],
    ["https://gate/influx?org=x", "https://gate/influx/write?org=x&db=my+db&precision=ns"],
  ])("%p is written at %p", (server, url) => {
    expect(influxWriteUrl(server, "my db").href).toBe(url);
  });
});

describe("StatsD", () => {
  test("gauges are named as Codis names them, in packets that are sent whole", () => {
    const packets = statsdPackets("team.codis", model, stats);
    const lines = packets.flatMap((packet) => packet.split("\n"));
    const name = "team.codis.demo.10_0_0_1_11080.10_0_0_1_19000";
    expect(lines).toHaveLength(14);
    expect(lines[0]).toBe(`${name}.ops_total:1001|g`);
    expect(lines).toContain(`${name}.rusage_cpu:0.25|g`);
    for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(1432);
  });

  test("long names make more packets, and no gauge is cut", () => {
    const packets = statsdPackets("x".repeat(300), model, stats);
    expect(packets.length).toBeGreaterThan(3);
    for (const packet of packets) {
      expect(packet.length).toBeLessThanOrEqual(1432);
      for (const line of packet.split("\n")) expect(line).toMatch(/^[^:|]+:[\d.]+\|g$/);
    }
  });

  test("what means something in the protocol is replaced, an empty prefix is left out", () => {
    const odd = pushedOverview({ proxy_addr: "/run/a b|c#d@e.sock" });
    expect(statsdPackets("", odd.model, stats)[0]).toStartWith(
      "demo.10_0_0_1_11080./run/a_b_c_d_e_sock.ops_total:",
    );
  });
});
