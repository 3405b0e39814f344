/**
 * A dashboard whose coordinator isn't well: away at the start, killed under way, holding garbage. The
 * dashboard says what it waits for and goes on by itself; proxies serve throughout. Real etcd, and the
 * filesystem where a text is to be spoilt by hand.
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { startEtcd } from "../support/etcd-server.ts";
import { hasFrozenSince } from "../support/held-proxy.ts";
import { startRedis } from "../support/redis-server.ts";
import {
  type RunningDashboard,
  type RunningDashboardOptions,
  startDashboard,
} from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const TURN_MS = 40_000;
/** Longer than a shared machine stands still, and shorter than the lease. */
const COORDINATOR_TIMEOUT = "4s";
const cleanup = cleanupsAfterEach();

async function dashboardWith(options: RunningDashboardOptions): Promise<RunningDashboard> {
  const dashboard = await startDashboard(options);
  cleanup(() => dashboard.kill());
  return dashboard;
}

async function build(dashboard: RunningDashboard): Promise<WaitingProxy> {
  const server = await startRedis();
  cleanup(() => server.stop());
  await dashboard.v1.createGroup(1);
  await dashboard.v1.addServer(1, { addr: server.addr });
  await dashboard.v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  const proxy = await startWaitingProxy();
  cleanup(() => proxy.kill());
  await dashboard.v1.addProxy({ admin_addr: proxy.adminAddr });
  return proxy;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown: unknown) => (isCodisError(thrown) ? thrown.code : String(thrown)),
  );
}

test(
  "a coordinator that is down at the start is waited for, with a line that says so",
  async () => {
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    await etcd.kill();
    const dashboard = await dashboardWith({
      coordinator: { name: "etcd", addr: etcd.addr },
      config: { coordinator_timeout: COORDINATOR_TIMEOUT },
      until: "started",
    });
    await dashboard.program.sees(/"event":"leader.waiting"[^\n]*etcd/, TURN_MS);
    expect(await codeOf(dashboard.v1.product())).toBe("NOT_ONLINE");
    await etcd.start();
    await dashboard.program.sees(/"event":"leader.elected"/, TURN_MS);
    expect((await dashboard.v1.product()).slots.offline).toBe(1024);
  },
  TEST_MS,
);

test(
  "a coordinator that dies under way: the dashboard steps down and comes back, proxies serve on",
  async () => {
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    const dashboard = await dashboardWith({
      coordinator: { name: "etcd", addr: etcd.addr },
      config: { coordinator_timeout: COORDINATOR_TIMEOUT },
    });
    const proxy = await build(dashboard);
    const client = await proxy.connect();
    cleanup(() => client.destroy());
    await etcd.kill();

    // Nobody knows whether it was written; what is sure is that it wasn't confirmed.
    expect(await codeOf(dashboard.v1.createGroup(2))).not.toBe("done");
    await dashboard.program.sees(/"event":"leader.lost"/, TURN_MS);
    const reply = (await client.call("SET", "k", "v")).toString();
    // One that stood still waits for a dashboard, and says so.
    const isWaiting = reply.startsWith("-TRYAGAIN ") && (await hasFrozenSince(proxy, 0));
    expect(isWaiting ? "+OK\r\n" : reply).toBe("+OK\r\n");
    expect(await codeOf(dashboard.v1.createGroup(3))).toBe("NOT_ONLINE");

    await etcd.start();
    await waitFor("the dashboard to lead again", TURN_MS, async () => {
      const product = await dashboard.v1.product();
      return product.proxies.synced === 1 ? true : undefined;
    });
    expect((await dashboard.v1.group(1)).slots.count).toBe(1024);
    expect(await codeOf(dashboard.v1.createGroup(4))).toBe("done");
    const value = (await client.call("GET", "k")).toString();
    expect(isWaiting ? "$1\r\nv\r\n" : value).toBe("$1\r\nv\r\n");
  },
  TEST_MS,
);

test(
  "garbage in a node is named, everything else works, and nothing overwrites it silently",
  async () => {
    const folder = memoryFolder();
    cleanup(() => folder.remove());
    const coordinator = { name: "filesystem", addr: folder.path } as const;
    const first = await dashboardWith({ coordinator });
    const proxy = await build(first);
    await first.kill();
    const data = folder.join("data/codis3/demo");
    writeFileSync(`${data}/slots/slot-0007`, '{"id": 7, "group_id": ');
    writeFileSync(`${data}/group/group-0009`, "\u0000\u0001 garbage");

    const next = await dashboardWith({ coordinator });
    const health = await next.v1.health();
    expect(health.faults).toHaveLength(2);
    expect(health.faults.join("\n")).toMatch(/slot-0007/);
    expect(health.faults.join("\n")).toMatch(/group-0009/);
    expect(await codeOf(next.v1.createGroup(9))).toBe("MODEL_INVALID");
    expect(await codeOf(next.v1.createGroup(2))).toBe("done");
    const client = await proxy.connect();
    cleanup(() => client.destroy());
    expect((await client.call("SET", "k", "v")).toString()).toBe("+OK\r\n");

    // An assignment by force is the repair.
    await next.v1.assignSlots({ assignments: [{ from: 7, group_id: 1 }] });
    expect((await next.v1.health()).faults).toHaveLength(1);
    expect((await next.v1.slot(7)).group_id).toBe(1);
  },
  TEST_MS,
);

test(
  "dashboards that start at the same moment: one leads, the others stand by",
  async () => {
    const folder = memoryFolder();
    cleanup(() => folder.remove());
    const coordinator = { name: "filesystem", addr: folder.path } as const;
    const all = await Promise.all(
      Array.from({ length: 4 }, () => dashboardWith({ coordinator, until: "started" })),
    );
    const settled = await Promise.all(
      all.map((one) => one.program.sees(/"event":"leader\.(elected|standby)"/, TURN_MS)),
    );
    expect(settled.map((match) => match[1]).toSorted()).toEqual([
      "elected",
      "standby",
      "standby",
      "standby",
    ]);
  },
  TEST_MS,
);
