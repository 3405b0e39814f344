/**
 * The end of a proxy under load: on SIGTERM nothing that was acknowledged is lost, nothing in flight is
 * left without an answer, and the exit code is 0 within the bound; after SIGKILL a restart serves again.
 *
 * Writes are counted by INCR: the counter at the server is what was done, the replies are what was
 * acknowledged.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  counterOf,
  newWriters,
  WRITER_PIPELINE,
  waitForWrites,
} from "../support/counting-writer.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { FakeRedis } from "../support/fake-redis.ts";
import { wasFrozen } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { RunningClock } from "../support/running-clock.ts";
import { ask, type RunningProxy, startProxy } from "../support/running-proxy.ts";
import { UnreadConnection } from "../support/unread-connection.ts";

const TEST_MS = 120_000;
/** Longest wait for what must come, on a busy machine. */
const WAIT_MS = 30_000;
const TRIES_MAX = 3;
const WRITER_COUNT = 16;
/** Answered before the signal comes, so that it comes under load. */
const WARM_COUNT = 2_000;
/** For what has nothing to wait for: less than the default of shutdown_timeout. */
const AT_ONCE_MS = 5_000;

const clock = new RunningClock();
let servers: readonly RedisServer[];
let addrs: readonly string[];
const fakes: FakeRedis[] = [];
const proxies: RunningProxy[] = [];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  addrs = servers.map((server) => server.addr);
});

beforeEach(async () => {
  for (const server of servers) await ask(server.port, "FLUSHALL");
});

afterEach(async () => {
  // Those that have ended don't mind.
  for (const proxy of proxies.splice(0)) await proxy.kill();
  for (const fake of fakes.splice(0)) await fake.close();
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

async function startHere(...args: Parameters<typeof startProxy>): Promise<RunningProxy> {
  const proxy = await startProxy(...args);
  proxies.push(proxy);
  return proxy;
}

/** A proxy that stood still gives up what it had taken and not sent, rightly, and warns: then it is done once more. */
async function unlessFrozen(run: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; !(await run()); tries += 1) {
    expect(tries).toBeLessThan(TRIES_MAX);
    for (const server of servers) await ask(server.port, "FLUSHALL");
  }
}

describe.each([1, 2])("SIGTERM with %d workers", (workers) => {
  test(
    "under load answers what is in flight, loses no acknowledged write and ends with 0",
    () => unlessFrozen(() => endsUnderLoad(workers)),
    TRIES_MAX * TEST_MS,
  );

  async function endsUnderLoad(count: number): Promise<boolean> {
    const proxy = await startHere({ servers: addrs, config: { workers: count } });
    const bench = spawn("redis-benchmark", [
      ...["-p", `${proxy.port}`, "-t", "set,get,mset", "-n", "100000000", "-r", "1000", "-q"],
    ]);
    const benchEnd = new Promise((resolve) => bench.once("close", resolve));
    bench.stdout.resume();
    bench.stderr.resume();
    const writers = newWriters(WRITER_COUNT);
    const running = writers.map((writer) => writer.run(proxy.port));
    await waitForWrites(writers, WARM_COUNT);

    const { value: exit, tookMs } = await clock.time(() => proxy.stop());
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    expect(exit).toMatchObject({ code: 0, stderr: "" });
    await withDeadline("end of the writers", WAIT_MS, Promise.all(running));
    // It may wait for ever: a connection that it finds closed when it writes is one less, and no end to it.
    bench.kill("SIGKILL");
    await withDeadline("end of redis-benchmark", WAIT_MS, benchEnd);
    if (wasFrozen(proxy)) return false;
    for (const writer of writers) {
      expect(writer.errors).toEqual([]);
      // Not one more at the server either: what was done was also acknowledged.
      expect(await counterOf(servers, writer.key)).toBe(writer.acknowledged);
    }
    expect(exit.stdout).toContain('"event":"proxy.stopped"');
    // An end in good order is nothing to warn of.
    expect(exit.stdout).not.toMatch(/"level":"(warn|error)"/);
    await expect(RespConnection.open(proxy.port)).rejects.toThrow("ECONNREFUSED");
    return true;
  }

  test("with idle clients only doesn't wait", async () => {
    const proxy = await startHere({ servers: addrs, config: { workers } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.connect()));
    for (const client of clients) expect(`${await client.call("PING")}`).toBe("+PONG\r\n");
    const { value: exit, tookMs } = await clock.time(() => proxy.stop());
    expect(exit.code).toBe(0);
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    await Promise.all(clients.map((client) => client.closed));
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "(%s) waits for a slow server, and closes nobody's last reply",
    async (signal) => {
      const fake = await FakeRedis.start();
      fakes.push(fake);
      const proxy = await startHere({ servers: [fake.addr], config: { workers } });
      const client = await proxy.connect();
      expect(`${await client.call("SET", "k", "v")}`).toBe("+OK\r\n");
      fake.isWithholding = true;
      const reply = client.call("GET", "k");
      await waitFor("GET at the server", WAIT_MS, () =>
        fake.requests("GET").length > 0 ? true : undefined,
      );
      proxy.program.signal(signal);
      await proxy.program.sees(/"event":"proxy.stopping"/);
      fake.release();
      expect(`${await reply}`).toBe("$1\r\nv\r\n");
      expect((await proxy.program.ended(WAIT_MS)).code).toBe(0);
    },
    TEST_MS,
  );

  test("ends after shutdown_timeout when a server never answers", async () => {
    const fake = await FakeRedis.start();
    fakes.push(fake);
    const config = { workers, shutdown_timeout: "1s" };
    const proxy = await startHere({ servers: [fake.addr], config });
    const client = await proxy.connect();
    fake.isWithholding = true;
    const reply = client.call("GET", "k").catch(() => "closed");
    await waitFor("GET at the server", WAIT_MS, () => (fake.journal.length > 0 ? true : undefined));
    const startMs = performance.now();
    const { value: exit, tookMs } = await clock.time(() => proxy.stop());
    expect(exit.code).toBe(0);
    // One that stood still has given the request up already.
    if (!wasFrozen(proxy)) {
      expect(performance.now() - startMs).toBeGreaterThan(900);
    }
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    await reply;
  });

  test("ends after shutdown_timeout when a client doesn't read", async () => {
    const config = { workers, shutdown_timeout: "1s" };
    const proxy = await startHere({ servers: addrs, config });
    const setter = await proxy.connect();
    await setter.call("SET", "big", "x".repeat(1_000_000));
    setter.destroy();
    const client = await UnreadConnection.open(proxy.port);
    await client.write(Buffer.from("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n".repeat(40)));
    await waitFor("output that waits", WAIT_MS, async () => {
      const response = await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`);
      const bytes = /^codis_proxy_buffered_bytes (\d+)/m.exec(await response.text())?.[1];
      return Number(bytes) > 500_000 ? true : undefined;
    });
    const { value: exit, tookMs } = await clock.time(() => proxy.stop());
    expect(exit.code).toBe(0);
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    client.destroy();
  });
});

test.each([1, 2])(
  "a proxy of %d workers that is killed under load and started again serves, and no acknowledged write is lost",
  (workers) => unlessFrozen(() => survivesKills(workers)),
  TRIES_MAX * TEST_MS,
);

async function survivesKills(workers: number): Promise<boolean> {
  const kills = 2;
  let proxy = await startHere({ servers: addrs, config: { workers } });
  let isFrozen = false;
  const { port } = proxy;
  const writers = newWriters(WRITER_COUNT);
  for (let round = 0; round < kills; round++) {
    const running = writers.map((writer) => writer.run(port));
    await waitForWrites(writers, WARM_COUNT * (round + 1));
    await proxy.kill();
    await withDeadline("end of the writers", WAIT_MS, Promise.all(running));
    isFrozen ||= wasFrozen(proxy);
    proxy = await startHere({ servers: addrs, config: { workers }, port });
  }
  if (isFrozen) return false;
  for (const writer of writers) {
    expect(writer.errors).toEqual([]);
    const counter = await counterOf(servers, writer.key);
    expect(counter).toBeGreaterThanOrEqual(writer.acknowledged);
    // What was in flight at a kill may have been done; nothing was done twice.
    expect(counter).toBeLessThanOrEqual(writer.acknowledged + kills * WRITER_PIPELINE);
  }
  expect(await ask(port, "PING")).toBe("+PONG\r\n");
  expect((await proxy.stop()).code).toBe(0);
  return true;
}
