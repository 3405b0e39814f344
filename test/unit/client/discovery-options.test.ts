/** Options of an application that can't work: one clear error each, before anything is connected. */
import { expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import {
  createDiscovery,
  type DiscoveryOptions,
  ioredisAdapter,
  nodeRedisAdapter,
} from "../../../src/client/discovery.ts";
import { freePort } from "../../support/free-port.ts";

const GOOD: DiscoveryOptions<Redis> = {
  coordinator: { kind: "zookeeper", addr: "127.0.0.1:1" },
  product: "demo",
  adapter: ioredisAdapter((options) => new Redis({ ...options })),
};

test.each([
  [{ product: "a/b" }, "product: expected a name that begins with"],
  [{ path: "jodis/demo" }, "path: expected a folder like /jodis/demo"],
  [{ acquireTimeoutMs: 0 }, "acquireTimeoutMs: expected milliseconds from 1 to"],
  [{ pingPeriodMs: -1 }, "pingPeriodMs: expected milliseconds from 0 to"],
  [{ graceMs: Number.NaN }, "graceMs: expected milliseconds from 1 to"],
  [{ coordinator: { kind: "consul", addr: "x" } }, "coordinator.kind: expected zookeeper or etcd"],
])("%p", async (changes, message) => {
  const failure = createDiscovery({ ...GOOD, ...(changes as Partial<typeof GOOD>) });
  await expect(failure).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  await expect(failure).rejects.toThrow(message);
});

test("an ioredis that would queue commands is refused", async () => {
  const adapter = ioredisAdapter((options) => new Redis({ ...options, enableOfflineQueue: true }));
  const failure = createDiscovery({ ...GOOD, adapter });
  await expect(failure).rejects.toThrow("ioredisAdapter: spread the given options");
});

test("why an ioredis can't connect is told", async () => {
  const { adapter } = GOOD;
  const client = adapter.create({ host: "127.0.0.1", port: await freePort() }, 1000);
  await expect(adapter.connect(client)).rejects.toThrow("ECONNREFUSED");
  adapter.destroy(client);
});

test("a node-redis that would reconnect by itself is refused", async () => {
  const adapter = nodeRedisAdapter((options) =>
    createClient({ ...options, socket: { host: "127.0.0.1", port: 1 } }),
  );
  const failure = createDiscovery({ ...GOOD, adapter });
  await expect(failure).rejects.toThrow("nodeRedisAdapter: spread the given options");
});

test("a coordinator that isn't there is told within the bound", async () => {
  const failure = createDiscovery({ ...GOOD, startTimeoutMs: 200 });
  await expect(failure).rejects.toMatchObject({ code: "COORDINATOR_UNREACHABLE" });
  await expect(failure).rejects.toThrow("can't read the proxies under /jodis/demo at zookeeper");
});
