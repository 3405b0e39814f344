/**
 * A product and a proxy with different numbers of slots: the proxy refuses every call that tells another
 * number than its own, and a fleet never gives slots to such a proxy, nor to an original in a product that
 * Codis 3.2 couldn't have.
 */
import { describe, expect, test } from "bun:test";
import { ERROR_CODE_HEADER } from "../../../src/api/error-form.ts";
import { PROXY_ROUTES, SLOT_COUNT_HEADER } from "../../../src/api/proxy-route.ts";
import type { Fleet } from "../../../src/dashboard/fleet/fleet.ts";
import type { ProxyModel } from "../../../src/model/proxy-model.ts";
import type { SlotCount } from "../../../src/model/slot.ts";
import { emptyTopology, type Topology } from "../../../src/model/topology/topology.ts";
import { AdminPort, callAddr, causeOf, TOKEN } from "../../support/admin-port.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeProxy } from "../../support/fake-proxy.ts";
import { createFleet } from "../../support/fleet-product.ts";

const WAIT_MS = 20_000;
const cleanup = cleanupsAfterEach();

async function adminPort(): Promise<AdminPort> {
  const admin = new AdminPort();
  await admin.start();
  cleanup(() => admin.close());
  return admin;
}

function fleetOf(productAuth = ""): Fleet {
  const fleet = createFleet(undefined, { productAuth });
  cleanup(() => fleet.close());
  return fleet;
}

async function original(): Promise<FakeProxy> {
  const proxy = await FakeProxy.start({ isOriginal: true });
  cleanup(() => proxy.stop());
  return proxy;
}

/** A product with this proxy and no groups. */
function productWith(slotCount: SlotCount, model: ProxyModel): Topology {
  const proxies = new Map([[model.token, { ...model, id: 1 }]]);
  return { ...emptyTopology("demo", slotCount), revision: 2, proxies };
}

describe("a proxy with 1024 slots", () => {
  test("refuses every call of a product with another number, before anything else happens", async () => {
    const admin = await adminPort();
    for (const slotCount of ["4096", "2048", "", "x"]) {
      for (const route of Object.values(PROXY_ROUTES).filter((each) => each.auth === "xauth")) {
        const path = route.path.replace(":xauth", admin.xauth).replace(/:\w+/, "1");
        const headers = { [SLOT_COUNT_HEADER]: slotCount };
        const answer = await callAddr(admin.addr, route.method, path, "[]", headers);
        expect([path, answer.headers[ERROR_CODE_HEADER]]).toEqual([path, "SLOT_COUNT_DIFFERS"]);
        expect(causeOf(answer)).toStartWith("this proxy was started with slot_count = 1024, but");
      }
    }
    expect(admin.control.orders).toEqual([]);
  });

  test("takes calls that tell its own number, or none", async () => {
    const admin = await adminPort();
    const path = `/api/proxy/xping/${admin.xauth}`;
    expect((await admin.get(path, { [SLOT_COUNT_HEADER]: "1024" })).status).toBe(200);
    expect((await admin.get(path)).status).toBe(200);
  });

  test("isn't admitted by a fleet of 4096, gets nothing from it, and can be told to end", async () => {
    const admin = await adminPort();
    const fleet = fleetOf("s3cret-of-servers");
    const model = await fleet.fetchModel(admin.addr);
    fleet.setTopology(productWith(4096, model));
    await expect(fleet.checkXauth(admin.addr, model)).rejects.toThrow(
      "this proxy was started with slot_count = 1024, but its product has 4096 slots",
    );
    const report = await fleet.whenSynced(2, WAIT_MS);
    expect(report.failed.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("slot_count = 1024"),
    ]);
    expect(admin.control.orders).toEqual([]);
    await fleet.shutdownProxy(TOKEN);
    expect(admin.control.orders).toEqual(["shutdown"]);
  });
});

describe("an original proxy", () => {
  test("isn't admitted by a product with 4096 slots, and gets nothing if it is in there", async () => {
    const proxy = await original();
    const fleet = fleetOf();
    fleet.setTopology(productWith(4096, proxy.model));
    const refusal = "is a proxy of Codis 3.2, which has 1024 slots, but its product has 4096";
    await expect(fleet.checkXauth(proxy.addr, proxy.model)).rejects.toThrow(refusal);
    await waitFor("the reason", WAIT_MS, () =>
      fleet.figures().get(proxy.token)?.error?.includes(refusal) === true ? true : undefined,
    );
    expect(new Set(proxy.calls)).toEqual(new Set(["model", "xping"]));
  });

  test("is one of a product with 1024 slots", async () => {
    const proxy = await original();
    const fleet = fleetOf();
    await fleet.checkXauth(proxy.addr, proxy.model);
    fleet.setTopology(productWith(1024, proxy.model));
    expect((await fleet.whenSynced(2, WAIT_MS)).synced).toEqual([proxy.token]);
    expect(proxy.calls).toContain("fillSlots 1024");
  });
});
