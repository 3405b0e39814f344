/** Command lines of redis-benchmark, and what is read from its output. */
import { describe, expect, test } from "bun:test";
import { type Load, loadCommand, parseLoadOutput } from "../../../bench/macro/load.ts";

const LOAD: Load = {
  port: 7000,
  clients: 50,
  pipeline: 16,
  requests: 1_000,
  keyCount: 100,
  valueBytes: 64,
  operation: "GET",
};

const OUTPUT = `====== GET ======
  20000 requests completed in 0.31 seconds
  50 parallel clients

Latency by percentile distribution:
0.000% <= 0.103 milliseconds (cumulative count 1)
50.000% <= 0.407 milliseconds (cumulative count 10262)
99.805% <= 1.111 milliseconds (cumulative count 19964)
99.902% <= 2.247 milliseconds (cumulative count 19981)
100.000% <= 2.367 milliseconds (cumulative count 20000)

Cumulative distribution of latencies:
0.005% <= 0.103 milliseconds (cumulative count 1)
99.995% <= 1.207 milliseconds (cumulative count 19999)

Summary:
  throughput summary: 63492.06 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.418     0.096     0.407     0.607     0.759     2.367
`;

describe("loadCommand", () => {
  test("runs the generator's own test for GET and SET", () => {
    const command = "redis-benchmark -p 7000 -c 50 -P 16 -n 1000 -r 100 -d 64 --precision 3 -t set";
    expect(loadCommand({ ...LOAD, operation: "SET" }).join(" ")).toBe(command);
  });

  test("asks for ten random keys for MGET", () => {
    const command = loadCommand({ ...LOAD, operation: "MGET" });
    expect(command.slice(-11)).toEqual(["MGET", ...Array(10).fill("key:__rand_int__")]);
    expect(command).not.toContain("-t");
  });

  test("names threads only when they are wanted", () => {
    expect(loadCommand(LOAD)).not.toContain("--threads");
    expect(loadCommand({ ...LOAD, threads: 2 }).join(" ")).toContain("--threads 2");
  });
});

describe("parseLoadOutput", () => {
  test("reads throughput and the three percentiles", () => {
    expect(parseLoadOutput(OUTPUT)).toEqual({
      requestsPerSecond: 63_492.06,
      p50Ms: 0.407,
      p99Ms: 0.759,
      p999Ms: 2.247,
    });
  });

  test("throws when a figure is missing", () => {
    expect(() => parseLoadOutput("nothing")).toThrow("no throughput");
    const cut = OUTPUT.slice(0, OUTPUT.indexOf("  latency summary"));
    expect(() => parseLoadOutput(cut)).toThrow("no latencies");
    expect(() => parseLoadOutput(OUTPUT.replaceAll("milliseconds", "ms"))).toThrow("no latencies");
  });
});
