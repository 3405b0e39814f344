/**
 * A whole product whose coordinator freezes or dies under it, real etcd and real ZooKeeper: nobody leads on
 * a lock that may be gone, at most one leads afterwards, nothing that was acknowledged is lost, and proxies
 * serve throughout.
 */
import { expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { startEtcd } from "../support/etcd-server.ts";
import { isHeld } from "../support/held-proxy.ts";
import { LEASE_MS, type RunningDashboard } from "../support/running-dashboard.ts";
import { ask, bulk, RunningProduct } from "../support/running-product.ts";
import { startZookeeper } from "../support/zookeeper-server.ts";

const TEST_MS = 180_000;
const TURN_MS = 40_000;
const cleanup = cleanupsAfterEach();

async function productOn(coordinator: {
  readonly name: "zookeeper" | "etcd";
  readonly addr: string;
}): Promise<RunningProduct> {
  const product = await RunningProduct.start({
    coordinator,
    // Longer than a shared machine stands still, and shorter than the lease.
    config: { coordinator_timeout: "4s" },
  });
  cleanup(() => product.stop());
  return product;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown: unknown) => (isCodisError(thrown) ? thrown.code : String(thrown)),
  );
}

function countEvents(dashboard: RunningDashboard, event: string): number {
  return dashboard.program.stdout().split(`"event":"${event}"`).length - 1;
}

/** Whether it leads, as its log tells. */
function leads(dashboard: RunningDashboard): boolean {
  return countEvents(dashboard, "leader.elected") > countEvents(dashboard, "leader.lost");
}

/** A change through every proxy is seen through every other, whether anybody leads or not. */
async function expectServing(product: RunningProduct, value: string): Promise<void> {
  const [first, second] = product.proxies;
  if (first === undefined || second === undefined) {
    throw new Error("a product has two proxies");
  }
  for (const key of ["k1", "k2", "k3", "k4"]) {
    const answers = [
      { proxy: first, reply: await ask(first.port, "SET", key, value), expected: "+OK\r\n" },
      { proxy: second, reply: await ask(second.port, "GET", key), expected: bulk(value) },
    ];
    for (const { proxy, reply, expected } of answers) {
      if (isHeld(proxy) && reply.startsWith("-TRYAGAIN ")) {
        return; // It stood still, and waits for a dashboard.
      }
      expect(reply).toBe(expected);
    }
  }
}

/** The same under a leader: proxies that stood still have been confirmed. */
async function expectServingAgain(product: RunningProduct): Promise<void> {
  await waitFor("proxies that hold no slots", TURN_MS, () =>
    product.proxies.some(isHeld) ? undefined : true,
  );
  await expectServing(product, "afterwards");
}

test(
  "etcd is frozen for longer than the lease under two dashboards: one leads again, and only one",
  async () => {
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    const product = await productOn({ name: "etcd", addr: etcd.addr });
    const first = product.dashboard;
    const second = await product.addDashboard("standby");
    await first.v1.createGroup(3);
    const { epoch } = await first.v1.product();

    etcd.pause();
    const order = codeOf(first.v1.createGroup(4));
    await first.program.sees(/"event":"leader.lost"/, TURN_MS);
    // The last of them where the machine stood still before it was given.
    expect(["COORDINATOR_UNREACHABLE", "LEADERSHIP_LOST", "NOT_ONLINE"]).toContain(await order);
    await expectServing(product, "while etcd is frozen");
    expect(await codeOf(first.v1.createGroup(5))).toBe("NOT_ONLINE");
    expect(leads(second)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    expect([leads(first), leads(second)]).toEqual([false, false]);
    etcd.resume();

    const leader = await waitFor("a leader", TURN_MS, () => [first, second].find(leads));
    const other = leader === first ? second : first;
    product.dashboard = leader;
    await product.whenWell();
    expect(leads(other)).toBe(false);
    expect((await leader.v1.product()).epoch).toBeGreaterThan(epoch);
    // Group 4 was in doubt: there or not, the same for everybody. Group 5 was refused.
    const ids = (await leader.v1.groups()).map((group) => group.id);
    expect(ids.filter((id) => id !== 4)).toEqual([1, 2, 3]);
    // The other one may still wait for an answer that etcd never gave.
    const seen = await waitFor("the answer of the standby", TURN_MS, () => other.v1.groups());
    expect(seen.map((group) => group.id)).toEqual(ids);
    await other.v1.createGroup(6);
    expect((await leader.v1.groups()).map((group) => group.id)).toEqual([...ids, 6]);
    await expectServingAgain(product);
  },
  TEST_MS,
);

test(
  "ZooKeeper is killed under a leading dashboard and comes back: so does the dashboard",
  async () => {
    const zookeeper = await startZookeeper();
    cleanup(() => zookeeper.stop());
    const [server] = zookeeper.servers;
    const product = await productOn({ name: "zookeeper", addr: zookeeper.addr });
    const { v1, program } = product.dashboard;
    const { epoch } = await v1.product();

    await server?.kill();
    await program.sees(/"event":"leader.lost"/, TURN_MS);
    await program.sees(/"event":"leader.waiting"/, TURN_MS);
    expect(await codeOf(v1.createGroup(3))).toBe("NOT_ONLINE");
    expect(await codeOf(product.dashboard.topom.createGroup(3))).toBe("NOT_ONLINE");
    await expectServing(product, "while ZooKeeper is gone");
    // A proxy that dies now comes back without slots: only a dashboard can give them.
    await product.restartProxy(1);
    await server?.start();

    await waitFor(
      "the dashboard to lead again",
      TURN_MS,
      () => leads(product.dashboard) || undefined,
    );
    await product.whenWell();
    const after = await v1.product();
    expect(after.epoch).toBeGreaterThan(epoch);
    expect(after.slots.online).toBe(1024);
    await v1.createGroup(3);
    await expectServingAgain(product);
  },
  TEST_MS,
);

test(
  "ZooKeeper is frozen until the session is lost: the dashboard steps down in time and leads anew",
  async () => {
    const zookeeper = await startZookeeper();
    cleanup(() => zookeeper.stop());
    const [server] = zookeeper.servers;
    const product = await productOn({ name: "zookeeper", addr: zookeeper.addr });
    const second = await product.addDashboard("standby");
    const first = product.dashboard;
    server?.pause();
    await first.program.sees(/"event":"leader.lost"/, TURN_MS);
    await expectServing(product, "while ZooKeeper is frozen");
    server?.resume();
    const leader = await waitFor("a leader", TURN_MS, () => [first, second].find(leads));
    product.dashboard = leader;
    await product.whenWell();
    expect([first, second].filter(leads)).toEqual([leader]);
    await leader.v1.createGroup(3);
    await expectServingAgain(product);
  },
  TEST_MS,
);
