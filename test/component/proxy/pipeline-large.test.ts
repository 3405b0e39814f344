/**
 * Large values through the proxy to two real servers: stored and read whole, alone and together, while small
 * requests of other sessions go on.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { memoryGauge } from "../../../src/net/buffer-pool.ts";
import { blob, bulk } from "../../support/fake-store.ts";
import { type ProxyWorker, startProxyWorker } from "../../support/proxy-worker.ts";
import { command, RawClient } from "../../support/raw-client.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const MB = 1024 * 1024;
const NEAR = "dog";
const FAR = "cat";

let servers: RedisServer[] = [];
let proxy: ProxyWorker;
let client: RawClient;

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxyWorker(servers.map((server) => server.addr));
  client = await RawClient.open(proxy.port);
});

afterAll(async () => {
  client.destroy();
  await proxy.close();
  await Promise.all(servers.map((server) => server.stop()));
  expect(memoryGauge.usedBytes).toBe(0);
});

test("values of 5 MB are set and read, alone and by MSET and MGET over both groups", async () => {
  const near = blob(5 * MB);
  const far = blob(5 * MB + 7);
  await client.write(command("SET", NEAR, near));
  await client.expectNext("+OK\r\n");
  await client.write(command("MSET", FAR, far, "apple", "small"));
  await client.expectNext("+OK\r\n");
  await client.write(command("GET", NEAR));
  await client.expectNext(bulk(near));
  await client.write(command("MGET", FAR, "apple", "none", NEAR));
  const parts = ["*4\r\n", bulk(far), bulk("small"), "$-1\r\n", bulk(near)];
  await client.expectNext(Buffer.concat(parts.map((part) => Buffer.from(part))));
});

test("large and small replies of both groups come in the order of a pipeline", async () => {
  const near = blob(2 * MB);
  await client.write(Buffer.concat([command("SET", NEAR, near), command("SET", FAR, "f")]));
  await client.expectNext("+OK\r\n+OK\r\n");
  const round = [
    command("GET", NEAR),
    command("GET", FAR),
    command("PING"),
    command("MGET", FAR, NEAR),
  ];
  const replies = [bulk(near), bulk("f"), Buffer.from("+PONG\r\n*2\r\n"), bulk("f"), bulk(near)];
  await client.write(Buffer.concat(Array.from({ length: 8 }, () => round).flat()));
  for (let i = 0; i < 8; i++) await client.expectNext(Buffer.concat(replies));
});

test("a value of 100 MB passes, and another session is served meanwhile", async () => {
  const other = await RawClient.open(proxy.port);
  await client.write(command("SET", NEAR, Buffer.alloc(100 * MB, "x")));
  await client.expectNext("+OK\r\n");
  void client.write(command("GET", NEAR));
  await other.write(command("GET", FAR));
  await other.expectNext(bulk("f"));
  await client.expectNext("$104857600\r\n");
  const value = await client.take(100 * MB + 2);
  expect(value.equals(Buffer.concat([Buffer.alloc(100 * MB, "x"), Buffer.from("\r\n")]))).toBe(
    true,
  );
  other.destroy();
});
