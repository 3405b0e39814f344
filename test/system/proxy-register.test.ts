/**
 * A proxy process that registers with its dashboard at the start: by address and through a real etcd, with
 * what clients see meanwhile, and how it ends when nobody takes it. The dashboard is made for the test; it
 * does what a real one does when it is asked to take a proxy online.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { ProxyClient } from "../../src/api/proxy-client.ts";
import { dashboardXauth } from "../../src/api/xauth.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { parseSlotTable } from "../../src/model/slot-table.ts";
import { type CodisProgram, startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { FakeDashboard } from "../support/fake-dashboard.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, slotTableOf, tomlOf } from "../support/running-proxy.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

const WAIT_MS = 30_000;

let server: RedisServer;
let etcd: EtcdServer;
let folder: TemporaryFolder;
let dashboard: FakeDashboard;
let port: number;
let adminPort: number;
let program: CodisProgram | undefined;

beforeAll(async () => {
  server = await startRedis();
  etcd = await startEtcd();
});

afterAll(async () => {
  await server.stop();
  await etcd.stop();
});

beforeEach(async () => {
  folder = memoryFolder();
  dashboard = new FakeDashboard();
  await dashboard.start();
  dashboard.onTaken = async (addr) => {
    const proxy = new ProxyClient({ addr, productName: "demo", productAuth: "" });
    await proxy.model();
    const slots = parseSlotTable(slotTableOf([server.addr]), {
      source: "test",
      slotCount: 1024,
      unknownFields: "refuse",
    });
    await proxy.fillSlots(slots, { epoch: 1, revision: 1 });
    await proxy.start({ epoch: 1, revision: 1 });
  };
  [port, adminPort] = [await freePort(), await freePort()];
});

afterEach(async () => {
  program?.signal("SIGKILL");
  program = undefined;
  dashboard.close();
  folder.remove();
});

/** Starts a proxy with these keys and flags. */
function startProxy(
  flags: readonly string[],
  keys: Readonly<Record<string, string>> = {},
): CodisProgram {
  const config = folder.join("proxy.toml");
  const addrs = { proxy_addr: `127.0.0.1:${port}`, admin_addr: `127.0.0.1:${adminPort}` };
  writeFileSync(config, tomlOf({ ...addrs, product_name: "demo", ...keys }));
  program = startCodis(["proxy", "-c", config, ...flags]);
  return program;
}

test("asks the dashboard again until it is taken; clients are refused meanwhile", async () => {
  dashboard.failures = Number.POSITIVE_INFINITY;
  const proxy = startProxy([`--dashboard=${dashboard.addr}`]);
  await proxy.sees(/"event":"dashboard.retry"/);
  expect(await ask(port, "PING")).toBe("-ERR router is not online\r\n");
  dashboard.failures = 0;
  await proxy.sees(/"event":"dashboard.registered"/);
  expect(await ask(port, "SET", "key", "value")).toBe("+OK\r\n");
  const online = dashboard.calls.filter((call) => call.startsWith("PUT"));
  const path = `/api/topom/proxy/online/${dashboardXauth("demo")}/127.0.0.1%3A${adminPort}`;
  expect(online.length).toBeGreaterThanOrEqual(2);
  expect(new Set(online)).toEqual(new Set([`PUT ${path}`]));
  proxy.signal("SIGTERM");
  expect((await proxy.ended()).code).toBe(0);
});

test("finds the dashboard that leads through etcd, also one that comes later", async () => {
  const proxy = startProxy([`--etcd=${etcd.addr}`]);
  await proxy.sees(/no dashboard leads: etcd [^ ]+ has no \/codis3\/demo\/topom/);
  const coordinator = await openCoordinator({ kind: "etcd", addr: etcd.addr, auth: "" });
  try {
    const path = coordinatorPath.lock("demo");
    await coordinator.write([{ path, data: dashboard.model(), expected: "any" }]);
  } finally {
    await coordinator.close();
  }
  await proxy.sees(/"event":"dashboard.registered"/);
  expect(await ask(port, "PING")).toBe("+PONG\r\n");
});

test("another product's dashboard ends it at once with exit code 78", async () => {
  dashboard.product = "shop";
  const proxy = startProxy([`--dashboard=${dashboard.addr}`]);
  const { code, stderr } = await proxy.ended();
  expect(code).toBe(78);
  expect(stderr).toBe(
    `codis proxy: the dashboard ${dashboard.addr} is the one of product "shop", but product_name here is "demo"\n`,
  );
});

test("SIGTERM ends it while it still asks", async () => {
  dashboard.failures = 100;
  const proxy = startProxy([`--dashboard=${dashboard.addr}`]);
  await proxy.sees(/"event":"dashboard.retry"/);
  proxy.signal("SIGTERM");
  expect((await proxy.ended()).code).toBe(0);
});

test("an address for applications that can't be understood ends the start with one line", async () => {
  const proxy = startProxy([], { jodis_name: "zookeeper", jodis_addr: "no port:x" });
  const { code, stderr } = await proxy.ended();
  expect([code, stderr.split("\n").length]).toEqual([78, 2]);
  expect(stderr).toContain("no port:x");
});

test("a coordinator for applications that isn't there disturbs neither service nor end", async () => {
  const gone = await freePort();
  const slots = folder.join("slots.json");
  writeFileSync(slots, slotTableOf([server.addr]));
  const keys = { jodis_name: "zookeeper", jodis_addr: `127.0.0.1:${gone}` };
  const proxy = startProxy([`--fillslots=${slots}`], keys);
  await proxy.sees(/"event":"jodis.started"/);
  await proxy.sees(/"event":"jodis.problem"/);
  const answer = await waitFor("an answer", WAIT_MS, () => ask(port, "PING"));
  expect(answer).toBe("+PONG\r\n");
  proxy.signal("SIGTERM");
  expect((await proxy.ended()).code).toBe(0);
});
