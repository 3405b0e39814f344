/** What clients of all proxies felt in the last seconds: merged, forgotten in time, unknown where nobody tells. */
import { beforeEach, expect, test } from "bun:test";
import { bucketMiddleUs, bucketOf } from "../../../../src/base/latency-histogram.ts";
import { ClientLatencies } from "../../../../src/dashboard/live/client-latency.ts";
import type { ClientLatency } from "../../../../src/dashboard/operation/p99-guard.ts";
import { CountingProduct } from "../../../support/counting-product.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeLeader } from "../../../support/fake-dashboard-control.ts";

let clock: FakeClock;
let product: CountingProduct;
let latencies: ClientLatencies;

beforeEach(() => {
  clock = new FakeClock();
  product = new CountingProduct(new FakeLeader(), clock, { proxies: 2, groups: 1 });
  latencies = new ClientLatencies(() => product.leader.proxyFigures(), clock);
  // Looks of one second are one.
  latencies.look();
  second();
});

/** Lets a second pass in which proxies serve what they are told to, and asks. */
function second(serve: () => void = () => undefined): ClientLatency | undefined {
  product.pass(1, serve);
  return latencies.look();
}

function ms(us: number): number {
  return bucketMiddleUs(bucketOf(us)) / 1000;
}

test("requests of all proxies count together, over three seconds", () => {
  const quick = (): void => product.proxy(0).serve("GET", Array(98).fill(200));
  expect(second(quick)).toEqual({ requests: 98, p99Ms: ms(200) });
  expect(second(() => product.proxy(1).serve("SET", [90_000, 90_000]))).toEqual({
    requests: 100,
    p99Ms: ms(90_000),
  });
  expect(second(quick)?.requests).toBe(198);
  // The first second is over.
  expect(second(quick)).toEqual({ requests: 198, p99Ms: ms(90_000) });
  expect(second(quick)).toEqual({ requests: 294, p99Ms: ms(200) });
  for (let count = 0; count < 3; count++) {
    second();
  }
  expect(latencies.look()).toEqual({ requests: 0, p99Ms: undefined });
});

test("proxies that don't tell are left out; when none does, nothing is known", () => {
  product.proxy(0).kind = "original";
  second();
  expect(second(() => product.proxy(1).serve("GET", [200]))?.requests).toBe(1);
  product.proxy(1).kind = "silent";
  second();
  second();
  expect(second()).toBeUndefined();
});

test("what happened while nobody asked isn't counted", () => {
  second(() => product.proxy(0).serve("GET", [200]));
  product.pass(20, () => product.proxy(0).serve("GET", Array(50).fill(90_000)));
  expect(latencies.look()).toBeUndefined();
  expect(second(() => product.proxy(0).serve("GET", [200]))).toEqual({
    requests: 1,
    p99Ms: ms(200),
  });
});
