/**
 * One leader, many dashboards: what users see when the leader dies, freezes or is told to end, with real
 * processes on the filesystem coordinator. Proxies serve throughout, and nothing that was stored is lost.
 */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
/** More than a lease, and the rest is for a busy machine. */
const TAKEOVER_MS = 40_000;

const cleanup = cleanupsAfterEach();

function newRoot(): { readonly name: "filesystem"; readonly addr: string } {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  return { name: "filesystem", addr: folder.path };
}

async function dashboardOn(
  coordinator: ReturnType<typeof newRoot>,
  until: "leader" | "standby" = "leader",
): Promise<RunningDashboard> {
  // What a standby hands on isn't from the leader's own machine.
  const dashboard = await startDashboard({ coordinator, until, config: { api_open: true } });
  cleanup(() => {
    dashboard.program.signal("SIGCONT");
    return dashboard.kill();
  });
  return dashboard;
}

async function redis(): Promise<RedisServer> {
  const server = await startRedis();
  cleanup(() => server.stop());
  return server;
}

async function proxyOf(dashboard: RunningDashboard): Promise<WaitingProxy> {
  const proxy = await startWaitingProxy();
  cleanup(() => proxy.kill());
  await dashboard.v1.addProxy({ admin_addr: proxy.adminAddr });
  return proxy;
}

/** One group with all slots, and a proxy that serves it. */
async function build(dashboard: RunningDashboard): Promise<WaitingProxy> {
  const server = await redis();
  await dashboard.v1.createGroup(1);
  await dashboard.v1.addServer(1, { addr: server.addr });
  await dashboard.v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  return proxyOf(dashboard);
}

async function askProxy(proxy: WaitingProxy, ...args: readonly string[]): Promise<string> {
  const connection = await proxy.connect();
  try {
    return (await connection.call(...args)).toString().trim();
  } finally {
    connection.destroy();
  }
}

async function epochOf(dashboard: RunningDashboard): Promise<number> {
  return (await dashboard.v1.product()).epoch;
}

describe("two dashboards of one product", () => {
  test(
    "kill -9 of the leader: the other one leads within the lease, and nobody edits a lock",
    async () => {
      const root = newRoot();
      const first = await dashboardOn(root);
      const proxy = await build(first);
      const second = await dashboardOn(root, "standby");
      const epoch = await epochOf(first);

      await first.kill();
      await second.program.sees(/"event":"leader.elected"/, TAKEOVER_MS);

      expect(await epochOf(second)).toBeGreaterThan(epoch);
      expect((await second.v1.group(1)).slots.count).toBe(1024);
      expect(await askProxy(proxy, "SET", "k", "v")).toBe("+OK");
      await second.v1.createGroup(2);
      expect((await second.v1.groups()).map((group) => group.id)).toEqual([1, 2]);
      await waitFor("the proxy to follow the new leader", TAKEOVER_MS, async () => {
        const [found] = await second.v1.proxies();
        return found?.table === "synced" ? true : undefined;
      });
    },
    TEST_MS,
  );

  test(
    "a standby hands calls on to the leader, reads and changes",
    async () => {
      const root = newRoot();
      const first = await dashboardOn(root);
      const second = await dashboardOn(root, "standby");
      await second.v1.createGroup(7);
      expect((await first.v1.groups()).map((group) => group.id)).toEqual([7]);
      expect((await second.topom.stats()).group.models.map((group) => group.id)).toEqual([7]);
      expect((await second.topom.model()).pid).toBe(second.pid);
    },
    TEST_MS,
  );

  test(
    "the leader is told to end: the other one leads at once",
    async () => {
      const root = newRoot();
      const first = await dashboardOn(root);
      const second = await dashboardOn(root, "standby");
      const exit = await first.stop();
      expect(exit).toMatchObject({ code: 0, stderr: "" });
      await second.program.sees(/"event":"leader.elected"/, TAKEOVER_MS);
    },
    TEST_MS,
  );

  test(
    "a leader that was frozen for longer than its lease and wakes up can change nothing",
    async () => {
      const root = newRoot();
      const first = await dashboardOn(root);
      const proxy = await build(first);
      const second = await dashboardOn(root, "standby");

      first.program.signal("SIGSTOP");
      await second.program.sees(/"event":"leader.elected"/, TAKEOVER_MS);
      await second.v1.createGroup(2);
      const waits = first.v1.createGroup(3).then(
        () => "done",
        (thrown: unknown) => (isCodisError(thrown) ? thrown.code : String(thrown)),
      );
      first.program.signal("SIGCONT");
      await first.program.sees(/"event":"leader.standby"/, TAKEOVER_MS);

      // The call that waited at the frozen one was refused, or handed on to the leader: never half done.
      const outcome = await waits;
      const ids = (await second.v1.groups()).map((group) => group.id);
      expect(ids).toEqual(outcome === "done" ? [1, 2, 3] : [1, 2]);
      expect(await askProxy(proxy, "PING")).toBe("+PONG");
      // It has to look at the proxy itself, once a second.
      await waitFor("the proxy, seen by the new leader", TAKEOVER_MS, async () => {
        const [looked] = await second.v1.proxies();
        return looked?.status === "online" ? true : undefined;
      });
    },
    TEST_MS,
  );

  test(
    "both are killed: the next one finds everything, also what was never pushed",
    async () => {
      const root = newRoot();
      const first = await dashboardOn(root);
      const proxy = await build(first);
      await proxy.kill();
      await first.v1.setAllReplicaReads(true);
      await first.kill();
      const next = await dashboardOn(root);
      expect((await next.v1.group(1)).servers[0]?.replica_reads).toBe(true);
      const again = await proxy.restart();
      cleanup(() => again.kill());
      await waitFor("the proxy to be filled again", TAKEOVER_MS, async () => {
        const [found] = await next.v1.proxies();
        return found?.status === "online" && found.table === "synced" ? true : undefined;
      });
      expect(await askProxy(again, "SET", "k", "v")).toBe("+OK");
    },
    TEST_MS,
  );
});

test(
  "a lock that another program left is named, never stolen; --remove-lock takes it away",
  async () => {
    const root = newRoot();
    const folder = `${root.addr}/data/codis3/demo`;
    mkdirSync(folder, { recursive: true });
    const foreignAddr = `127.0.0.1:${await freePort()}`;
    const foreign = {
      token: "bb8505b89ee9ec8283a4fb17c473c797",
      start_time: "2026-11-21 07:01:13 +0000 UTC",
      admin_addr: foreignAddr,
      product_name: "demo",
      pid: 3600,
      pwd: "/opt/codis",
      sys: "Linux",
    };
    writeFileSync(`${folder}/topom`, JSON.stringify(foreign, undefined, 4));
    const lock = () => JSON.parse(readFileSync(`${folder}/topom`, "utf8"));
    const waiting = await startDashboard({ coordinator: root, until: "started" });
    cleanup(() => waiting.kill());
    await waiting.program.sees(
      new RegExp(`${RegExp.escape(foreignAddr)} \\(pid 3600.*--remove-lock`),
      TAKEOVER_MS,
    );
    expect(lock()).toEqual(foreign);
    await waiting.kill();

    const next = await startDashboard({ coordinator: root, args: ["--remove-lock"] });
    cleanup(() => next.kill());
    expect(lock().admin_addr).toBe(next.addr);
  },
  TEST_MS,
);
