/**
 * `codis up` and its dashboard killed at every stage of building the product, clusters that are made smaller,
 * and folders that a release without a dashboard has left: the next start always comes to the whole product
 * with all data. Real processes, kill -9.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { V1Client } from "../../src/api/v1-client.ts";
import { ask } from "../../src/up/probe.ts";
import { listProcesses } from "../../src/up/process-table.ts";
import { startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort, freePortPair } from "../support/free-port.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";
import { startRedis } from "../support/redis-server.ts";

const TEST_MS = 180_000;
const STAGE_MS = 60_000;

afterEach(endClusters);

/** How many parts of the product are marked as told to the dashboard. */
function marksIn(dir: string): number {
  const text = readFileSync(join(dir, "cluster.json"), "utf8");
  return text.split('"isAdded": true').length - 1;
}

/** All slots have an owner, and a key of each group goes through the proxy. */
async function expectWhole(dir: string, port: number): Promise<void> {
  // A member that doesn't answer in time may just have stood still.
  const status = await waitFor("all members online", STAGE_MS, async () => {
    const found = await readStatus(dir);
    return found.state === "online" ? found : undefined;
  });
  expect(status.groups.map((group) => group.slots)).toEqual([
    [{ first: 0, last: 511 }],
    [{ first: 512, last: 1023 }],
  ]);
  for (const key of ["k1", "k2", "k3", "k4"]) {
    expect(await ask(port, `SET ${key} v`)).toBe("OK");
  }
}

describe("codis up is killed while it builds", () => {
  // Marks: group 1 with its replica, group 2 with its replica, the proxy.
  test.each([0, 2, 4])(
    "after %d parts were told to the dashboard",
    async (marks) => {
      const dir = newClusterDir();
      const port = await freePort();
      const flags = ["--port", `${port}`, "--replicas", "1"];
      const first = startCodis(["up", "--dir", dir, ...flags]);
      await waitFor(`${marks} marks`, STAGE_MS, () =>
        existsSync(join(dir, "dashboard.log")) && marksIn(dir) >= marks ? true : undefined,
      );
      first.signal("SIGKILL");
      await first.ended();
      await startUp(dir);
      await expectWhole(dir, port);
    },
    TEST_MS,
  );
});

test(
  "the dashboard is killed while the product is built: codis up waits for it and goes on",
  async () => {
    const dir = newClusterDir();
    const port = await freePort();
    const up = startCodis(["up", "--dir", dir, "--port", `${port}`, "--replicas", "1"]);
    await waitFor("the first group", STAGE_MS, () =>
      existsSync(join(dir, "dashboard.log")) && marksIn(dir) >= 2 ? true : undefined,
    );
    const config = join(dir, "dashboard.toml");
    const dashboard = await waitFor("the dashboard's process", STAGE_MS, () =>
      listProcesses().find(({ args }) => args.at(-1) === config),
    );
    process.kill(dashboard.pid, "SIGKILL");
    await up.sees(/ready, try: redis-cli/, STAGE_MS);
    await expectWhole(dir, port);
  },
  TEST_MS,
);

test(
  "fewer replicas and proxies than before: the dashboard forgets those that are gone",
  async () => {
    const dir = newClusterDir();
    const port = await freePortPair();
    const first = await startUp(dir, "--port", `${port}`, "--replicas", "1", "--proxies", "2");
    first.signal("SIGTERM");
    await first.ended();
    await startUp(dir, "--replicas", "0", "--proxies", "1");
    await expectWhole(dir, port);
    const { dashboard } = await readStatus(dir);
    const client = new V1Client({ addr: dashboard.addr, timeoutMs: STAGE_MS });
    expect((await client.groups()).map((group) => group.servers.length)).toEqual([1, 1]);
    expect((await client.proxies()).map((proxy) => proxy.proxy_addr)).toEqual([
      `127.0.0.1:${port}`,
    ]);
  },
  TEST_MS,
);

test(
  "two clusters that are started at the same moment have a dashboard each",
  async () => {
    const clusters = await Promise.all(
      [newClusterDir(), newClusterDir()].map(async (dir) => {
        await startUp(dir, "--port", `${await freePort()}`, "--groups", "1");
        return readStatus(dir);
      }),
    );
    const addrs = clusters.map(({ dashboard }) => dashboard.addr);
    expect(new Set(addrs).size).toBe(2);
    for (const { dashboard, groups } of clusters) {
      const client = new V1Client({ addr: dashboard.addr, timeoutMs: STAGE_MS });
      const [group] = await client.groups();
      expect(group?.servers.map((server) => server.addr)).toEqual([
        groups[0]?.servers[0]?.addr ?? "",
      ]);
      expect(await client.proxies()).toHaveLength(1);
    }
  },
  TEST_MS,
);

describe("a folder of a release without a dashboard", () => {
  test(
    "keeps its data readable, and its ports",
    async () => {
      const dir = newClusterDir();
      const [port, adminPort] = [await freePort(), await freePort()];
      const names = Array.from({ length: 40 }, (_, index) => `key:${index}`);
      const masters: number[] = [];
      for (const id of [1, 2]) {
        const folder = join(dir, `group-${id}`, "master");
        mkdirSync(folder, { recursive: true });
        const server = await startRedis({ dir: folder, args: ["--appendonly", "yes"] });
        for (const name of names) {
          if ((crc32(name) % 1024 < 512 ? 1 : 2) === id) {
            expect(await ask(server.port, `SET ${name} v-${name}`)).toBe("OK");
          }
        }
        masters.push(server.port);
        await server.stop();
      }
      const groups = masters.map((master, index) => ({
        id: index + 1,
        master: { port: master },
        replicas: [],
      }));
      const layout = { version: 1, groups, proxies: [{ port, adminPort }] };
      writeFileSync(join(dir, "cluster.json"), JSON.stringify(layout));
      writeFileSync(join(dir, "slots.json"), "[]\n");

      const up = await startUp(dir);
      await expectWhole(dir, port);
      const status = await readStatus(dir);
      expect(status.groups.map((group) => group.servers[0]?.addr)).toEqual(
        masters.map((master) => `127.0.0.1:${master}`),
      );
      for (const name of names) {
        expect(await ask(port, `GET ${name}`)).toBe(`v-${name}`);
      }
      up.signal("SIGTERM");
      await up.ended();
    },
    TEST_MS,
  );
});
