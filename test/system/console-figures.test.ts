/**
 * The figures of a real product under load against what its proxies say of themselves: requests of both proxies
 * add up, and the percentiles of the dashboard, merged from both, lie in the buckets of their `/metrics` together.
 */
import { afterEach, expect, test } from "bun:test";
import type { V1Performance } from "../../src/api/v1-live-schema.ts";
import { callAddr } from "../support/admin-port.ts";
import { waitFor } from "../support/deadline.ts";
import { wasFrozen } from "../support/held-proxy.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { RunningProduct } from "../support/running-product.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

/** Where the machine stands still the figures aren't exact, rightly: then all is done once more. */
const RUNS_MAX = 6;
const RUN_MS = 90_000;
const LOAD_MS = 5_000;
const SETTLED_MS = 30_000;
/** A percentile is told from the middle of a bucket, which is wrong by 3.2 % at most. */
const BUCKET_ERROR = 0.04;
/** Rates at the borders of the load are spread over whole seconds. */
const COUNT_ERROR = 0.02;
/** So many requests of a connection, and then a pause: what is counted isn't counted better at full speed. */
const BURST = 20;
const PAUSE_MS = 10;
/** Keeps a server busy for some milliseconds. */
const SLOW_SCRIPT = "local i = 0 while i < 200000 do i = i + 1 end return i";

let folder: TemporaryFolder | undefined;
let product: RunningProduct | undefined;

afterEach(end);

async function end(): Promise<void> {
  await product?.stop();
  folder?.remove();
}

/** Counts of all proxies and commands together: seconds of the upper bound -> requests at most that slow. */
async function readMetrics(running: RunningProduct): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const { adminAddr } of running.proxies) {
    const { text } = await callAddr(adminAddr, "GET", "/metrics");
    const line = /^codis_proxy_request_duration_seconds_bucket\{.*le="([^"]+)"\} (\d+)/gm;
    for (const [, bound = "", count = ""] of text.matchAll(line)) {
      const seconds = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
      counts.set(seconds, (counts.get(seconds) ?? 0) + Number(count));
    }
  }
  return counts;
}

async function performanceOf(running: RunningProduct, query: string): Promise<V1Performance> {
  const answer = await callAddr(running.dashboard.addr, "GET", `/api/v1/performance?${query}`);
  expect([answer.status, answer.status === 200 ? "" : answer.text]).toEqual([200, ""]);
  return answer.json() as V1Performance;
}

function known(answer: V1Performance, metric: string): readonly number[] {
  const series = answer.series.find((each) => each.metric === metric);
  return (series?.values ?? []).filter((value) => value !== null);
}

/** One connection to each proxy; the second one also has slow requests. Gives how many there were, and what failed. */
async function load(
  running: RunningProduct,
): Promise<{ readonly requests: number; readonly refusals: readonly string[] }> {
  const refusals: string[] = [];
  const endsAt = Date.now() + LOAD_MS;
  const counts = await Promise.all(
    running.proxies.map(async ({ port }, index) => {
      const connection = await RespConnection.open(port);
      let count = 0;
      while (Date.now() < endsAt) {
        const isSlow = index === 1 && count % 40 === 39;
        const key = `k${count % 500}`;
        const reply = isSlow
          ? await connection.call("EVAL", SLOW_SCRIPT, "1", key)
          : await connection.call("SET", key, "v".repeat(100));
        if (reply.toString().startsWith("-")) {
          refusals.push(`${reply}`);
        }
        count += 1;
        if (count % BURST === 0) {
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      }
      connection.destroy();
      return count;
    }),
  );
  return { requests: counts.reduce((sum, count) => sum + count, 0), refusals };
}

/** The bounds between which the share lies, milliseconds. */
function bracket(counts: ReadonlyMap<number, number>, share: number): readonly [number, number] {
  const bounds = [...counts.keys()].sort((a, b) => a - b);
  const total = counts.get(Number.POSITIVE_INFINITY) ?? 0;
  const index = bounds.findIndex((bound) => (counts.get(bound) ?? 0) >= share * total);
  return [(bounds[index - 1] ?? 0) * 1000, (bounds[index] ?? 0) * 1000];
}

test(
  "percentiles and rates are those that the proxies count",
  async () => {
    for (let runs = 1; !(await agrees()); runs += 1) {
      expect(runs).toBeLessThan(RUNS_MAX);
      await end();
    }
  },
  RUNS_MAX * RUN_MS,
);

/** False: looks at the proxies came late, or a proxy stood still, so that the figures can't be exact. */
async function agrees(): Promise<boolean> {
  folder = memoryFolder();
  const coordinator = { name: "filesystem", addr: folder.path } as const;
  const running = await RunningProduct.start({ coordinator });
  product = running;
  await waitFor("figures of both proxies", SETTLED_MS, async () => {
    const answer = await performanceOf(running, "range=5m&metric=proxies");
    return known(answer, "proxies").at(-1) === 2 ? true : undefined;
  });
  const before = await readMetrics(running);
  const { requests, refusals } = await load(running);
  if (running.proxies.some(wasFrozen)) {
    return false;
  }
  expect(refusals).toEqual([]);
  const after = await readMetrics(running);
  const counted = new Map(
    [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]),
  );
  const total = counted.get(Number.POSITIVE_INFINITY) ?? 0;
  expect(total).toBe(requests);

  const seconds = await waitFor("the end of the load", SETTLED_MS, async () => {
    const answer = await performanceOf(running, "range=5m&metric=ops,failures,proxies");
    const ops = known(answer, "ops");
    return ops.at(-1) === 0 && ops.some((value) => value > 0) ? answer : undefined;
  });
  const sum = known(seconds, "ops").reduce((all, rate) => all + rate, 0);
  if (Math.abs(sum - requests) / requests >= COUNT_ERROR) {
    return false;
  }
  expect(known(seconds, "failures").every((rate) => rate === 0)).toBe(true);
  await waitFor("an answer of both", SETTLED_MS, async (): Promise<true> => {
    const { proxies } = await performanceOf(running, "range=5m&metric=proxies");
    expect(proxies).toEqual({ total: 2, counted: 2, timed: 2 });
    return true;
  });
  await expectPercentiles(running, counted);
  const commands = await performanceOf(running, "range=5m&metric=ops,time&by=command");
  expect(new Set(commands.series.map(({ of }) => of))).toEqual(new Set(["set", "eval"]));
  return true;
}

/** Two points when the load lies across the border of minutes: the percentile of both lies between theirs. */
async function expectPercentiles(
  running: RunningProduct,
  counted: ReadonlyMap<number, number>,
): Promise<void> {
  const whole = await performanceOf(running, "range=24h&step=60&metric=p50,p99,p999");
  for (const [metric, share] of [
    ["p50", 0.5],
    ["p99", 0.99],
    ["p999", 0.999],
  ] as const) {
    const [low, high] = bracket(counted, share);
    const points = known(whole, metric);
    expect([metric, points.length > 0]).toEqual([metric, true]);
    const [least, most] = [Math.min(...points), Math.max(...points)];
    expect([metric, most * (1 + BUCKET_ERROR) >= low, least * (1 - BUCKET_ERROR) <= high]).toEqual([
      metric,
      true,
      true,
    ]);
  }
}
