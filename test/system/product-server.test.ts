/**
 * Servers that are added to a running product through its APIs, real redis-servers with every fault that an
 * operator meets: each is refused with the check that failed, and nothing is stored. And the good ways in: a
 * master with data that is adopted, a replica that follows, FUNCTION libraries that come along.
 */
import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { type ErrorCode, isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, type RedisServerOptions, startRedis } from "../support/redis-server.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { ask, askAll, bulk } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
const TURN_MS = 40_000;
/** A master waits for more replicas before it begins a dump, 5 s unless told otherwise. */
const SYNC_AT_ONCE = ["--repl-diskless-sync-delay", "0"];
const cleanup = cleanupsAfterEach();

async function newDashboard(
  config: Readonly<Record<string, string>> = {},
): Promise<RunningDashboard> {
  const folder = memoryFolder();
  const coordinator = { name: "filesystem", addr: folder.path } as const;
  const dashboard = await startDashboard({ coordinator, config });
  cleanup(async () => {
    await dashboard.kill();
    folder.remove();
  });
  return dashboard;
}

async function redis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  cleanup(() => server.stop());
  return server;
}

async function redisWithPassword(password: string): Promise<RedisServer> {
  const server = await redis();
  expect(await ask(server.port, "CONFIG", "SET", "requirepass", password)).toBe("+OK\r\n");
  return server;
}

/** A product whose group 1 owns all slots; group 2 is empty. */
async function newProduct() {
  const [dashboard, master] = [await newDashboard(), await redis({ args: SYNC_AT_ONCE })];
  const { v1 } = dashboard;
  await v1.createGroup(1);
  await v1.addServer(1, { addr: master.addr });
  await v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  await v1.createGroup(2);
  return { ...dashboard, master };
}

/** The server is refused by both APIs with this code and text, and isn't in the group. */
async function expectRefused(
  { v1, topom }: RunningDashboard,
  groupId: number,
  addr: string,
  code: ErrorCode,
  text: RegExp,
): Promise<void> {
  const before = (await v1.group(groupId)).servers.length;
  const { revision } = await v1.product();
  for (const add of [() => v1.addServer(groupId, { addr }), () => topom.addServer(groupId, addr)]) {
    const failure: unknown = await add().then(
      () => "it was added",
      (thrown: unknown) => thrown,
    );
    expect(isCodisError(failure) ? failure.code : failure).toBe(code);
    expect(String(failure)).toMatch(text);
  }
  expect((await v1.group(groupId)).servers).toHaveLength(before);
  expect((await v1.product()).revision).toBe(revision);
}

/** Seconds for which a master waits for more replicas before it begins a copy. */
async function delayCopy(master: RedisServer, seconds: number): Promise<void> {
  const set = ["CONFIG", "SET", "repl-diskless-sync-delay", `${seconds}`];
  expect(await ask(master.port, ...set)).toBe("+OK\r\n");
}

function literally(text: string): string {
  return text.replace(/[.[\]]/g, "\\$&");
}

describe("a server is refused", () => {
  test(
    "with another password than product_auth, or none at all",
    async () => {
      const dashboard = await newDashboard({ product_auth: "s3cret" });
      await dashboard.v1.createGroup(1);
      const [wrong, open, right] = [
        await redisWithPassword("other"),
        await redis(),
        await redisWithPassword("s3cret"),
      ];
      await expectRefused(dashboard, 1, wrong.addr, "SERVER_AUTH_FAILED", /password/);
      await expectRefused(dashboard, 1, open.addr, "SERVER_AUTH_FAILED", /password/);
      await dashboard.v1.addServer(1, { addr: right.addr });
      expect(dashboard.program.stdout()).not.toContain("s3cret");
    },
    TEST_MS,
  );

  test(
    "with a password, by a product without product_auth",
    async () => {
      const dashboard = await newDashboard();
      await dashboard.v1.createGroup(1);
      const server = await redisWithPassword("other");
      await expectRefused(dashboard, 1, server.addr, "SERVER_AUTH_FAILED", /password/);
    },
    TEST_MS,
  );

  test(
    "that can't be reached, hangs, or isn't a Redis server",
    async () => {
      const product = await newProduct();
      const nobody = `127.0.0.1:${await freePort()}`;
      await expectRefused(product, 2, nobody, "SERVER_UNREACHABLE", new RegExp(literally(nobody)));
      // The dashboard's own port speaks HTTP.
      await expectRefused(product, 2, product.addr, "SERVER_UNREACHABLE", /doesn't speak RESP/);
      const hung = await redis();
      hung.pause();
      await expectRefused(product, 2, hung.addr, "SERVER_UNREACHABLE", new RegExp(hung.addr));
    },
    TEST_MS,
  );

  test(
    "that is a replica, as the first of its group",
    async () => {
      const product = await newProduct();
      const { port } = await redis();
      const replica = await redis({ args: ["--replicaof", "127.0.0.1", `${port}`] });
      const text = new RegExp(`is a replica of 127\\.0\\.0\\.1:${port}.*REPLICAOF NO ONE`);
      await expectRefused(product, 2, replica.addr, "SERVER_ROLE_WRONG", text);
    },
    TEST_MS,
  );

  test(
    "that is in a group already, under this name or another one",
    async () => {
      const product = await newProduct();
      const { addr, port } = product.master;
      const text = new RegExp(`${literally(addr)}`);
      await expectRefused(product, 2, addr, "ALREADY_EXISTS", /server-\[.*\] already exists/);
      await expectRefused(product, 2, `localhost:${port}`, "SERVER_IN_OTHER_GROUP", text);
      await expectRefused(product, 1, `localhost:${port}`, "SERVER_IN_OTHER_GROUP", text);
    },
    TEST_MS,
  );

  test(
    "that holds keys of others' slots: a key and its slot are named",
    async () => {
      const product = await newProduct();
      const server = await redis();
      await askAll(server.port, [
        ["SELECT", "3"],
        ["SET", "a key", "v"],
      ]);
      const slot = crc32("a key") % 1024;
      const text = new RegExp(
        `holds the key "a key" in database 3, of slot ${slot}, which group 1 owns`,
      );
      await expectRefused(product, 2, server.addr, "SERVER_HOLDS_FOREIGN_KEYS", text);
      // Nor as a replica, which would lose them.
      await expectRefused(product, 1, server.addr, "SERVER_HOLDS_FOREIGN_KEYS", /1 keys/);
      expect(await ask(server.port, "DBSIZE")).toBe(":0\r\n");
      await askAll(server.port, [["FLUSHALL"]]);
      await product.v1.addServer(2, { addr: server.addr });
    },
    TEST_MS,
  );
});

test(
  "a server with data is adopted, gets all slots, and its keys are read through the proxy",
  async () => {
    const dashboard = await newDashboard();
    const { v1 } = dashboard;
    const server = await redis();
    const keys = Array.from({ length: 300 }, (_, index) => `old:${index}`);
    await askAll(
      server.port,
      keys.map((key) => ["SET", key, `value of ${key}`]),
    );
    await v1.createGroup(1);
    const advice = /or, if the product is to begin with these data, adopt them/;
    await expectRefused(dashboard, 1, server.addr, "SERVER_HOLDS_FOREIGN_KEYS", advice);
    await v1.addServer(1, { addr: server.addr, adopt: true });
    await v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
    const proxy = await startWaitingProxy();
    cleanup(() => proxy.kill());
    await v1.addProxy({ admin_addr: proxy.adminAddr });
    const values = await askAll(
      proxy.port,
      keys.map((key) => ["GET", key]),
    );
    expect(values).toEqual(keys.map((key) => bulk(`value of ${key}`)));

    // The door is closed now: slots are in use.
    const late = await redis();
    await ask(late.port, "SET", "late", "v");
    await v1.createGroup(2);
    const failure = await v1.addServer(2, { addr: late.addr, adopt: true }).catch(String);
    expect(failure).toMatch(/adopted \(--adopt\) only while all slots are offline/);
  },
  TEST_MS,
);

test(
  "a server that is added as replica follows the master: pending, syncing, synced; a hand-made change shows",
  async () => {
    const { v1, master, topom } = await newProduct();
    await ask(master.port, "SET", "k", "v");
    const replica = await redis();
    const whenSync = (state: string) =>
      waitFor(`sync ${state}`, TURN_MS, async () =>
        (await v1.server(1, replica.addr)).sync?.state === state ? true : undefined,
      );
    // The copy begins when the master is told so, and not before it was seen that it is waited for.
    await delayCopy(master, 3_600);
    expect((await v1.addServer(1, { addr: replica.addr, as_replica: true })).sync?.state).toBe(
      "pending",
    );
    await whenSync("syncing");
    await delayCopy(master, 0);
    await whenSync("synced");
    expect(await ask(replica.port, "GET", "k")).toBe("$1\r\nv\r\n");
    const shown = await waitFor("a look at the replica", TURN_MS, async () => {
      const server = await v1.server(1, replica.addr);
      return server.master_link === "up" ? server : undefined;
    });
    expect(shown).toMatchObject({ role: "replica", reported_role: "slave", status: "up" });
    expect(shown.reported_master).toBe(master.addr);
    const problemsOf = async () => {
      const { problems } = await v1.health();
      return problems.filter(({ subject }) => subject === `server ${replica.addr}`);
    };
    await waitFor("no problem", TURN_MS, async () =>
      (await problemsOf()).length === 0 ? true : undefined,
    );

    await ask(replica.port, "REPLICAOF", "NO", "ONE");
    await waitFor("the problem to be shown", TURN_MS, async () => {
      const [problem] = await problemsOf();
      return problem?.kind === "server_role" ? true : undefined;
    });
    // Order it again, through the old API.
    await topom.createSyncAction(replica.addr);
    await waitFor("the problem to be gone", TURN_MS, async () =>
      (await problemsOf()).length === 0 ? true : undefined,
    );
  },
  TEST_MS,
);

test(
  "FUNCTION libraries come to a new group; one that is changed by hand shows in the health",
  async () => {
    const { v1, master } = await newProduct();
    const register = (name: string, value: string) =>
      `redis.register_function('${name}', function() return '${value}' end)`;
    const library = (value: string) => `#!lua name=lib\n${register("f", value)}`;
    await ask(master.port, "FUNCTION", "LOAD", library("one"));
    const added = await redis();
    await v1.addServer(2, { addr: added.addr });
    expect(await ask(added.port, "FCALL", "f", "0")).toBe(bulk("one"));
    const differences = async () =>
      (await v1.health()).problems.filter(({ kind }) => kind === "functions_differ");
    await waitFor("both masters to be looked at", TURN_MS, async () => {
      const servers = (await v1.groups()).flatMap((group) => group.servers);
      return servers.every(({ functions }) => functions?.["lib"] !== undefined) ? true : undefined;
    });
    expect(await differences()).toEqual([]);

    // With another number of functions, which is seen with the next look; else it takes up to 30 s.
    const changed = `${library("two")}\n${register("g", "two")}`;
    await ask(added.port, "FUNCTION", "LOAD", "REPLACE", changed);
    const [problem] = await waitFor("the difference", TURN_MS, async () => {
      const found = await differences();
      return found.length > 0 ? found : undefined;
    });
    expect(problem?.message).toMatch(/library lib: other code in group 1 \w+, group 2 \w+/);
    await ask(added.port, "FUNCTION", "LOAD", "REPLACE", library("one"));
    await waitFor("no difference", TURN_MS, async () =>
      (await differences()).length === 0 ? true : undefined,
    );
    // A library of the same name with other code is no way in.
    const third = await redis();
    await ask(third.port, "FUNCTION", "LOAD", library("three"));
    await v1.createGroup(3);
    const failure = await v1.addServer(3, { addr: third.addr }).catch(String);
    expect(failure).toMatch(/has a library lib with other code/);
    expect((await v1.group(3)).servers).toEqual([]);
  },
  TEST_MS,
);
