/**
 * `codis admin` on a coordinator without a dashboard, with real servers: a product of Codis 2 comes over, and
 * locks that were left behind are taken away.
 */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { ABSENT } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { failed, flagOf, printed } from "../support/admin-command.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { startEtcd } from "../support/etcd-server.ts";
import { freePort } from "../support/free-port.ts";
import { startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startZookeeper } from "../support/zookeeper-server.ts";

const TEST_MS = 180_000;

const cleanup = cleanupsAfterEach();

test(
  "a product of Codis 2 on ZooKeeper comes over: dumped, converted, restored there and on etcd",
  async () => {
    const zookeeper = await startZookeeper();
    cleanup(() => zookeeper.stop());
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    const from = `--zookeeper=${zookeeper.addr}`;
    const into = `--etcd=${etcd.addr}`;
    const folder = memoryFolder();
    cleanup(() => folder.remove());
    await writeOldProduct(zookeeper.addr);

    writeFileSync(folder.join("old.json"), await printed(from, "--config-dump --product=two -1"));
    const converted = await printed(`--config-convert=${folder.join("old.json")}`);
    writeFileSync(folder.join("new.json"), converted);
    const restore = `--config-restore=${folder.join("new.json")} --product=two --confirm`;
    await printed(from, restore);
    const dump = await printed(from, "--config-dump --product=two");
    await printed(into, restore);
    expect(await printed(into, "--config-dump --product=two")).toBe(dump);
    const { slots, group } = JSON.parse(dump);
    expect(slots).toHaveLength(1024);
    expect(slots[5]).toEqual({ id: 5, group_id: 2, action: {} });
    expect(slots[6]).toEqual({ id: 6, group_id: 0, action: {} });
    expect(group).toMatchObject([
      { id: 1, servers: [{ server: "10.0.0.1:6379" }] },
      { id: 2, servers: [{ server: "10.0.0.3:6379" }, { server: "10.0.0.2:6379" }] },
    ]);
    // The old tree stays as it is, and so does the lock of nobody.
    expect(await printed(from, "--config-dump --product=two -1")).toContain('"slot_1023"');
    expect(JSON.parse(await printed(from, "--dashboard-list"))).toEqual([
      { name: "two", dashboard: "" },
    ]);
  },
  TEST_MS,
);

/** Product `two` as Codis 2 leaves it: slot 6 offline, the others by turns in two groups. */
async function writeOldProduct(addr: string): Promise<void> {
  const coordinator = await openCoordinator({ kind: "zookeeper", addr, auth: "" });
  const root = "/zk/codis/db_two";
  const node = (path: string, value: object) => ({
    path: `${root}/${path}`,
    data: JSON.stringify(value),
    expected: ABSENT,
  });
  const server = (gid: number, addr: string, type: string) =>
    node(`servers/group_${gid}/${addr}`, { type, group_id: gid, addr });
  const slots = Array.from({ length: 1024 }, (_, id) =>
    node(`slots/slot_${id}`, {
      product_name: "two",
      id,
      group_id: id === 6 ? -1 : (id % 2) + 1,
      state: {
        status: id === 6 ? "offline" : "online",
        migrate_status: { from: -1, to: -1 },
        last_op_ts: "0",
      },
    }),
  );
  await coordinator.write([
    server(1, "10.0.0.1:6379", "master"),
    server(2, "10.0.0.2:6379", "slave"),
    server(2, "10.0.0.3:6379", "master"),
    node("dashboard", { addr: "host1:18087", pid: 12 }),
    node("actions/0000000001", { type: "slot_changed" }),
    ...slots,
  ]);
  await coordinator.close();
}

describe("the lock", () => {
  test(
    "of a dashboard that lives stays, unless --force; a foreign one is taken away, by name",
    async () => {
      const root = memoryFolder();
      cleanup(() => root.remove());
      const coordinator = { name: "filesystem", addr: root.path } as const;
      const dashboard = await startDashboard({ coordinator });
      cleanup(() => dashboard.kill());
      const target = flagOf(coordinator);
      const [code, line] = await failed(target, "--remove-lock --product=demo");
      expect(code).toBe(1);
      expect(line).toContain(`the dashboard ${dashboard.addr} (pid ${dashboard.pid}`);
      expect(line).toContain(`--dashboard=${dashboard.addr} --shutdown`);
      expect(await printed(target, "--remove-lock --product=demo --force")).toContain(
        `was held by ${dashboard.addr}`,
      );
      await dashboard.kill();
      expect(await printed(target, "--remove-lock --product=demo")).toBe(
        `product demo isn't locked in filesystem ${coordinator.addr}\n`,
      );

      const folder = `${coordinator.addr}/data/codis3/old`;
      mkdirSync(folder, { recursive: true });
      const foreign = {
        token: "bb8505b89ee9ec8283a4fb17c473c797",
        start_time: "2026-11-21 07:01:13.083640638 +0000 UTC m=+0.033565304",
        admin_addr: `127.0.0.1:${await freePort()}`,
        product_name: "old",
        pid: 3600,
        pwd: "/opt/codis",
        sys: "Linux",
      };
      writeFileSync(`${folder}/topom`, JSON.stringify(foreign, undefined, 4));
      expect(JSON.parse(await printed(target, "--dashboard-list"))).toContainEqual({
        name: "old",
        dashboard: foreign.admin_addr,
      });
      expect(await printed(target, "--remove-lock --product=old")).toBe(
        `the lock of product old is removed; it was held by ${foreign.admin_addr} (pid 3600, started ` +
          "2026-11-21 07:01:13.083640638 +0000 UTC)\n",
      );
    },
    TEST_MS,
  );
});
