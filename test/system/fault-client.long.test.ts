/**
 * The heavier half of fault-client.test.ts: larger replies for a client that doesn't read, and clients
 * that really send one byte a second.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { frameOf, runGreedyClient } from "../support/greedy-client.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, keyOfGroup, type RunningProxy, startProxy } from "../support/running-proxy.ts";

const TEST_MS = 180_000;
const MB = 1024 * 1024;
const KEY = keyOfGroup(1, 2);
const OTHER_KEY = keyOfGroup(2, 2);

let servers: readonly RedisServer[];
let proxy: RunningProxy | undefined;

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

async function startHere(config: Readonly<Record<string, string>> = {}): Promise<RunningProxy> {
  proxy = await startProxy({ servers: servers.map((server) => server.addr), config });
  return proxy;
}

test.each([
  ["GET of one group", frameOf("GET", KEY), 100, 120 * MB],
  ["MGET of both groups", frameOf("MGET", KEY, OTHER_KEY), 100, 120 * MB],
  ["GET of 1 KB", frameOf("GET", KEY), 1_000, 150 * MB],
  // A full pipeline of session_max_pipeline requests, whose replies are kept: 100 MB.
  ["GET of 10 KB", frameOf("GET", KEY), 10_000, 400 * MB],
])(
  "a client that sends a million times %s and reads nothing is closed, and memory stays bounded",
  async (_name, request, valueBytes, growthBytesMax) => {
    const running = await startHere({ session_send_timeout: "2s" });
    const value = "v".repeat(valueBytes);
    expect(await ask(running.port, "MSET", KEY, value, OTHER_KEY, value)).toBe("+OK\r\n");
    const probe = { argv: ["GET", OTHER_KEY], reply: `$${valueBytes}\r\n${value}\r\n` };
    const outcome = await runGreedyClient(running, request, probe);
    expect(outcome.wrong).toEqual([]);
    expect(outcome.growthBytes).toBeLessThan(growthBytesMax);
    expect(outcome.slowestMs).toBeLessThan(1_000);
  },
  TEST_MS,
);

test(
  "two hundred clients that send one byte a second get their answers, and delay nobody",
  async () => {
    const running = await startHere({ session_recv_timeout: "5s" });
    const request = Buffer.from(frameOf("SET", KEY, "v"));
    const slow = await Promise.all(Array.from({ length: 200 }, () => running.connect()));
    const fast = await running.connect();
    let slowestMs = 0;
    for (const byte of request) {
      for (const client of slow) client.write(Buffer.of(byte));
      const endsAt = performance.now() + 1_000;
      while (performance.now() < endsAt) {
        const startMs = performance.now();
        await fast.call("GET", OTHER_KEY);
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    for (const client of slow) {
      expect(`${await client.next()}`).toBe("+OK\r\n");
      client.destroy();
    }
    expect(slowestMs).toBeLessThan(500);
    fast.destroy();
  },
  TEST_MS,
);
