/**
 * Stock clients with their default settings run an ordinary workload through a real proxy over two real
 * groups, with and without a password for clients; what can't be run here is replayed as recorded.
 *
 * The workloads are programs of their own (test/system/clients) that assert each result in the library's
 * own types, and ask for a restart of the proxy in the middle. Their output is in the error on failure.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { clientHandshakes } from "../support/client-handshake.ts";
import { replayHandshake } from "../support/handshake-replay.ts";
import { countFreezes } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, keyOfGroup, type RunningProxy, startProxy } from "../support/running-proxy.ts";
import { requireDebianPackages, runClient, workload } from "./clients/client-process.ts";

const PASSWORD = "s3cret";
const TEST_MS = 120_000;
/** Of a test on a machine that stands still. */
const TRIES_MAX = 3;
const GROUP_COUNT = 2;
let servers: readonly RedisServer[];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(flushAll);

async function flushAll(): Promise<void> {
  await Promise.all(servers.map((server) => ask(server.port, "FLUSHALL")));
}

/** Libraries with the program that runs their workload. */
const LIBRARIES: readonly {
  readonly name: string;
  readonly packages: readonly string[];
  readonly command: readonly string[];
}[] = [
  { name: "ioredis 6 on Node", packages: [], command: ["node", workload("ioredis.mjs")] },
  { name: "ioredis 6 on Bun", packages: [], command: [process.execPath, workload("ioredis.mjs")] },
  { name: "node-redis 6 on Node", packages: [], command: ["node", workload("node-redis.mjs")] },
  {
    name: "node-redis 6 on Bun",
    packages: [],
    command: [process.execPath, workload("node-redis.mjs")],
  },
  {
    name: "redis-py of Debian",
    packages: ["python3-redis"],
    // Not any other Python of the path: Debian's package belongs to Debian's Python.
    command: ["/usr/bin/python3", workload("redis_py.py")],
  },
  {
    name: "phpredis of Debian",
    packages: ["php-redis"],
    command: ["/usr/bin/php", workload("phpredis.php")],
  },
  {
    name: "redis-rb of Debian",
    packages: ["ruby-redis"],
    command: ["/usr/bin/ruby", workload("redis_rb.rb")],
  },
];

describe.each([
  ["without a password", ""],
  ["with session_auth", PASSWORD],
])("%s", (_, password) => {
  let proxy: RunningProxy;

  /** Each in the place of the one before. */
  const started: RunningProxy[] = [];

  beforeAll(async () => {
    proxy = await startHere();
  });

  /** A proxy that stood still gives up what it had taken and not sent, rightly, and a client may fail by that. */
  async function unlessFrozen(run: () => Promise<void>): Promise<void> {
    const count = (): number => started.reduce((sum, each) => sum + countFreezes(each), 0);
    for (let tries = 1; ; tries++) {
      const freezes = count();
      try {
        return await run();
      } catch (thrown) {
        if (tries === TRIES_MAX || count() === freezes) throw thrown;
        await flushAll();
      }
    }
  }

  afterAll(async () => {
    expect((await proxy.stop()).code).toBe(0);
  });

  async function startHere(port?: number): Promise<RunningProxy> {
    const next = await startProxy({
      servers: servers.map((server) => server.addr),
      config: { session_auth: password },
      ...(port === undefined ? {} : { port }),
    });
    started.push(next);
    return next;
  }

  /** Ends the proxy in good order and starts it anew on the same port, as an upgrade does. */
  async function restartProxy(): Promise<void> {
    expect((await proxy.stop()).code).toBe(0);
    proxy = await startHere(proxy.port);
  }

  test.each([...LIBRARIES])(
    "$name runs its workload",
    ({ packages, command }) =>
      unlessFrozen(async () => {
        requireDebianPackages(...packages);
        const args = [...command, `${proxy.port}`, password];
        const output = await runClient(args, { restartProxy });
        expect(output).toMatch(/all of .+ went well/);
        // The workload was spread: each group has some of the 500 keys of its pipeline.
        for (const server of servers) {
          expect(Number((await ask(server.port, "DBSIZE")).slice(1))).toBeGreaterThan(100);
        }
      }),
    TRIES_MAX * TEST_MS,
  );

  test.each([
    ["redis-cli", []],
    ["redis-cli -3", ["-3"]],
  ])(
    "%s runs commands, also after an error",
    (_name, flags) =>
      unlessFrozen(async () => {
        const login = password === "" ? [] : ["-a", password, "--no-auth-warning"];
        const base = ["redis-cli", "-p", `${proxy.port}`, ...login, ...flags];
        const input = [
          "SET {a}s 1",
          "HSET h f v",
          "HGETALL h",
          "LPUSH {a}s x",
          "SUNION k1 k2 k3 k4",
          `MSET ${keyOfGroup(1, GROUP_COUNT)} one ${keyOfGroup(2, GROUP_COUNT)} two`,
          `MGET ${keyOfGroup(1, GROUP_COUNT)} ${keyOfGroup(2, GROUP_COUNT)}`,
          "SELECT 3",
          "GET {a}s",
          "PING",
        ].join("\n");
        const lines = (await runClient(base, { input })).trimEnd().split("\n");
        const filled = lines.filter((line) => line !== "");
        expect(filled[0]).toBe("OK");
        expect(filled.slice(1)).toEqual([
          "1",
          ...(flags.length > 0 ? ["f v"] : ["f", "v"]),
          "WRONGTYPE Operation against a key holding the wrong kind of value",
          "CROSSSLOT Keys in request don't hash to the same slot",
          "OK",
          "one",
          "two",
          "OK",
          "PONG",
        ]);
        const found = await runClient([...base, "--scan", "--pattern", "key:*"]);
        expect(found.trim().split("\n")).toHaveLength(2);
      }),
    TRIES_MAX * TEST_MS,
  );

  test(
    "redis-cli --pipe loads 20,000 keys",
    () =>
      unlessFrozen(async () => {
        const login = password === "" ? [] : ["-a", password, "--no-auth-warning"];
        const requests = Array.from({ length: 20_000 }, (_unused, number) => {
          const name = `piped:${number}`;
          return `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$1\r\nv\r\n`;
        });
        const output = await runClient(["redis-cli", "-p", `${proxy.port}`, ...login, "--pipe"], {
          input: requests.join(""),
        });
        expect(output).toContain("errors: 0, replies: 20000");
        const sizes = await Promise.all(servers.map((server) => ask(server.port, "DBSIZE")));
        expect(sizes.reduce((sum, size) => sum + Number(size.slice(1)), 0)).toBe(20_000);
      }),
    TRIES_MAX * TEST_MS,
  );

  test.each([
    ["as it is", ["-n", "1000"]],
    ["with -P 16", ["-n", "2000", "-P", "16"]],
    ["with random keys and -3", ["-n", "1000", "-r", "1000", "-3"]],
  ])(
    "redis-benchmark runs its default tests %s",
    (_name, flags) =>
      unlessFrozen(async () => {
        const login = password === "" ? [] : ["-a", password];
        const command = ["redis-benchmark", "-p", `${proxy.port}`, ...login, ...flags, "--csv"];
        const output = await runClient(command);
        // CONFIG GET is answered, or the program warns about it.
        expect(output).not.toMatch(/error|warning/i);
        const names = [...output.matchAll(/^"([A-Z_]+)[^"]*","[\d.]+"/gm)].map((match) => match[1]);
        for (const name of ["PING_INLINE", "SET", "GET", "LPUSH", "ZADD", "LRANGE_", "MSET"]) {
          expect(names).toContain(name);
        }
        expect(names.length).toBeGreaterThanOrEqual(20);
      }),
    TRIES_MAX * TEST_MS,
  );

  const login = password === "" ? undefined : password;
  test.each(clientHandshakes(login).map((one) => [`${one.client} ${one.version}`, one] as const))(
    "the handshake of %s passes",
    async (_name, handshake) => {
      // Clients that know RESP3 get it: no fallback.
      expect(await replayHandshake(proxy.port, handshake)).toMatchObject({ hasFallenBack: false });
    },
  );
});

test("a handshake with a wrong password fails, of every client", async () => {
  const addrs = servers.map((server) => server.addr);
  const proxy = await startProxy({ servers: addrs, config: { session_auth: PASSWORD } });
  for (const handshake of clientHandshakes("wrong")) {
    const replay = replayHandshake(proxy.port, handshake);
    await expect(replay).rejects.toThrow(handshake.client);
  }
  expect((await proxy.stop()).code).toBe(0);
});
