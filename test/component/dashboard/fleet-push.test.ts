/**
 * The fleet with proxies in memory over real HTTP: what is sent to whom when the desired state changes, and
 * that no proxy, however it behaves, delays another one or the caller.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Fleet } from "../../../src/dashboard/fleet/fleet.ts";
import type { FleetTiming } from "../../../src/dashboard/fleet/timing.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { type FakeFault, FakeProxy, type FakeProxyOptions } from "../../support/fake-proxy.ts";
import {
  createFleet,
  EPOCH,
  FleetEvents,
  FleetProduct,
  TEST_TIMING,
} from "../../support/fleet-product.ts";

const WAIT_MS = 20_000;
const FILL = ["model", "xping", "fillSlots 1024", "start", "sentinels"];

let product: FleetProduct;
let events: FleetEvents;
let fleet: Fleet;
let proxies: FakeProxy[];

beforeEach(() => {
  product = new FleetProduct();
  events = new FleetEvents();
  fleet = createFleet(events);
  proxies = [];
});

afterEach(async () => {
  await withDeadline("end of the fleet", WAIT_MS, fleet.close());
  await Promise.all(proxies.map((proxy) => proxy.stop()));
});

async function startProxy(options: FakeProxyOptions = {}): Promise<FakeProxy> {
  const proxy = await FakeProxy.start(options);
  proxies.push(proxy);
  return proxy;
}

/** Registers the proxies and waits until all have their slots. */
async function fill(...added: readonly FakeProxy[]): Promise<void> {
  fleet.setTopology(product.register(...added.map(({ model }) => model)));
  const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
  expect(report.failed).toEqual([]);
  expect([...report.synced].sort()).toEqual(added.map(({ token }) => token).sort());
}

/** From here on the fleet waits for an answer no longer than the test says. */
async function impatient(timing: Partial<FleetTiming>): Promise<void> {
  await fleet.close();
  fleet = createFleet(events, { timing: { ...TEST_TIMING, ...timing } });
}

function ownerOf(proxy: FakeProxy, slot: number): string | undefined {
  return proxy.slots[slot]?.backend_addr;
}

describe("a new proxy", () => {
  test("is filled, in the order of the original, and every call carries the version", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    expect(proxy.calls).toEqual(FILL);
    expect(proxy.isOnline).toBeTrue();
    expect(ownerOf(proxy, 1023)).toBe("10.0.1.1:6379");
    const version = { epoch: EPOCH, revision: product.topology.revision };
    expect(proxy.table).toBe(`${version.epoch}.${version.revision}`);
    const figures = await waitFor("figures", WAIT_MS, () => {
      const found = fleet.figures().get(proxy.token);
      return found?.stats === undefined ? undefined : found;
    });
    expect(figures.stats?.ops.total).toBe(1021);
    expect(figures).toMatchObject({
      error: undefined,
      isTimedOut: false,
      table: "synced",
      revision: version.revision,
    });
    expect(new Set(proxy.versions.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify(version)]),
    );
  });

  test("is looked at again and again over the same connections", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    await waitFor("many looks", WAIT_MS, () => proxy.statsCount > 20 || undefined);
    expect(proxy.connectionCount).toBe(2);
    expect(proxy.calls).toEqual(FILL);
  });
});

describe("a change", () => {
  test("sends only the slots that changed", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    fleet.setTopology(product.assign(2, 5, 6, 7));
    expect((await fleet.whenSynced(product.topology.revision, WAIT_MS)).failed).toEqual([]);
    expect(proxy.calls.slice(FILL.length)).toEqual(["fillSlots 3"]);
    expect([4, 5, 7, 8].map((slot) => ownerOf(proxy, slot))).toEqual([
      "10.0.1.1:6379",
      "10.0.2.1:6379",
      "10.0.2.1:6379",
      "10.0.1.1:6379",
    ]);
  });

  test("that touches no slot is confirmed without a call", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    fleet.setTopology(product.touch());
    const report = await fleet.whenSynced(product.topology.revision, 1);
    expect(report.synced).toEqual([proxy.token]);
    expect(proxy.calls).toEqual(FILL);
    expect(fleet.figures().get(proxy.token)?.revision).toBe(product.topology.revision);
  });

  test("while a push is under way follows it, and what was overtaken is never sent", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    proxy.fault = onPush({ kind: "late", ms: 200 });
    for (let slot = 0; slot < 50; slot += 1) {
      fleet.setTopology(product.assign(2, slot));
    }
    expect((await fleet.whenSynced(product.topology.revision, WAIT_MS)).failed).toEqual([]);
    expect(proxy.calls.slice(FILL.length)).toEqual(["fillSlots 1", "fillSlots 49"]);
    expect(ownerOf(proxy, 49)).toBe("10.0.2.1:6379");
    expect(proxy.table).toBe(`${EPOCH}.${product.topology.revision}`);
  });

  test("that comes during the first fill isn't lost", async () => {
    const proxy = await startProxy();
    proxy.fault = onPush({ kind: "late", ms: 100 });
    fleet.setTopology(product.register(proxy.model));
    await waitFor("the first push", WAIT_MS, () => proxy.calls.length > 2 || undefined);
    fleet.setTopology(product.assign(2, 9));
    expect((await fleet.whenSynced(product.topology.revision, WAIT_MS)).failed).toEqual([]);
    expect(ownerOf(proxy, 9)).toBe("10.0.2.1:6379");
    expect(proxy.calls.at(-1)).toBe("fillSlots 1");
  });

  test("of the sentinels goes to all proxies", async () => {
    const two = [await startProxy(), await startProxy({ isOriginal: true })];
    await fill(...two);
    const sentinels = { ...product.topology.sentinel, servers: ["10.0.9.1:26379"] };
    const report = await fleet.setSentinels(sentinels, WAIT_MS);
    expect(report.failed).toEqual([]);
    expect(two.map((proxy) => proxy.sentinels)).toEqual([sentinels.servers, sentinels.servers]);
    expect(two.map((proxy) => proxy.calls.at(-1))).toEqual(["sentinels", "sentinels"]);
    const { topology } = product;
    const other = { ...topology.sentinel, servers: ["10.0.9.2:26379"] };
    fleet.setTopology({ ...topology, revision: topology.revision + 1, sentinel: other });
    await waitFor("the sentinels of the topology", WAIT_MS, () =>
      two.every((proxy) => proxy.sentinels[0] === other.servers[0]) ? true : undefined,
    );
  });

  test("isn't sent to a proxy that was removed", async () => {
    const [stays, goes] = [await startProxy(), await startProxy()];
    await fill(stays, goes);
    fleet.setTopology(product.unregister(goes.token));
    fleet.setTopology(product.assign(2, 1));
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    expect(report).toEqual({ synced: [stays.token], failed: [] });
    expect(goes.calls).toEqual(FILL);
    expect([...fleet.figures().keys()]).toEqual([stays.token]);
  });

  test("isn't sent, and nothing else is, while this dashboard doesn't lead", async () => {
    await fleet.close();
    let isLeader = false;
    fleet = createFleet(events, { isLeader: () => isLeader });
    const proxy = await startProxy();
    fleet.setTopology(product.register(proxy.model));
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    expect(report.failed[0]?.reason).toContain("doesn't lead");
    expect([proxy.calls, proxy.statsCount]).toEqual([[], 0]);
    isLeader = true;
    await waitFor("the fill", WAIT_MS, () => proxy.isOnline || undefined);
  });
});

describe("a look", () => {
  test("that a push overtook is refused by the proxy, and that means nothing", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    proxy.fault = (name) => (name === "stats" ? { kind: "late", ms: 100 } : undefined);
    for (let slot = 0; slot < 20; slot += 1) {
      const target = proxy.statsCount + 1;
      await waitFor("a look", WAIT_MS, () => proxy.statsCount >= target || undefined);
      fleet.setTopology(product.assign(2, slot));
      await fleet.whenSynced(product.topology.revision, WAIT_MS);
    }
    expect(events.outdatedCount).toBe(0);
    expect(proxy.calls).toEqual([...FILL, ...Array.from({ length: 20 }, () => "fillSlots 1")]);
    expect(fleet.figures().get(proxy.token)?.error).toBeUndefined();
  });
});

describe("a bad proxy", () => {
  test("that hangs delays no other, and is waited for only until that is known", async () => {
    await impatient({ pollTimeoutMs: 500, pushTimeoutMs: 5_000 });
    const good = [await startProxy(), await startProxy(), await startProxy()];
    const hung = await startProxy();
    await fill(...good, hung);
    hung.fault = () => ({ kind: "hang" });
    fleet.setTopology(product.assign(2, 77));
    const { revision } = product.topology;
    await waitFor("the push to the others", WAIT_MS, () =>
      good.every((proxy) => ownerOf(proxy, 77) === "10.0.2.1:6379") ? true : undefined,
    );
    // With such a bound also a good one may be late once, when the machine stands still.
    const report = await waitFor("one that fails", WAIT_MS, async () => {
      const told = await fleet.whenSynced(revision, WAIT_MS);
      return told.failed.length === 1 ? told : undefined;
    });
    expect([...report.synced].sort()).toEqual(good.map(({ token }) => token).sort());
    expect(report.failed[0]?.reason).toMatch(/^GET .* no answer within 500 ms$/);
    expect(fleet.figures().get(hung.token)).toMatchObject({
      table: "unreachable",
      isTimedOut: true,
      stats: undefined,
    });
    hung.fault = () => undefined;
    await waitFor("the push to it", WAIT_MS, async () => {
      const { failed } = await fleet.whenSynced(revision, WAIT_MS);
      return failed.length === 0 || undefined;
    });
    expect(ownerOf(hung, 77)).toBe("10.0.2.1:6379");
  });

  test("that is slow is waited for no longer than asked for, and gets its slots", async () => {
    const slow = await startProxy();
    await fill(slow);
    slow.fault = onPush({ kind: "late", ms: 1000 });
    fleet.setTopology(product.assign(2, 3));
    const { revision } = product.topology;
    const report = await fleet.whenSynced(revision, 50);
    expect(report.failed[0]?.reason).toContain("didn't confirm within 50 ms");
    expect(fleet.figures().get(slow.token)?.table).toBe("pending");
    expect((await fleet.whenSynced(revision, WAIT_MS)).failed).toEqual([]);
  });

  test("that answers a push too late gets everything: it may have taken it or not", async () => {
    await impatient({ pushTimeoutMs: 5_000 });
    const slow = await startProxy();
    await fill(slow);
    const pushes = () => slow.calls.filter((call) => call === "fillSlots 1").length;
    slow.fault = (name) => (name === "fillSlots" && pushes() === 0 ? { kind: "hang" } : undefined);
    fleet.setTopology(product.assign(2, 3));
    await waitFor(
      "the second push",
      WAIT_MS,
      () => slow.calls.length > 2 * FILL.length || undefined,
    );
    expect(slow.calls).toEqual([...FILL, "fillSlots 1", ...FILL]);
    expect(ownerOf(slow, 3)).toBe("10.0.2.1:6379");
  });

  test("that refuses is named with the text of Codis, and tried again with pauses", async () => {
    const proxy = await startProxy();
    proxy.fault = onPush({ kind: "refuse", cause: "no memory" });
    fleet.setTopology(product.register(proxy.model));
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    const reason = report.failed[0]?.reason ?? "";
    expect(reason).toStartWith(`proxy-[${proxy.token}] fillslots failed: `);
    expect(reason).toEndWith("no memory");
    await waitFor("three tries", WAIT_MS, () =>
      proxy.calls.filter((call) => call.startsWith("fillSlots")).length >= 3 ? true : undefined,
    );
    expect(fleet.figures().get(proxy.token)).toMatchObject({ table: "pending", error: reason });
    proxy.fault = () => undefined;
    await waitFor("success", WAIT_MS, () =>
      fleet.figures().get(proxy.token)?.table === "synced" ? true : undefined,
    );
    expect(fleet.figures().get(proxy.token)?.error).toBeUndefined();
  });

  test("that has heard a newer leader is told to the owner, and left alone", async () => {
    const proxy = await startProxy();
    await fill(proxy);
    await fleet.close();
    fleet = createFleet(events, { epoch: EPOCH - 1 });
    fleet.setTopology(product.assign(2, 1));
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    expect(report.failed[0]?.reason).toContain("outdated");
    expect(events.outdatedCount).toBeGreaterThan(0);
    expect(ownerOf(proxy, 1)).toBe("10.0.1.1:6379");
  });
});

describe("the end", () => {
  test("gives up what is under way and leaves nothing running", async () => {
    const [good, hung] = [await startProxy(), await startProxy()];
    await fill(good, hung);
    hung.fault = () => ({ kind: "hang" });
    fleet.setTopology(product.assign(2, 1));
    const waited = fleet.whenSynced(product.topology.revision, WAIT_MS);
    const reinit = fleet.reinit(hung.token, WAIT_MS).then(String, String);
    await withDeadline("end of the fleet", WAIT_MS, fleet.close());
    expect((await waited).failed.map(({ token }) => token)).toContain(hung.token);
    expect(await reinit).toContain("no longer leads");
    const before = [good.statsCount, good.calls.length];
    await new Promise((resolve) => setTimeout(resolve, 4 * (TEST_TIMING.pollPeriodMs ?? 0)));
    expect([good.statsCount, good.calls.length]).toEqual(before);
    expect(fleet.figures().size).toBe(0);
  });
});

function onPush(fault: FakeFault) {
  return (name: string): FakeFault | undefined => (name === "fillSlots" ? fault : undefined);
}
