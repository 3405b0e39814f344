/**
 * INFO texts of several masters merged: sums, extremes, ratios made again, and what is left out.
 */
import { describe, expect, test } from "bun:test";
import { mergeSections, parseSections } from "../../../../../src/proxy/dispatch/shards/info.ts";
import { lowestVersion } from "../../../../../src/proxy/dispatch/shards/info-field.ts";
import { TEST_FIGURES, testEnv } from "./session.ts";
import { TestSlotTable } from "./slot-table.ts";

const { settings } = testEnv(
  Object.assign(new TestSlotTable([]), { call: fail, callDedicated: fail }),
);
const FACTS = { figures: TEST_FIGURES, settings, nowMs: 1_700_000_000_000 };

function fail(): Promise<never> {
  return Promise.reject(new Error("merging asks no server"));
}

/** Merges the lines of one section, one list a master. */
function merge(
  title: string,
  masters: readonly (readonly string[])[],
  isWhole = true,
): Record<string, string> {
  const parsed = masters.map((lines) => parseSections([`# ${title}`, ...lines, ""].join("\r\n")));
  const [section] = mergeSections(parsed, isWhole, FACTS);
  return Object.fromEntries(section?.fields ?? []);
}

describe("fields of INFO", () => {
  test("add up, with the decimals of the masters", () => {
    expect(merge("Stats", [["expired_keys:2"], ["expired_keys:40"]])).toEqual({
      expired_keys: "42",
    });
    expect(merge("CPU", [["used_cpu_sys:0.500000"], ["used_cpu_sys:1.250000"]])).toEqual({
      used_cpu_sys: "1.750000",
    });
    const large = ["total_net_input_bytes:9007199254740993"];
    expect(merge("Stats", [large, large])).toEqual({ total_net_input_bytes: "18014398509481986" });
  });

  test("are the worst or the least where a sum says nothing", () => {
    const one = [
      "loading:0",
      "rdb_last_bgsave_status:ok",
      "rdb_last_save_time:200",
      "aof_enabled:1",
    ];
    const two = [
      "loading:1",
      "rdb_last_bgsave_status:err",
      "rdb_last_save_time:100",
      "aof_enabled:0",
    ];
    expect(merge("Persistence", [one, two])).toEqual({
      loading: "1",
      rdb_last_bgsave_status: "err",
      rdb_last_save_time: "100",
      aof_enabled: "0",
    });
  });

  test("that are ratios or texts are made again from the sums", () => {
    const one = [
      "used_memory:1048576",
      "used_memory_human:1.00M",
      "used_memory_rss:2097152",
      "mem_fragmentation_ratio:2.00",
    ];
    const two = [
      "used_memory:2097152",
      "used_memory_human:2.00M",
      "used_memory_rss:2097152",
      "mem_fragmentation_ratio:1.00",
    ];
    expect(merge("Memory", [one, two])).toEqual({
      used_memory: "3145728",
      used_memory_human: "3.00M",
      used_memory_rss: "4194304",
      mem_fragmentation_ratio: "1.33",
    });
  });

  test("say that memory is unlimited when one master's is", () => {
    expect(merge("Memory", [["maxmemory:10"], ["maxmemory:20"]])).toEqual({ maxmemory: "30" });
    expect(merge("Memory", [["maxmemory:10"], ["maxmemory:0"]])).toEqual({ maxmemory: "0" });
  });

  test("without a rule are shown only when all masters say the same", () => {
    expect(
      merge("Server", [
        ["new_field:a", "other:1"],
        ["new_field:a", "other:2"],
      ]),
    ).toEqual({
      new_field: "a",
    });
    expect(merge("Server", [["new_field:a"], []])).toEqual({});
  });

  test("that name one process or one replica are left out", () => {
    const lines = ["run_id:x", "master_replid:y", "slave0:ip=1.2.3.4", "role:slave"];
    expect(merge("Replication", [lines, lines])).toEqual({ role: "master" });
  });

  test("that would be sums over some masters are left out", () => {
    const lines = [
      "used_memory:1",
      "used_memory_human:1B",
      "maxmemory:5",
      "maxmemory_policy:noeviction",
    ];
    expect(merge("Memory", [lines], false)).toEqual({ maxmemory_policy: "noeviction" });
    expect(merge("Keyspace", [["db0:keys=1,expires=0,avg_ttl=0"]], false)).toEqual({});
  });

  test("of the proxy are the proxy's", () => {
    const lines = ["connected_clients:99", "maxclients:10000"];
    expect(merge("Clients", [lines, lines])).toEqual({
      connected_clients: "7",
      maxclients: "1234",
    });
  });
});

describe("lists of INFO", () => {
  test("weight the mean time to live by the keys that expire", () => {
    const one = ["db0:keys=10,expires=3,avg_ttl=1000"];
    const two = ["db0:keys=5,expires=1,avg_ttl=5000", "db9:keys=1,expires=0,avg_ttl=0"];
    expect(merge("Keyspace", [one, two])).toEqual({
      db0: "keys=15,expires=4,avg_ttl=2000",
      db9: "keys=1,expires=0,avg_ttl=0",
    });
  });

  test("make the time of one call again", () => {
    const one = ["cmdstat_get:calls=2,usec=10,usec_per_call=5.00,rejected_calls=0,failed_calls=1"];
    const two = ["cmdstat_get:calls=6,usec=14,usec_per_call=2.33,rejected_calls=1,failed_calls=0"];
    expect(merge("Commandstats", [one, two])).toEqual({
      cmdstat_get: "calls=8,usec=24,usec_per_call=3.00,rejected_calls=1,failed_calls=1",
    });
  });

  test("show the percentiles of the slowest master", () => {
    const name = "latency_percentiles_usec_get";
    const masters = [[`${name}:p50=1.003,p99=9.000`], [`${name}:p50=2.007,p99=3.000`]];
    expect(merge("Latencystats", masters)).toEqual({ [name]: "p50=2.007,p99=9.000" });
  });

  test("add up errors", () => {
    const masters = [["errorstat_ERR:count=2"], ["errorstat_ERR:count=3", "errorstat_OOM:count=1"]];
    expect(merge("Errorstats", masters)).toEqual({
      errorstat_ERR: "count=5",
      errorstat_OOM: "count=1",
    });
  });
});

test("the lowest version is found by numbers, not by letters", () => {
  expect(lowestVersion(["7.0.15", "7.0.4", "10.0.0"])).toBe("7.0.4");
  expect(lowestVersion(["6.2", "6.2.1"])).toBe("6.2");
  expect(lowestVersion([])).toBeUndefined();
});
