/**
 * The fleet with real proxy processes and real servers: proxies that are killed, frozen or told other things
 * by others while slots are pushed end with the newest slots; and an old leader changes nothing.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { ProxyClient } from "../../src/api/proxy-client.ts";
import type { Fleet } from "../../src/dashboard/fleet/fleet.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import { offlineSlot } from "../../src/model/slot.ts";
import { waitFor } from "../support/deadline.ts";
import { createFleet, EPOCH, FleetEvents, FleetProduct } from "../support/fleet-product.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, keyOfGroup, slotTableOf } from "../support/running-proxy.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const WAIT_MS = 30_000;
/** The times of a product but for the pauses after failures. */
const TIMING = { backoffMinMs: 50, backoffMaxMs: 500 };

let servers: RedisServer[];
let first: WaitingProxy;
let second: WaitingProxy;
let product: FleetProduct;
let events: FleetEvents;
let fleet: Fleet;

beforeAll(async () => {
  servers = [await startRedis(), await startRedis()];
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(async () => {
  [first, second] = await Promise.all([startWaitingProxy(), startWaitingProxy()]);
  product = new FleetProduct(servers.map(({ addr }) => addr));
  events = new FleetEvents();
  fleet = createFleet(events, { timing: TIMING });
  const models = [await modelOf(first), await modelOf(second)];
  for (const model of models) {
    await fleet.checkXauth(model.adminAddr, model);
  }
  fleet.setTopology(product.register(...models));
  await synced();
});

afterEach(async () => {
  await fleet.close();
  await Promise.all([first.kill(), second.kill()]);
});

function modelOf(proxy: WaitingProxy): Promise<ProxyModel> {
  return fleet.fetchModel(proxy.adminAddr);
}

async function synced(): Promise<void> {
  await waitFor("all proxies in sync", WAIT_MS, async () => {
    const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
    return report.failed.length === 0 && report.synced.length === 2 ? true : undefined;
  });
}

/** Slots go back and forth between the groups until `isOver`; the last topology gives them to group 2. */
async function pushUntil(isOver: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  for (let round = 0; !(await isOver()); round += 1) {
    if (performance.now() > deadline) {
      throw new Error(`it isn't over after ${round} pushes`);
    }
    const moved = Array.from({ length: 8 }, (_, index) => (round * 8 + index) % 1024);
    fleet.setTopology(product.assign((round % 2) + 1, ...moved));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  fleet.setTopology(product.assign(2, 0, 1, 2, 3));
}

/** The server of each slot, as the topology says. */
function desired(): readonly (string | undefined)[] {
  return product.topology.slots.map((slot) => servers[slot.groupId - 1]?.addr);
}

async function expectDesired(): Promise<void> {
  expect(await first.servers()).toEqual(desired());
  expect(await second.servers()).toEqual(desired());
}

describe("proxies", () => {
  test("that waited serve, and follow a slot to its new group", async () => {
    await expectDesired();
    const key = keyOfGroup(2, 2);
    expect(await ask(first.port, "SET", key, "old")).toBe("+OK\r\n");
    const moved = Array.from({ length: 512 }, (_, index) => 512 + index);
    fleet.setTopology(product.assign(2, ...moved));
    await synced();
    await expectDesired();
    expect(await ask(first.port, "GET", key)).toBe("$-1\r\n");
    expect(await ask(second.port, "SET", key, "new")).toBe("+OK\r\n");
    expect(await ask(servers[1]?.port ?? 0, "GET", key)).toBe("$3\r\nnew\r\n");
  });

  test("killed and started again while slots are pushed are filled without an operator", async () => {
    const before = await modelOf(first);
    let restart: Promise<void> | undefined;
    let isUp = false;
    await pushUntil(async () => {
      restart ??= first.restart().then((again) => {
        first = again;
        isUp = true;
      });
      return isUp && events.models.length > 0;
    });
    await restart;
    await synced();
    await expectDesired();
    const after = await modelOf(first);
    expect([after.token, after.pid === before.pid]).toEqual([before.token, false]);
    expect(events.models.at(-1)).toEqual(after);
    expect(await ask(first.port, "PING")).toBe("+PONG\r\n");
  });

  test("frozen while slots are pushed delay no other, and catch up when they wake", async () => {
    const { token } = await modelOf(first);
    first.program.signal("SIGSTOP");
    fleet.setTopology(product.assign(2, 7));
    await waitFor("the push to the other", WAIT_MS, async () =>
      (await second.servers())[7] === servers[1]?.addr ? true : undefined,
    );
    const { token: other } = await modelOf(second);
    await waitFor("word of both", WAIT_MS, async (): Promise<true> => {
      const report = await fleet.whenSynced(product.topology.revision, WAIT_MS);
      expect(report.synced).toEqual([other]);
      expect(report.failed.map((each) => each.token)).toEqual([token]);
      return true;
    });
    fleet.setTopology(product.assign(2, 8));
    first.program.signal("SIGCONT");
    await synced();
    await expectDesired();
  });
});

describe("a table changed behind the dashboard's back", () => {
  test("by somebody with a higher revision is set right by the next one of the leader", async () => {
    const rogue = clientOf(first);
    const { revision } = product.topology;
    await rogue.fillSlots([offlineSlot(3)], { epoch: EPOCH, revision: revision + 1 });
    await waitFor("word of it", WAIT_MS, () => events.outdatedCount > 0 || undefined);
    product.touch();
    fleet.setTopology(product.touch());
    await synced();
    await expectDesired();
  });

  test("by a file at the start of the proxy is set right", async () => {
    const folder = memoryFolder();
    const file = folder.join("slots.json");
    writeFileSync(file, slotTableOf([servers[1]?.addr ?? ""]));
    first = await first.restart({}, ["--fillslots", file]);
    await waitFor("the repair", WAIT_MS, async () => {
      await expectDesired();
      return true;
    });
    folder.remove();
  });
});

describe("an old leader", () => {
  test("is refused by the proxies and told so; what the new one pushed stays", async () => {
    const oldEvents = new FleetEvents();
    const old = createFleet(oldEvents, { epoch: EPOCH - 1, timing: TIMING });
    try {
      const stale = new FleetProduct(servers.map(({ addr }) => addr));
      stale.register(...product.topology.proxies.values());
      old.setTopology(stale.assign(2, 100, 101));
      const outdated = "outdated: epoch 6 revision 3 is older than epoch 7";
      await waitFor("both refusals", WAIT_MS, async (): Promise<true> => {
        const { failed } = await old.whenSynced(stale.topology.revision, WAIT_MS);
        expect(failed.map(({ reason }) => reason)).toEqual([
          expect.stringContaining(outdated),
          expect.stringContaining(outdated),
        ]);
        return true;
      });
      expect(oldEvents.outdatedCount).toBeGreaterThan(0);
    } finally {
      await old.close();
    }
    await expectDesired();
    expect(events.outdatedCount).toBe(0);
  });
});

function clientOf(proxy: WaitingProxy): ProxyClient {
  return new ProxyClient({ addr: proxy.adminAddr, productName: "demo", productAuth: "" });
}
