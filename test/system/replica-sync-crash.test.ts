/**
 * A dashboard that is killed (SIGKILL) while a server becomes a replica: the next one finds the order in the
 * coordinator, waits for the copy that goes on without it, or gives the order again, and stores how it ended.
 */
import { expect, test } from "bun:test";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, RunningProduct } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const WAIT_MS = 40_000;
const TEST_MS = 180_000;
const VALUES = 40;
const FILL = `for i = 1, ${VALUES} do redis.call('SET', 'big:' .. i, string.rep('x', 1048576)) end`;

const cleanup = cleanupsAfterEach();

test(
  "a sync of 40 MB goes on over two killed dashboards, and is stored as done",
  async () => {
    const folder = memoryFolder();
    cleanup(() => folder.remove());
    const product = await RunningProduct.start({
      coordinator: { name: "filesystem", addr: folder.path },
      groups: 1,
      proxies: 0,
    });
    cleanup(() => product.stop());
    const replica = await startRedis();
    cleanup(() => replica.stop());
    const [master] = product.servers;
    await ask(master?.port ?? 0, "EVAL", FILL, "0");
    const delayCopy = (seconds: number) =>
      ask(master?.port ?? 0, "CONFIG", "SET", "repl-diskless-sync-delay", `${seconds}`);
    await delayCopy(3_600);
    const { v1 } = product.dashboard;
    await v1.addServer(1, { addr: replica.addr, as_replica: true });

    const syncState = async (): Promise<string> => {
      const [group] = await product.dashboard.v1.groups();
      return group?.servers.find(({ addr }) => addr === replica.addr)?.sync?.state ?? "";
    };
    // The first dies as soon as the order is begun, the second when the copy may begin.
    await whenState("syncing", syncState);
    await product.restartDashboard();
    await whenState("syncing", syncState);
    await waitFor("an order to the replica", WAIT_MS, async () =>
      (await fieldOf(replica, "role")) === "slave" ? true : undefined,
    );
    await delayCopy(0);
    await product.restartDashboard();
    await whenState("synced", syncState);
    await waitFor("a link that is up", WAIT_MS, async () =>
      (await fieldOf(replica, "master_link_status")) === "up" ? true : undefined,
    );
    expect(await ask(replica.port, "DBSIZE")).toBe(`:${VALUES}\r\n`);
    await product.whenWell();
  },
  TEST_MS,
);

function whenState(state: string, read: () => Promise<string>): Promise<true> {
  return waitFor(`sync ${state}`, WAIT_MS, async (): Promise<true> => {
    const found = await read();
    if (found !== state) {
      throw new Error(`it is ${found}`);
    }
    return true;
  });
}

async function fieldOf(server: RedisServer, name: string): Promise<string | undefined> {
  const info = await ask(server.port, "INFO", "replication");
  return new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
}
