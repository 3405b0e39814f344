/**
 * Proxies that don't have what they should, or aren't what they should be: started again, changed behind the
 * dashboard's back, replaced by another program. Each is seen and mended, or named, without an operator.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Fleet } from "../../../src/dashboard/fleet/fleet.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { FakeProxy, type FakeProxyOptions } from "../../support/fake-proxy.ts";
import {
  createFleet,
  FleetEvents,
  FleetProduct,
  TEST_TIMING,
} from "../../support/fleet-product.ts";

const WAIT_MS = 20_000;
const FILL = ["model", "xping", "fillSlots 1024", "start", "sentinels"];
const FIRST = "10.0.1.1:6379";
const SECOND = "10.0.2.1:6379";

let product: FleetProduct;
let events: FleetEvents;
let fleet: Fleet;
let proxy: FakeProxy;

beforeEach(() => {
  product = new FleetProduct();
  events = new FleetEvents();
  fleet = createFleet(events);
});

afterEach(async () => {
  await withDeadline("end of the fleet", WAIT_MS, fleet.close());
  await proxy.stop();
});

async function fill(options: FakeProxyOptions = {}): Promise<void> {
  proxy = await FakeProxy.start(options);
  fleet.setTopology(product.register(proxy.model));
  await synced();
}

async function synced(): Promise<void> {
  // A proxy that was away counts as failed until the next look.
  await waitFor("all slots", WAIT_MS, async () => {
    const { failed } = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    return failed.length === 0 || undefined;
  });
}

function figures() {
  return fleet.figures().get(proxy.token);
}

function until(name: string, isSo: () => boolean): Promise<true> {
  return waitFor(name, WAIT_MS, () => (isSo() ? true : undefined));
}

/** Resolves after so many more looks at the proxy. The first of them may have begun before. */
async function looks(count: number): Promise<void> {
  const target = proxy.statsCount + count;
  await until(`${count} looks`, () => proxy.statsCount >= target);
}

test("a proxy that was filled after a look at it had failed isn't called unreachable until the next look", async () => {
  proxy = await FakeProxy.start();
  await proxy.stop();
  await fleet.close();
  // No second look within the test: only pushes tell that the proxy is there.
  fleet = createFleet(events, { timing: { ...TEST_TIMING, pollPeriodMs: 600_000 } });
  fleet.setTopology(product.register(proxy.model));
  // The first proxy is looked at at once.
  await until("the failed look", () => figures()?.table === "unreachable");
  proxy = await proxy.restart();
  await until("the fill", () => figures()?.table === "synced");
  fleet.setTopology(product.assign(2, 5, 6));
  expect(await fleet.whenSynced(product.topology.revision, WAIT_MS)).toMatchObject({ failed: [] });
});

describe("a proxy that was started again", () => {
  test("is recognised and filled, and its new model is told until it is stored", async () => {
    await fill();
    const before = proxy.model;
    proxy = await proxy.restart();
    expect(proxy.token).toBe(before.token);
    await until("the fill", () => proxy.calls.length >= FILL.length);
    expect(proxy.calls.slice(0, FILL.length)).toEqual(FILL);
    await until("the model told twice", () => events.models.length >= 2);
    expect(events.models[0]).toEqual(proxy.model);
    fleet.setTopology(product.register(proxy.model));
    await synced();
    await looks(2);
    const told = events.models.length;
    await looks(10);
    expect(events.models).toHaveLength(told);
    expect(figures()).toMatchObject({ table: "synced", error: undefined });
  });

  test("between two looks is recognised when slots are pushed to it", async () => {
    await fleet.close();
    fleet = createFleet(events, { timing: { ...TEST_TIMING, pollPeriodMs: 60_000 } });
    await fill();
    proxy = await proxy.restart();
    fleet.setTopology(product.assign(2, 5));
    await synced();
    expect(proxy.calls.slice(0, 2)).toEqual(["fillSlots 1", "model"]);
    expect(proxy.calls).toContain("fillSlots 1024");
    expect([proxy.slots[4]?.backend_addr, proxy.slots[5]?.backend_addr]).toEqual([FIRST, SECOND]);
    expect(proxy.isOnline).toBeTrue();
  });

  test("in the middle of its fill gets a whole one", async () => {
    proxy = await FakeProxy.start();
    proxy.fault = (name) => (name === "start" ? { kind: "hang" } : undefined);
    fleet.setTopology(product.register(proxy.model));
    await until("the call to start", () => proxy.calls.includes("start"));
    proxy = await proxy.restart();
    await until("the fill", () => proxy.isOnline && proxy.slots[7]?.backend_addr === FIRST);
    await synced();
  });

  test("with other slots on its own is set right", async () => {
    await fill();
    proxy = await proxy.restart();
    proxy.isOnline = true;
    proxy.slots[3] = { id: 3, backend_addr: "10.9.9.9:1", backend_addr_group_id: 9 };
    await until("the repair", () => proxy.slots[3]?.backend_addr === FIRST);
  });
});

describe("a proxy of ours", () => {
  test("with another table than the one pushed is filled again", async () => {
    await fill();
    proxy.slots[3] = { id: 3 };
    proxy.table = "none";
    await until("the repair", () => proxy.calls.length >= 2 * FILL.length);
    expect(proxy.calls).toEqual([...FILL, ...FILL]);
    expect(proxy.slots[3]?.backend_addr).toBe(FIRST);
  });

  test("that isn't online is brought online again", async () => {
    await fill();
    proxy.isOnline = false;
    await until("online", () => proxy.isOnline);
  });

  test("that lost its sentinels gets them again", async () => {
    await fill();
    const servers = ["10.0.9.1:26379", "10.0.9.2:26379"];
    await fleet.setSentinels({ ...product.topology.sentinel, servers }, WAIT_MS);
    proxy.sentinels = [];
    await until("the sentinels", () => proxy.sentinels.length === 2);
    proxy.sentinels = ["10.0.9.2:26379", "10.0.9.1:26379"];
    const calls = proxy.calls.length;
    await looks(5);
    expect(proxy.calls).toHaveLength(calls);
  });

  test("that was just registered is filled once, also when that is asked for", async () => {
    proxy = await FakeProxy.start();
    fleet.setTopology(product.register(proxy.model));
    await fleet.reinit(proxy.token, WAIT_MS);
    expect(proxy.calls).toEqual(FILL);
    await synced();
  });

  test("is filled at once when an operator asks for it", async () => {
    await fill();
    await fleet.reinit(proxy.token, WAIT_MS);
    expect(proxy.calls).toEqual([...FILL, ...FILL]);
    proxy.fault = (name) => (name === "start" ? { kind: "refuse", cause: "no" } : undefined);
    await expect(fleet.reinit(proxy.token, WAIT_MS)).rejects.toThrow(
      `proxy-[${proxy.token}] start failed: `,
    );
    await expect(fleet.reinit("nobody", WAIT_MS)).rejects.toThrow("proxy-[nobody] doesn't exist");
  });
});

describe("an original proxy", () => {
  test("whose slots were changed is set right, and its table is unknown in between", async () => {
    await fill({ isOriginal: true });
    await until("figures", () => figures()?.table === "unknown");
    proxy.slots[3] = { id: 3, backend_addr: SECOND, backend_addr_group_id: 2 };
    await until("the repair", () => proxy.slots[3]?.backend_addr === FIRST);
    const slotsRead = () => proxy.calls.filter((call) => call === "slots").length;
    const fills = proxy.calls.filter((call) => call === "fillSlots 1024").length;
    const target = slotsRead() + 3;
    await until("three more comparisons", () => slotsRead() >= target);
    expect(proxy.calls.filter((call) => call === "fillSlots 1024")).toHaveLength(fills);
  });

  test("that was started again is filled", async () => {
    await fill({ isOriginal: true });
    proxy = await proxy.restart();
    await until("the fill", () => proxy.calls.length >= FILL.length);
    expect(proxy.calls.slice(0, FILL.length)).toEqual(FILL);
  });

  test("that follows its sentinels to another master isn't called back", async () => {
    await fill({ isOriginal: true });
    proxy.isSwitched = true;
    await looks(2);
    proxy.slots[3] = { id: 3, backend_addr: SECOND, backend_addr_group_id: 1, forward_method: 1 };
    await looks(20);
    expect(proxy.slots[3]?.backend_addr).toBe(SECOND);
  });
});

describe("an address with something else on it", () => {
  test("another proxy of the product isn't filled, and is named", async () => {
    await fill();
    const { token } = proxy;
    const other = "f".repeat(32);
    proxy = await proxy.restart({ token: other });
    await until("the error", () =>
      (fleet.figures().get(token)?.error ?? "").includes("invalid xauth"),
    );
    const report = await fleet.whenSynced(product.touch().revision, WAIT_MS);
    expect(report.failed[0]?.reason).toContain(`answers proxy-[${other}] of product demo`);
    expect(proxy.calls.every((call) => call === "model")).toBeTrue();
    expect(proxy.isOnline).toBeFalse();

    const { addr } = proxy;
    proxy = await proxy.restart({ token });
    expect(proxy.addr).toBe(addr);
    await until("the fill of the right one", () => proxy.isOnline);
  });

  test("a proxy of another product isn't filled", async () => {
    await fill();
    proxy = await proxy.restart({ productName: "other" });
    await until("its calls", () => proxy.calls.length >= 2);
    expect(proxy.calls.every((call) => call === "model")).toBeTrue();
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    expect(report.failed[0]?.reason).toContain("of product other");
  });

  test("something that answers nonsense is named, and not filled at every look", async () => {
    await fill();
    proxy.fault = (name) => (name === "stats" ? { kind: "text", text: '{"online":1}' } : undefined);
    await until("the error", () => (figures()?.error ?? "").includes("else than statistics"));
    await looks(10);
    expect(proxy.calls).toEqual([...FILL, ...FILL]);
    proxy.fault = (name) =>
      name === "stats" ? { kind: "text", text: "x".repeat(2_000_000) } : undefined;
    await until("the error", () => (figures()?.error ?? "").includes("longer than 1048576 bytes"));
  });
});
