/**
 * What clients see when a server dies, hangs, breaks off, or says itself that it can't serve, and that
 * the proxy comes back by itself. Real servers, but where one must break in the middle of a reply.
 *
 * Each test has two groups: the other one must never notice.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { FakeRedis } from "../support/fake-redis.ts";
import { freePort } from "../support/free-port.ts";
import { frameOf } from "../support/greedy-client.ts";
import { hasFrozenSince, wasFrozen } from "../support/held-proxy.ts";
import { type RedisServer, type RedisServerOptions, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { RunningClock } from "../support/running-clock.ts";
import {
  ask,
  keyOfGroup,
  type RunningProxy,
  type RunningProxyOptions,
  startProxy,
} from "../support/running-proxy.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 120_000;
/** Longest wait for what must come, on a busy machine. */
const RECOVERY_MS = 30_000;
/** Of a server that hangs: longer than a shared machine stands still, or the other one would hang as well. */
const HANG_MS = 4_000;
/** For the other group: less than what waits for a server that hangs. */
const OTHER_MS_MAX = 2_000;
const LOAD_TRIES_MAX = 4;
const TEAR_TRIES_MAX = 5;
const KEY = keyOfGroup(1, 2);
const OTHER_KEY = keyOfGroup(2, 2);
/** Codis's text for what was queued behind a broken connection, or finds none. */
const RESET = "-ERR handle response, backend conn reset\r\n";
/** Short, so that recovery is quick. */
const CONFIG = { backend_max_retry_delay: "200ms" };

const clock = new RunningClock();
let other: RedisServer;
const cleanup = cleanupsAfterEach();

beforeEach(async () => {
  other = await startServer({ args: ["--repl-diskless-sync-delay", "0"] });
});

async function startServer(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  cleanup(() => server.stop());
  return server;
}

/** A proxy on this server as group 1, and a healthy one as group 2. */
async function startHere(
  addr: string,
  config: NonNullable<RunningProxyOptions["config"]> = {},
  args: readonly string[] = [],
): Promise<RunningProxy> {
  const servers = [addr, other.addr];
  const proxy = await startProxy({ servers, config: { ...CONFIG, ...config }, args });
  cleanup(async () => expect((await proxy.stop()).code).toBe(0));
  return proxy;
}

async function say(connection: RespConnection, ...argv: readonly string[]): Promise<string> {
  return (await connection.call(...argv)).toString();
}

async function expectOtherServes(proxy: RunningProxy): Promise<void> {
  const { tookMs } = await clock.time(async () => {
    expect(await ask(proxy.port, "SET", OTHER_KEY, "v")).toBe("+OK\r\n");
    expect(await ask(proxy.port, "GET", OTHER_KEY)).toBe("$1\r\nv\r\n");
  });
  expect(tookMs).toBeLessThan(OTHER_MS_MAX);
}

async function expectRecovers(connection: RespConnection, reply: string): Promise<void> {
  await waitFor(`reply ${JSON.stringify(reply)}`, RECOVERY_MS, async () =>
    (await say(connection, "GET", KEY)) === reply ? true : undefined,
  );
}

/** Waits until the proxy has sent so many requests to the server that aren't answered. */
async function waitInFlight(proxy: RunningProxy, addr: string, count: number): Promise<void> {
  await waitFor(`${count} requests in flight to ${addr}`, RECOVERY_MS, async () => {
    const response = await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`);
    const line = `codis_proxy_backend_in_flight{addr="${addr}"} ${count}\n`;
    return (await response.text()).includes(line) ? true : undefined;
  });
}

/** The first line of an event that has the text: the log comes through a pipe, later than the reply. */
function awaitLogged(proxy: RunningProxy, event: string, text: string): Promise<string> {
  return waitFor(`a line ${event} with "${text}"`, RECOVERY_MS, () => {
    const lines = proxy.log().filter((line) => line["event"] === event);
    return lines.map((line) => `${line["msg"]}`).find((line) => line.includes(text));
  });
}

test.each([2, 3])(
  "a server that is killed fails its requests in Codis's words and serves again after its start, RESP%d",
  async (proto) => {
    const port = await freePort();
    const server = await startRedis({ port });
    const proxy = await startHere(server.addr);
    const client = await proxy.connect();
    await say(client, "HELLO", `${proto}`);
    expect(await say(client, "SET", KEY, "before")).toBe("+OK\r\n");

    server.pause();
    for (const name of [KEY, OTHER_KEY, KEY, KEY]) {
      client.write(Buffer.from(`*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`));
    }
    await waitInFlight(proxy, server.addr, 3);
    await server.kill();
    const replies: string[] = [];
    for (let left = 4; left > 0; left--) replies.push(`${await client.next()}`);
    expect(replies[0]).toMatch(/^-ERR handle response, backend conn failure, .+\r\n$/);
    expect(replies.slice(1)).toEqual([proto === 2 ? "$-1\r\n" : "_\r\n", RESET, RESET]);

    expect(await say(client, "GET", KEY)).toBe(RESET);
    expect(await say(client, "MGET", OTHER_KEY, KEY)).toBe(RESET);
    await expectOtherServes(proxy);
    await awaitLogged(proxy, "backend.failed", server.addr);

    await startServer({ port });
    await expectRecovers(client, proto === 2 ? "$-1\r\n" : "_\r\n");
    expect(await say(client, "SET", KEY, "after")).toBe("+OK\r\n");
    client.destroy();
  },
  TEST_MS,
);

test("with session_break_on_failure an error of the proxy ends the session, one of Redis doesn't", async () => {
  const server = await startServer();
  const proxy = await startHere(server.addr, { session_break_on_failure: true });
  const client = await proxy.connect();
  expect(await say(client, "SET", KEY, "v")).toBe("+OK\r\n");
  expect(await say(client, "INCR", KEY)).toMatch(/^-ERR value is not an integer/);
  await server.kill();
  client.write(Buffer.from(frameOf("GET", OTHER_KEY) + frameOf("GET", KEY)));
  expect(`${await client.next()}`).toBe("$-1\r\n");
  expect(`${await client.next()}`).toBe(RESET);
  await withDeadline("end of the session", RECOVERY_MS, client.closed);
});

test(
  "a server that hangs costs its requests backend_recv_timeout, and nobody else anything",
  async () => {
    const server = await startServer();
    // Only the first failure in a row is a warning.
    const config = { backend_recv_timeout: `${HANG_MS}ms` };
    const proxy = await startHere(server.addr, config, ["--log-level", "debug"]);
    const client = await proxy.connect();
    // A machine that stands still is a server that hangs.
    await waitFor("a write", RECOVERY_MS, async () =>
      (await say(client, "SET", KEY, "v")) === "+OK\r\n" ? true : undefined,
    );
    server.pause();
    const [startMs, runningMs] = [performance.now(), clock.nowMs()];
    const hanging = say(client, "GET", KEY);
    await expectOtherServes(proxy);
    expect(await hanging).toBe("-ERR handle response, backend conn failure, i/o timeout\r\n");
    expect(performance.now() - startMs).toBeGreaterThan(HANG_MS - 50);
    expect(clock.nowMs() - runningMs).toBeLessThan(2 * HANG_MS);
    // Its kernel still accepts connections: the handshake hangs now, and is bounded as well.
    expect(await say(client, "GET", KEY)).toBe(RESET);
    expect(await say(client, "GET", KEY)).toBe(RESET);
    await expectOtherServes(proxy);
    await awaitLogged(proxy, "backend.failed", "no answer to the handshake");

    server.resume();
    await expectRecovers(client, "$1\r\nv\r\n");
    client.destroy();
  },
  TEST_MS,
);

test(
  "backend_recv_timeout of 0 waits for a hanging server without end",
  async () => {
    const server = await startServer();
    const proxy = await startHere(server.addr, { backend_recv_timeout: 0 });
    const client = await proxy.connect();
    expect(await say(client, "SET", KEY, "v")).toBe("+OK\r\n");
    server.pause();
    const hanging = say(client, "GET", KEY);
    // Longer than a check of timeouts takes to come by.
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    server.resume();
    expect(await hanging).toBe("$1\r\nv\r\n");
    client.destroy();
  },
  TEST_MS,
);

test(
  "a server that hangs under load fills its queue only, and does all of it when it goes on",
  async () => {
    // A proxy that stood still meanwhile gives up what isn't sent yet, and says so: then it is tried again.
    for (let tries = 1; !(await doesAllUnderLoad()); tries += 1) {
      expect(tries).toBeLessThan(LOAD_TRIES_MAX);
    }
  },
  LOAD_TRIES_MAX * TEST_MS,
);

/** False: the proxy stood still, and some of it was given up. */
async function doesAllUnderLoad(): Promise<boolean> {
  const server = await startServer();
  const config = { backend_recv_timeout: "30s", backend_max_queue_size: "16mb" };
  const proxy = await startHere(server.addr, config);
  const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.connect()));
  await clients[0]?.call("SET", KEY, "v");
  const baseBytes = proxy.residentBytes();
  server.pause();
  const request = Buffer.from(frameOf("SET", KEY, "x".repeat(1_000_000)));
  for (const client of clients) for (let left = 10; left > 0; left--) client.write(request);
  let highestBytes = 0;
  const unexpected: string[] = [];
  const endsAt = performance.now() + 2_000;
  const bystander = await proxy.connect();
  while (performance.now() < endsAt) {
    const startMs = clock.nowMs();
    const reply = await say(bystander, "GET", OTHER_KEY);
    if (reply !== "$-1\r\n") unexpected.push(reply);
    // Far from backend_recv_timeout, also where 200 MB on their way keep the processors busy.
    expect(clock.nowMs() - startMs).toBeLessThan(10_000);
    highestBytes = Math.max(highestBytes, proxy.residentBytes());
  }
  if (unexpected.length > 0 && (await hasFrozenSince(proxy, 0))) {
    return false;
  }
  expect(unexpected).toEqual([]);
  // The queue of 16 MB, and a request of 1 MB of each client in a buffer of up to 2 MB.
  expect(highestBytes - baseBytes).toBeLessThan(150_000_000);
  server.resume();
  const replies: string[] = [];
  for (const client of clients) {
    for (let left = 10; left > 0; left--) replies.push(`${await client.next("SET")}`);
    client.destroy();
  }
  bystander.destroy();
  if (replies.includes(RESET) && wasFrozen(proxy)) {
    return false;
  }
  expect(new Set(replies)).toEqual(new Set(["+OK\r\n"]));
  return true;
}

describe("a server that closes", () => {
  /** Tears the reply of the first GET after so many bytes, and of each one after `tear`. */
  async function startTorn(size: number, closeAfterBytes: number, isFirstTorn = true) {
    let isTearing = isFirstTorn;
    const fake = await FakeRedis.start({
      answer: ({ argv }) =>
        `${argv[0]}` === "GET" && `${argv[1]}` === KEY
          ? Buffer.from(`$${size}\r\n${"x".repeat(size)}\r\n`)
          : undefined,
      deliver: ({ argv }) => {
        if (`${argv[0]}` !== "GET" || !isTearing) return {};
        isTearing = false;
        return { closeAfterBytes };
      },
    });
    cleanup(() => fake.close());
    const tear = (): void => {
      isTearing = true;
    };
    return { addr: fake.addr, tear };
  }

  test.each([0, 1, 6, 106])("after %d bytes of a reply leaves the order as it is", async (at) => {
    const fake = await startTorn(100, at);
    const proxy = await startHere(fake.addr);
    const client = await proxy.connect();
    expect(await say(client, "SET", OTHER_KEY, "v")).toBe("+OK\r\n");
    for (const name of [KEY, OTHER_KEY, KEY]) {
      client.write(Buffer.from(`*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`));
    }
    expect(`${await client.next()}`).toBe("-ERR handle response, backend conn failure, EOF\r\n");
    expect(`${await client.next()}`).toBe("$1\r\nv\r\n");
    expect(`${await client.next()}`).toBe(RESET);
    await expectRecovers(client, `$100\r\n${"x".repeat(100)}\r\n`);
    client.destroy();
  });

  test("after a part of a large reply was passed on ends the session, with a line in the log", async () => {
    // What arrives in small pieces isn't passed on before it is whole: the window must open first.
    const wholeCount = 8;
    const whole = `$4000000\r\n${"x".repeat(4_000_000)}\r\n`;
    const fake = await startTorn(4_000_000, 3_000_000, false);
    const proxy = await startHere(fake.addr);
    const client = await proxy.connect();
    const bystander = await proxy.connect();
    for (let tries = 1; ; tries++) {
      for (let count = 0; count < wholeCount; count++) await expectRecovers(client, whole);
      fake.tear();
      const outcome = await client.call("GET", KEY).then(String, String);
      if (/closed the connection|ECONNRESET/.test(outcome)) break;
      // How large the pieces are is the kernel's affair.
      expect(outcome).toBe("-ERR handle response, backend conn failure, EOF\r\n");
      expect(tries).toBeLessThan(TEAR_TRIES_MAX);
    }
    await awaitLogged(proxy, "session.closed", "a reply broke off");
    await expectRecovers(bystander, whole);
    bystander.destroy();
  });

  test("or answers what isn't RESP is left, and its requests fail", async () => {
    let isBad = true;
    const fake = await FakeRedis.start({
      answer: ({ argv }) =>
        isBad && `${argv[0]}` === "GET" ? Buffer.from("HTTP/1.1\r\n") : undefined,
    });
    cleanup(() => fake.close());
    const proxy = await startHere(fake.addr);
    const client = await proxy.connect();
    const reply = await say(client, "GET", KEY);
    expect(reply).toBe("-ERR handle response, backend conn failure, bad reply\r\n");
    isBad = false;
    await expectRecovers(client, "$-1\r\n");
    client.destroy();
  });
});

describe("an error of Redis reaches the client as it is:", () => {
  test(
    "LOADING while a server reads its data, and the data afterwards",
    async () => {
      const folder = memoryFolder();
      const first = await startRedis({ dir: folder.path });
      await ask(first.port, "SET", KEY, "v");
      for (let number = 0; number < 20; number++) {
        const names = Array.from({ length: 200 }, (_, key) => [`load:${number}:${key}`, "v"]);
        await ask(first.port, "MSET", ...names.flat());
      }
      expect(await ask(first.port, "SAVE")).toBe("+OK\r\n");
      await first.stop();
      // Five milliseconds for each of 4,001 keys, until the test has seen enough.
      const slow = ["--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024"];
      const port = await freePort();
      const proxy = await startHere(`127.0.0.1:${port}`);
      const client = await proxy.connect();
      const starting = startServer({ port, dir: folder.path, args: slow });
      starting.catch(() => undefined);
      await waitFor("LOADING error", RECOVERY_MS, async () =>
        (await say(client, "GET", KEY)) === "-LOADING Redis is loading the dataset in memory\r\n"
          ? true
          : undefined,
      );
      await expectOtherServes(proxy);
      expect(await ask(port, "CONFIG", "SET", "key-load-delay", "0")).toBe("+OK\r\n");
      await starting;
      await expectRecovers(client, "$1\r\nv\r\n");
      client.destroy();
      cleanup(async () => folder.remove());
    },
    TEST_MS,
  );

  test("MASTERDOWN of a replica that has lost its master", async () => {
    const nobody = await freePort();
    const server = await startServer({ args: ["--replica-serve-stale-data", "no"] });
    await ask(server.port, "SET", KEY, "v");
    await ask(server.port, "REPLICAOF", "127.0.0.1", `${nobody}`);
    const proxy = await startHere(server.addr);
    expect(await ask(proxy.port, "GET", KEY)).toBe(
      "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
    );
    await expectOtherServes(proxy);
    await ask(server.port, "REPLICAOF", "NO", "ONE");
    expect(await ask(proxy.port, "GET", KEY)).toBe("$1\r\nv\r\n");
  });

  test("READONLY of a replica, which serves reads", async () => {
    const server = await startServer();
    await ask(server.port, "REPLICAOF", "127.0.0.1", `${other.port}`);
    await ask(other.port, "SET", KEY, "v");
    const proxy = await startHere(server.addr);
    await waitFor("the master's value at the replica", RECOVERY_MS, async () =>
      (await ask(proxy.port, "GET", KEY)) === "$1\r\nv\r\n" ? true : undefined,
    );
    const error = "-READONLY You can't write against a read only replica.\r\n";
    expect(await ask(proxy.port, "SET", KEY, "w")).toBe(error);
    expect(await ask(proxy.port, "MSET", OTHER_KEY, "1", KEY, "w")).toBe(error);
    expect(await ask(proxy.port, "DEL", OTHER_KEY, KEY)).toBe(error);
    await expectOtherServes(proxy);
  });

  test("OOM of a full server, which serves reads", async () => {
    const server = await startServer();
    await ask(server.port, "SET", KEY, "v");
    await ask(server.port, "CONFIG", "SET", "maxmemory", "1");
    const proxy = await startHere(server.addr);
    const error = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    expect(await ask(proxy.port, "SET", KEY, "w")).toBe(error);
    expect(await ask(proxy.port, "MSET", OTHER_KEY, "1", KEY, "w")).toBe(error);
    expect(await ask(proxy.port, "GET", KEY)).toBe("$1\r\nv\r\n");
    await expectOtherServes(proxy);
  });
});

describe("a server that can't be used:", () => {
  test("a wrong product_auth is named in the log, and mended at the server", async () => {
    const server = await startServer();
    await ask(server.port, "CONFIG", "SET", "requirepass", "right");
    await ask(other.port, "CONFIG", "SET", "requirepass", "wrong");
    const proxy = await startHere(server.addr, { product_auth: "wrong" });
    const client = await proxy.connect();
    expect(await say(client, "GET", KEY)).toBe(RESET);
    expect(await say(client, "SET", OTHER_KEY, "v")).toBe("+OK\r\n");
    const line = await awaitLogged(proxy, "backend.failed", "AUTH failed: WRONGPASS");
    expect(line).toContain(server.addr);
    expect(proxy.program.stdout()).not.toContain('"wrong"');

    const admin = await RespConnection.open(server.port);
    await say(admin, "AUTH", "right");
    await say(admin, "CONFIG", "SET", "requirepass", "wrong");
    admin.destroy();
    await expectRecovers(client, "$-1\r\n");
    client.destroy();
  });

  test("a server with a password, without product_auth, is named in the log", async () => {
    const server = await startServer();
    await ask(server.port, "CONFIG", "SET", "requirepass", "right");
    const proxy = await startHere(server.addr);
    expect(await ask(proxy.port, "GET", KEY)).toBe(RESET);
    await expectOtherServes(proxy);
    await awaitLogged(proxy, "backend.failed", "failed: NOAUTH Authentication");
  });

  test("a server that nobody listens at", async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const proxy = await startHere(nobody);
    expect(await ask(proxy.port, "GET", KEY)).toBe(RESET);
    expect(await ask(proxy.port, "MGET", KEY, OTHER_KEY)).toBe(RESET);
    await expectOtherServes(proxy);
    await awaitLogged(proxy, "backend.failed", `backend ${nobody}: connection refused`);
  });

  test("a slot without a server", async () => {
    const proxy = await startHere("");
    const offline = "-ERR handle request, slot is not ready, may be offline\r\n";
    expect(await ask(proxy.port, "GET", KEY)).toBe(offline);
    expect(await ask(proxy.port, "MGET", OTHER_KEY, KEY)).toBe(offline);
    expect(await ask(proxy.port, "EVAL", "return 1", "1", KEY)).toBe(offline);
    await expectOtherServes(proxy);
    await awaitLogged(proxy, "slots.offline", "slots without a server: 0-511");
  });
});
