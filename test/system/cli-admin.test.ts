/**
 * `codis admin` as an operator of Codis 3 uses it, with real processes: a product is built, looked at, changed
 * and taken down, on etcd and on the filesystem. Texts and forms are those that the original was recorded with.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  type Coordinator,
  DONE,
  failed,
  flagOf,
  printed,
  runAdmin,
} from "../support/admin-command.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { CODIS, runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const WAIT_MS = 30_000;

const cleanup = cleanupsAfterEach();
let etcd: EtcdServer;

beforeAll(async () => {
  etcd = await startEtcd();
});

afterAll(() => etcd.stop());

function newFolder(): Coordinator {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  return { name: "filesystem", addr: folder.path };
}

async function redis(): Promise<RedisServer> {
  const server = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  cleanup(() => server.stop());
  return server;
}

async function dashboardOn(coordinator: Coordinator, product: string): Promise<RunningDashboard> {
  const dashboard = await startDashboard({ coordinator, product });
  cleanup(() => dashboard.kill());
  return dashboard;
}

/** Asks again until the lines are there; what a dashboard shows comes from its last look. */
function waitForLines(target: string, flags: string, lines: readonly string[]): Promise<true> {
  return waitFor(`lines of ${flags}`, WAIT_MS, async () =>
    (await printed(target, flags)) === lines.map((line) => `${line}\n`).join("") ? true : undefined,
  );
}

describe.each(["etcd", "filesystem"] as const)("a product on %s", (kind) => {
  const product = `walk-${kind}`;

  test(
    "is built, looked at, dumped, restored elsewhere, and taken down",
    async () => {
      const coordinator = kind === "etcd" ? { name: kind, addr: etcd.addr } : newFolder();
      const dashboard = await dashboardOn(coordinator, product);
      const target = `--dashboard=${dashboard.addr}`;
      const [master, other, replica] = [await redis(), await redis(), await redis()] as const;
      const proxy = await startWaitingProxy(product);
      cleanup(() => proxy.kill());

      // Groups and servers.
      expect(await runAdmin(target, "--create-group --gid=1")).toEqual(DONE);
      expect(await runAdmin(target, "--create-group --gid 2")).toEqual(DONE);
      expect(await failed(target, "--create-group --gid=1")).toEqual([
        1,
        "group-[1] already exists",
      ]);
      expect(await runAdmin(target, `--group-add --gid=1 --addr=${master.addr}`)).toEqual(DONE);
      expect(await runAdmin(target, `--group-add -g 2 -x ${other.addr}`)).toEqual(DONE);
      expect(
        await runAdmin(target, `--group-add --gid=1 --addr=${replica.addr} --datacenter=east`),
      ).toEqual(DONE);
      const nobody = `127.0.0.1:${await freePort()}`;
      expect((await failed(target, `--group-add --gid=2 --addr=${nobody}`))[1]).toContain(
        `dial tcp ${nobody}: connect: connection refused`,
      );

      // Slots: without --confirm they are only printed.
      const dry = await runAdmin(target, "--slots-assign --beg=0 --end=1023 --gid=1");
      expect(dry.stdout).toStartWith(
        '[\n    {\n        "id": 0,\n        "group_id": 1,\n        "action": {}\n    },\n',
      );
      expect(JSON.parse(dry.stdout)).toHaveLength(1024);
      expect(dry.stderr).toBe("codis admin: nothing was changed; --confirm does it\n");
      expect((await dashboard.v1.group(1)).slots.count).toBe(0);
      await printed(target, "--slots-assign --beg=0 --end=511 --gid=1 --confirm");
      await printed(target, "--slots-assign --beg=512 --end=1023 --gid=2 --confirm");
      expect(await printed(target, "--rebalance")).toBe("nothing changes\n");

      // A proxy, and a client.
      expect(await runAdmin(target, `--create-proxy --addr=${proxy.adminAddr}`)).toEqual(DONE);
      expect((await failed(target, `--create-proxy --addr=${proxy.adminAddr}`))[0]).toBe(1);
      const connection = await proxy.connect();
      expect((await connection.call("SET", "user:42", "v")).toString()).toBe("+OK\r\n");
      connection.destroy();
      await checkProxyList(target, proxy.adminAddr, product);

      // A replica follows when it is told to.
      await waitForLines(target, "--group-status", [
        `[ ] group-1 [0] ${master.addr}      ==> NO:ONE`,
        `[X] group-1 [1] ${replica.addr}      ==> NO:ONE`,
        `[ ] group-2 [0] ${other.addr}      ==> NO:ONE`,
      ]);
      await printed(target, `--sync-action --create --addr=${replica.addr}`);
      await waitForLines(target, "--group-status", [
        `[ ] group-1 [0] ${master.addr}      ==> NO:ONE`,
        `[ ] group-1 [1] ${replica.addr}      ==> ${master.addr}:up`,
        `[ ] group-2 [0] ${other.addr}      ==> NO:ONE`,
      ]);
      await printed(target, `--sync-action --remove --addr=${replica.addr}`);
      await printed(target, `--replica-groups --gid=1 --addr=${replica.addr} --enable`);
      await printed(target, "--resync-group --gid=1");
      await printed(target, "--resync-group --all");
      await printed(target, "--reinit-proxy --all");
      await printed(target, "--reload");
      await printed(target, "--log-level=warn");
      expect(JSON.parse(await printed(target, "--list-group"))).toEqual([
        {
          id: 1,
          servers: [
            { server: master.addr, datacenter: "", action: {}, replica_group: false },
            { server: replica.addr, datacenter: "east", action: {}, replica_group: true },
          ],
          promoting: {},
          out_of_sync: false,
        },
        {
          id: 2,
          servers: [{ server: other.addr, datacenter: "", action: {}, replica_group: false }],
          promoting: {},
          out_of_sync: false,
        },
      ]);
      await checkViews(target, dashboard.addr);

      // A dump goes to another coordinator, under the same name and under another.
      const dump = await printed(flagOf(coordinator), `--config-dump --product=${product}`);
      await checkRestore(dump, product, dashboard.addr, coordinator);

      // Down again.
      expect((await failed(target, "--remove-group --gid=1"))[1]).toContain("isn't empty");
      expect((await failed(target, `--group-del --gid=1 --addr=${master.addr}`))[1]).toContain(
        "can't remove master, still in use",
      );
      await printed(target, "--remove-proxy --pid=1");
      expect((await proxy.program.ended()).code).toBe(0);
      expect(await printed(target, "--list-proxy")).toBe("[]\n");
      await printed(target, "--slots-assign --beg=0 --end=1023 --offline --confirm");
      for (const [gid, addr] of [
        [1, replica.addr],
        [1, master.addr],
        [2, other.addr],
      ] as const) {
        await printed(target, `--group-del --gid=${gid} --addr=${addr}`);
      }
      await printed(target, "--remove-group --gid=1");
      await printed(target, "--remove-group --gid=2");
      expect(await printed(target, "--list-group")).toBe("[]\n");
      await printed(target, "--shutdown");
      expect((await dashboard.program.ended()).code).toBe(0);
      expect(await failed(target, "--list-group")).toEqual([
        69,
        `no dashboard answers at ${dashboard.addr} (ECONNREFUSED); start one with codis dashboard, or a ` +
          "cluster with codis up",
      ]);
    },
    TEST_MS,
  );
});

async function checkProxyList(target: string, adminAddr: string, product: string): Promise<void> {
  const list = JSON.parse(await printed(target, "--list-proxy"));
  expect(list).toHaveLength(1);
  const [model] = list;
  expect(Object.keys(model)).toEqual([
    "id",
    "token",
    "start_time",
    "admin_addr",
    "proto_type",
    "proxy_addr",
    "product_name",
    "pid",
    "pwd",
    "sys",
    "hostname",
    "datacenter",
    "forward_methods",
    "process_birth",
    "takes_login",
  ]);
  expect(model).toMatchObject({ id: 1, admin_addr: adminAddr, product_name: product });
  await waitForLines(target, "--proxy-status", [
    `[ ] proxy-1 [T] ${model.token} [A] ${adminAddr} [P] ${model.proxy_addr}`,
  ]);
  const direct = `--proxy=${adminAddr}`;
  expect(JSON.parse(await printed(direct, "model"))).toMatchObject({ token: model.token });
  expect(JSON.parse(await printed(direct, "slots"))).toHaveLength(1024);
  expect(Object.keys(JSON.parse(await printed(direct)))).toEqual([
    "version",
    "compile",
    "config",
    "model",
    "stats",
    "slots",
  ]);
}

/** The three command lines agree on the slots, and the overview has the parts of the original. */
async function checkViews(target: string, addr: string): Promise<void> {
  const overview = JSON.parse(await printed(target));
  expect(Object.keys(overview)).toEqual(["version", "compile", "config", "model", "stats"]);
  for (const word of ["config", "model"]) {
    expect(JSON.parse(await printed(target, word))).toEqual(overview[word]);
  }
  const stats = JSON.parse(await printed(target, "stats"));
  expect(Object.keys(stats)).toEqual(Object.keys(overview.stats));
  expect(Object.keys(JSON.parse(await printed(target, "group")))).toEqual(["models", "stats"]);
  expect(Object.keys(JSON.parse(await printed(target, "proxy")))).toEqual(["models", "stats"]);

  const slots: { id: number; group_id: number }[] = JSON.parse(
    await printed(target, "--slots-status"),
  );
  expect(slots).toHaveLength(1024);
  const env = { ...process.env, CODIS_DASHBOARD: addr };
  const everyday = await runCodis(["slot", "info", "--all", "--json"], { env });
  const { ranges }: { ranges: { from: number; to: number; group_id: number }[] } = JSON.parse(
    everyday.stdout,
  );
  for (const { id, group_id: groupId } of slots) {
    const range = ranges.find(({ from, to }) => from <= id && id <= to);
    expect(range?.group_id).toBe(groupId);
  }
  const shown = await runCodis(["slot", "info", "--all"], { env });
  expect(shown.stdout).toStartWith(
    "SLOTS     COUNT  GROUP  KEYS  ACTION\n0-511     512    1      -\n512-1023  512    2      -\nkeys by slot",
  );
  const old = await runCodis(["config", "slot", "info", "0"], { env });
  expect(JSON.parse(old.stdout)).toMatchObject({ id: 0, group_id: slots[0]?.group_id });
}

async function checkRestore(
  dump: string,
  product: string,
  dashboardAddr: string,
  from: Coordinator,
): Promise<void> {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  const file = folder.join("dump.json");
  writeFileSync(file, dump);
  expect(Object.keys(JSON.parse(dump))).toEqual(["slots", "group", "proxy"]);
  const restore = `--config-restore=${file} --product=${product}`;

  // Not over a product that is led, whatever it holds.
  const [code, line] = await failed(flagOf(from), `${restore} --confirm`);
  expect(code).toBe(1);
  expect(line).toStartWith(`product ${product} has a dashboard: ${dashboardAddr} (pid `);

  const into: Coordinator = from.name === "etcd" ? newFolder() : { name: "etcd", addr: etcd.addr };
  const dry = await runAdmin(flagOf(into), restore);
  expect(dry).toEqual({
    code: 0,
    stdout: dump,
    stderr: "codis admin: nothing was written; --confirm does it\n",
  });
  expect((await failed(flagOf(into), `--config-dump --product=${product}`))[0]).toBe(1);
  expect(await runAdmin(flagOf(into), `${restore} --confirm`)).toEqual(DONE);
  expect(await printed(flagOf(into), `--config-dump --product=${product}`)).toBe(dump);
  expect((await failed(flagOf(into), `${restore} --confirm`))[1]).toContain("is not empty");

  const copy = await runAdmin(flagOf(into), `--config-restore=${file} --product=copy --confirm`);
  expect([copy.code, copy.stdout]).toEqual([0, ""]);
  expect(copy.stderr).toContain(`it was started for product ${product}`);
  const dashboard = await dashboardOn(into, "copy");
  expect((await dashboard.v1.group(2)).slots.count).toBe(512);
  const list = JSON.parse(await printed(flagOf(into), "--dashboard-list"));
  expect(list).toContainEqual({ name: "copy", dashboard: dashboard.addr });
  expect(list).toContainEqual({ name: product, dashboard: "" });
  await dashboard.kill();
}

describe("slips", () => {
  test("name what would be right, and have their exit codes", async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const cases: readonly (readonly [string, string, number, string])[] = [
      [`--dashboard=${nobody}`, "--create-group", 64, "--create-group needs --gid=ID"],
      [`--dashboard=${nobody}`, "--creat-group", 64, "did you mean --create-group?"],
      [`--dashboard=${nobody}`, "--create-group --gid=10000", 64, "from 1 to 9999"],
      [`--dashboard=${nobody}`, "--slot-action --create --sid=5000 --gid=2", 64, "0 to 4095"],
      [`--dashboard=${nobody}`, `--proxy=${nobody}`, 64, "exclude each other"],
      ["--list-group", "", 64, "say whom to ask"],
      [`--proxy=${nobody}`, "model", 69, `no proxy answers at ${nobody} (ECONNREFUSED)`],
      [`--etcd=${nobody}`, "--dashboard-list", 69, `etcd ${nobody}`],
      ["--filesystem=nowhere", "--dashboard-list", 69, "there is no folder nowhere"],
      [`--etcd=${nobody}`, "--config-dump --product=a/b", 64, "invalid --product=a/b"],
      [`--etcd=${nobody}`, "--config-dump", 64, "needs --product=NAME"],
      [`--etcd=${nobody}`, "--config-restore=nowhere --product=a", 78, "can't read nowhere"],
      ["--config-convert=nowhere", "", 78, "can't read nowhere"],
      [`--filesystem=.`, "--etcd-auth=a:b --dashboard-list", 64, "has no meaning with"],
    ];
    for (const [target, flags, code, text] of cases) {
      const [exit, line] = await failed(target, flags);
      expect([exit, line]).toEqual([code, expect.stringContaining(text)]);
      expect(line).not.toContain("\n");
    }
  });

  test(
    "a long answer comes whole through a slow reader; a full disk is told, a reader that left isn't",
    async () => {
      const dashboard = await dashboardOn(newFolder(), "demo");
      const command = `${CODIS} admin --dashboard=${dashboard.addr} --slots-status`;
      const shell = (script: string) =>
        spawnSync("bash", ["-o", "pipefail", "-c", script], { encoding: "utf8", timeout: WAIT_MS });
      const slow = shell(`${command} | (sleep 1; cat)`);
      expect(slow.stdout.length).toBeGreaterThan(65_536);
      expect(JSON.parse(slow.stdout)).toHaveLength(1024);
      expect(shell(`${command} | head -n 1`)).toMatchObject({
        status: 0,
        stdout: "[\n",
        stderr: "",
      });
      const full = shell(`${command} > /dev/full`);
      expect([full.status, full.stderr]).toEqual([
        1,
        expect.stringContaining("codis admin: can't write the output: ENOSPC"),
      ]);
    },
    TEST_MS,
  );
});
