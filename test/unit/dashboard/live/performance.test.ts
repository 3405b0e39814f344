/**
 * Figures of the past as they are answered: rates and merged percentiles of proxies that count, gaps where nobody
 * was heard, how many of how many are known, and what isn't kept.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { PerformanceQuery, V1Performance } from "../../../../src/api/v1-live-schema.ts";
import { bucketMiddleUs, bucketOf } from "../../../../src/base/latency-histogram.ts";
import { COMMANDS_KEPT_MAX } from "../../../../src/dashboard/live/busiest.ts";
import { viewPerformance } from "../../../../src/dashboard/live/performance.ts";
import { Sampler } from "../../../../src/dashboard/live/sampler.ts";
import { catchError } from "../../../support/caught-error.ts";
import { CountingProduct } from "../../../support/counting-product.ts";
import { sampleFailover } from "../../../support/fake-availability-control.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeLeader } from "../../../support/fake-dashboard-control.ts";

let clock: FakeClock;
let product: CountingProduct;
let sampler: Sampler;

beforeEach(() => {
  clock = new FakeClock();
  product = new CountingProduct(new FakeLeader(), clock, { proxies: 2, groups: 2 });
  sampler = new Sampler(product.leader, clock);
});

function ask(query: PerformanceQuery): V1Performance {
  return viewPerformance(product.leader, sampler, query, clock.nowMs());
}

/** The newest points of the series. */
function last(query: PerformanceQuery, count: number): Record<string, readonly (number | null)[]> {
  return Object.fromEntries(
    ask(query).series.map(({ metric, of, values }) => [
      of === null ? metric : `${metric} ${of}`,
      values.slice(-count),
    ]),
  );
}

/** What a latency is told as, with four digits. */
function ms(us: number): number {
  return Number((bucketMiddleUs(bucketOf(us)) / 1000).toPrecision(4));
}

describe("rates", () => {
  test("are of all proxies together, and of each", () => {
    product.pass(10, () => {
      product.proxy(0).serve("GET", Array(30).fill(200));
      product.proxy(1).serve("SET", Array(10).fill(900));
      product.proxy(1).fail("SET", 2);
      product.proxy(1).bytesIn += 5000;
    });
    expect(last({ range: "5m", metric: "ops,failures,bytes_in,proxies" }, 3)).toEqual({
      ops: [42, 42, 42],
      failures: [2, 2, 2],
      bytes_in: [5000, 5000, 5000],
      proxies: [2, 2, 2],
    });
    const [one, two] = product.proxies.map(({ token }) => token);
    expect(last({ range: "5m", metric: "ops,p50", by: "proxy" }, 1)).toEqual({
      [`ops ${one}`]: [30],
      [`p50 ${one}`]: [ms(200)],
      [`ops ${two}`]: [12],
      [`p50 ${two}`]: [ms(900)],
    });
    expect(last({ range: "5m", metric: "ops,time", by: "command", of: "set" }, 1)).toEqual({
      "ops set": [12],
      "time set": [0.009],
    });
  });

  test("of a proxy that is looked at less often are spread over its seconds", () => {
    product.pass(4, () => product.proxy(0).serve("GET", [100, 100]));
    clock.advance(1000);
    product.proxy(0).serve("GET", [100, 100, 100, 100]);
    product.pass(3, () => product.proxy(0).serve("GET", [100, 100]));
    expect(last({ range: "5m", metric: "ops" }, 5)["ops"]).toEqual([2, 2, 3, 3, 2]);
  });

  test("begin with the leader, and say so", () => {
    const beganAt = clock.nowMs();
    product.pass(5);
    const { since, series } = ask({ range: "5m", metric: "ops" });
    expect(Math.abs(Date.parse(since) - beganAt)).toBeLessThan(3000);
    expect(series[0]?.values).toHaveLength(300);
    expect(series[0]?.values.slice(0, 290).every((value) => value === null)).toBe(true);
  });
});

describe("percentiles", () => {
  test("of all proxies are those of all their requests", () => {
    product.pass(10, () => {
      product.proxy(0).serve("GET", Array(990).fill(100));
      product.proxy(1).serve("GET", Array(10).fill(80_000));
    });
    // A mean of both proxies would be 40 ms.
    expect(last({ range: "5m", metric: "p50,p99,p999" }, 1)).toEqual({
      p50: [ms(100)],
      p99: [ms(100)],
      p999: [ms(80_000)],
    });
  });

  test("stand for the proxies that tell them: the answer says how many", () => {
    product.proxy(1).kind = "original";
    product.look();
    product.pass(8, () => {
      product.proxy(0).serve("GET", Array(10).fill(100));
      product.proxy(1).serve("GET", Array(10).fill(90_000));
    });
    const answer = ask({ range: "5m", metric: "ops,p99" });
    expect(answer.proxies).toEqual({ total: 2, counted: 2, timed: 1 });
    expect(answer.series.map(({ values }) => values.at(-1))).toEqual([20, ms(100)]);
  });
});

describe("what isn't known is a gap", () => {
  test("while a proxy is silent, and in the look after it", () => {
    const serve = () => product.proxy(0).serve("GET", [100]);
    product.pass(5, serve);
    product.proxy(0).kind = "silent";
    product.proxy(1).kind = "silent";
    product.pass(5, serve);
    product.proxy(0).kind = "ours";
    product.pass(6, serve);
    const { ops, proxies } = last({ range: "5m", metric: "ops,proxies" }, 14);
    // What was counted in the silence belongs to no second.
    expect(ops).toEqual([1, 1, 1, 1, ...Array(6).fill(null), 1, 1, 1, 1]);
    expect(proxies?.slice(-3)).toEqual([1, 1, 1]);
    expect(ask({ range: "5m" }).proxies).toEqual({ total: 2, counted: 1, timed: 1 });
  });

  test("when counters fall, because the proxy was started again", () => {
    product.pass(5, () => product.proxy(0).serve("GET", [100, 100]));
    product.proxy(0).restart();
    product.pass(5, () => product.proxy(0).serve("GET", [100]));
    const [token = ""] = product.proxies.map((proxy) => proxy.token);
    const query = { range: "5m", metric: "ops", by: "proxy", of: token } as const;
    expect(last(query, 7)[`ops ${token}`]).toEqual([2, 2, 2, null, 1, 1, 1]);
  });

  test("a clock that is set back begins anew rather than telling seconds twice", () => {
    product.pass(8, () => product.proxy(0).serve("GET", [100]));
    clock.setWallClock(clock.nowMs() - 3_600_000);
    product.look();
    product.pass(6, () => product.proxy(0).serve("GET", [100]));
    const { series, since } = ask({ range: "5m", metric: "ops" });
    expect(Date.parse(since)).toBeGreaterThan(clock.nowMs() - 10_000);
    expect(series[0]?.values.at(-1)).toBe(1);
  });
});

describe("servers", () => {
  test("are summed by group, keys of masters, hits of all", () => {
    product.pass(8, () => {
      for (const [addr, info] of product.infos) {
        const isMaster = addr.endsWith(".1:6379");
        info["keyspace_hits"] = String(Number(info["keyspace_hits"]) + (isMaster ? 9 : 0));
        info["keyspace_misses"] = String(Number(info["keyspace_misses"]) + (isMaster ? 3 : 0));
      }
    });
    const query = {
      range: "5m",
      metric: "keys,ops,hit_ratio,servers",
      by: "group",
      of: "2",
    } as const;
    expect(last(query, 1)).toEqual({
      "keys 2": [1000],
      "ops 2": [8],
      "hit_ratio 2": [0.75],
      "servers 2": [2],
    });
    expect(last({ range: "5m", metric: "keys,servers" }, 1)).toEqual({
      keys: [2000],
      servers: [4],
    });
    const one = { range: "5m", metric: "keys", by: "server", of: "10.0.2.2:6379" } as const;
    expect(last(one, 1)).toEqual({ "keys 10.0.2.2:6379": [1000] });
  });

  test("whose look comes late are held in sums for a few seconds, then they are missing", () => {
    const addr = "10.0.2.1:6379";
    const info = product.infos.get(addr) ?? {};
    product.pass(8);
    product.infos.delete(addr);
    product.pass(2);
    product.infos.set(addr, info);
    product.pass(6);
    const query = { range: "5m", metric: "keys,memory" } as const;
    const memory = 4 * 3_124_008;
    expect(last(query, 8)).toEqual({ keys: Array(8).fill(2000), memory: Array(8).fill(memory) });
    const one = { range: "5m", metric: "keys", by: "server", of: addr } as const;
    expect(last(one, 8)[`keys ${addr}`]).toContain(null);
    product.infos.delete(addr);
    product.pass(12);
    expect(last(query, 1)["keys"]).toEqual([1000]);
  });

  test("that don't answer are missing in sums, which say so", () => {
    product.infos.delete("10.0.2.1:6379");
    product.pass(8);
    const answer = ask({ range: "5m", metric: "servers,memory" });
    expect(answer.servers).toEqual({ total: 4, counted: 3 });
    expect(answer.series[0]?.values.at(-1)).toBe(3);
  });
});

describe("commands", () => {
  test("beyond the busiest are told as one", () => {
    product.pass(8, () => {
      for (let id = 0; id < COMMANDS_KEPT_MAX + 5; id++) {
        product.proxy(0).serve(`C${id}`, Array(50).fill(100));
      }
    });
    const answer = ask({ range: "5m", metric: "ops", by: "command", limit: 100 });
    expect(answer.series).toHaveLength(COMMANDS_KEPT_MAX + 1);
    expect(answer.series[0]).toMatchObject({ of: "other" });
    expect(answer.series[0]?.values.at(-1)).toBe(250);
  });

  test("that became busy take the place of an idle one", () => {
    product.pass(5, () => {
      for (let id = 0; id < COMMANDS_KEPT_MAX; id++) {
        product.proxy(0).serve(`C${id}`, [100]);
      }
    });
    product.pass(5, () => product.proxy(0).serve("LATE", Array(20).fill(100)));
    const answer = ask({ range: "5m", metric: "ops", by: "command", limit: 1 });
    expect([answer.series[0]?.of, answer.left_out]).toEqual(["late", COMMANDS_KEPT_MAX - 1]);
  });
});

describe("ranges", () => {
  test("have the steps that are kept, and few enough points", () => {
    product.pass(5);
    const ranges = ["5m", "1h", "6h", "24h", "7d"] as const;
    const forms = ranges.map((range) => ask({ range })).map(({ step, points }) => [step, points]);
    expect(forms).toEqual([
      [1, 300],
      [10, 360],
      [10, 2160],
      [60, 1440],
      [600, 1008],
    ]);
    expect(ask({ range: "7d", step: 60 }).points).toBe(10_080);
  });

  test("that end earlier have coarser steps, or none", () => {
    product.pass(5);
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    expect(ask({ range: "5m", until: nowSeconds - 86_400 }).step).toBe(60);
    const ancient = () => ask({ range: "24h", until: nowSeconds - 604_800 });
    expect(catchError(ancient)).toMatchObject({ code: "STATE_CONFLICT" });
    const old = () => ask({ range: "24h", by: "command" });
    expect(catchError(old)).toMatchObject({ code: "STATE_CONFLICT" });
    const fine = () => ask({ range: "1h", step: 1 });
    expect(catchError(fine)).toMatchObject({ code: "STATE_CONFLICT" });
  });

  test("don't have a metric by what it isn't there for", () => {
    const wrong = () => ask({ metric: "hit_ratio", by: "command" });
    expect(catchError(wrong)).toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  test("have the events that lie in them", () => {
    const beganAtMs = clock.nowMs();
    product.leader.availability.tell(sampleFailover({ beganAtMs, endedAtMs: beganAtMs + 100 }));
    product.pass(5);
    expect(ask({ range: "5m" }).events).toEqual([
      {
        kind: "failover",
        id: "3-1",
        at: new Date(beganAtMs).toISOString(),
        until: new Date(beganAtMs + 100).toISOString(),
        text: "group 1: 10.0.0.1:6379 -> 10.0.0.2:6379 (done)",
        failover: { group_id: 1, from: "10.0.0.1:6379", to: "10.0.0.2:6379", outcome: "done" },
      },
    ]);
    product.pass(320);
    expect(ask({ range: "5m" }).events).toEqual([]);
  });
});
