/**
 * A proxy with several workers behaves as one: connections spread over the processes, and limits, lists,
 * scripts, figures, log and signals are those of the whole.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { callAddr } from "../support/admin-port.ts";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { ask, type RunningProxy, residentBytesOf, startProxy } from "../support/running-proxy.ts";
import {
  connectToWorker,
  isAlive,
  pidOfWorker,
  pidsOfWorker,
  workerOf,
} from "../support/worker-process.ts";

const WORKERS = 2;
/** Longest wait for what must come, on a busy machine. */
const WAIT_MS = 30_000;
/** A worker without clients; a proxy of one worker that loads everything has about 75 MB. */
const WORKER_RESIDENT_MAX = 75 * 1024 * 1024;

let servers: readonly RedisServer[];
let proxy: RunningProxy;
const others: RunningProxy[] = [];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  proxy = await startProxy({
    servers: servers.map((server) => server.addr),
    config: { workers: WORKERS, product_name: "demo" },
  });
});

afterAll(async () => {
  for (const each of [proxy, ...others]) if (isAlive(each.pid)) await each.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Opens `count` connections at once. */
function connectMany(count: number, to = proxy): Promise<readonly RespConnection[]> {
  return Promise.all(Array.from({ length: count }, () => to.connect()));
}

async function stats(): Promise<{
  readonly ops: { readonly total: number; readonly qps: number };
}> {
  const answer = await callAddr(`127.0.0.1:${proxy.adminPort}`, "GET", "/proxy/stats");
  return answer.json() as { ops: { total: number; qps: number } };
}

async function metric(from: RunningProxy, name: string): Promise<number> {
  const answer = await callAddr(`127.0.0.1:${from.adminPort}`, "GET", "/metrics");
  const line = answer.text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

test("connections spread over the workers, and each worker serves all slots", async () => {
  const connections = await connectMany(100);
  const workers = await Promise.all(connections.map(workerOf));
  // With a fair coin, fewer than 20 of 100 on one side come once in 10^9 runs.
  for (let index = 0; index < WORKERS; index += 1) {
    expect(workers.filter((worker) => worker === index).length).toBeGreaterThan(20);
  }
  const replies = await Promise.all(
    connections.map((connection, number) => connection.call("SET", `key:${number}`, "v")),
  );
  expect(new Set(replies.map(String))).toEqual(new Set(["+OK\r\n"]));
  for (const connection of connections) connection.destroy();
});

test("the figures are those of all workers", async () => {
  const before = await stats();
  const first = await connectToWorker(proxy, 0);
  const second = await connectToWorker(proxy, 1);
  for (let count = 0; count < 50; count += 1) {
    await first.call("PING");
    await second.call("PING");
  }
  expect((await stats()).ops.total).toBeGreaterThanOrEqual(before.ops.total + 100);
  const info = (await first.call("INFO", "proxy")).toString();
  expect(info).toContain(`workers:${WORKERS}\r\n`);
  expect(Number(/sessions_alive:(\d+)/.exec(info)?.[1])).toBeGreaterThanOrEqual(2);
  expect(await metric(proxy, 'codis_proxy_worker_sessions{worker="0"}')).toBeGreaterThan(0);
  expect(await metric(proxy, 'codis_proxy_worker_sessions{worker="1"}')).toBeGreaterThan(0);
  // Requests each second are measured without anybody asking.
  await waitFor("requests per second in the figures", WAIT_MS, async () => {
    await Promise.all(Array.from({ length: 100 }, () => first.call("PING")));
    return (await stats()).ops.qps > 0 ? true : undefined;
  });
  first.destroy();
  second.destroy();
});

test("CLIENT LIST shows and CLIENT KILL closes clients of the other worker", async () => {
  const killer = await connectToWorker(proxy, 0);
  const victim = await connectToWorker(proxy, 1);
  await victim.call("CLIENT", "SETNAME", "victim");
  const list = (await killer.call("CLIENT", "LIST")).toString();
  expect(list).toContain("name=victim");
  expect(list).toContain("cmd=client|list");
  expect((await killer.call("CLIENT", "KILL", "ADDR", victim.localAddr)).toString()).toBe(":1\r\n");
  await waitFor("end of the killed connection", WAIT_MS, () => victim.closed.then(() => true));
  killer.destroy();
});

test("a script shown to one worker is loaded by another, until SCRIPT FLUSH", async () => {
  const first = await connectToWorker(proxy, 0);
  const second = await connectToWorker(proxy, 1);
  const sha1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"; // of "return 1"
  expect(String(await first.call("EVAL", "return 1", "1", "{a}"))).toBe(":1\r\n");
  await second.call("PING");
  // The servers forget it behind the proxy's back: only the worker itself can know it now.
  await Promise.all(servers.map((server) => ask(server.port, "SCRIPT", "FLUSH")));
  await waitFor("script in the other worker", WAIT_MS, async () => {
    const reply = String(await second.call("EVALSHA", sha1, "1", "{a}"));
    return reply === ":1\r\n" ? true : undefined;
  });

  await waitFor("NOSCRIPT from the other worker", WAIT_MS, async () => {
    // Again and again: a worker that hears of it a moment late may load the script once more.
    expect(String(await first.call("SCRIPT", "FLUSH"))).toBe("+OK\r\n");
    const reply = String(await second.call("EVALSHA", sha1, "1", "{a}"));
    return reply.startsWith("-NOSCRIPT") ? true : undefined;
  });
  // The other worker knows that its connections have to load it again.
  expect(String(await first.call("EVAL", "return 1", "1", "{b}"))).toBe(":1\r\n");
  await Promise.all(servers.map((server) => ask(server.port, "SCRIPT", "FLUSH")));
  await waitFor("script in the other worker, again", WAIT_MS, async () => {
    const reply = String(await second.call("EVALSHA", sha1, "1", "{a}"));
    return reply === ":1\r\n" ? true : undefined;
  });
  first.destroy();
  second.destroy();
});

test("lines of workers tell the worker, and a change of the level reaches them", async () => {
  const started = proxy.log().filter((line) => line["event"] === "worker.started");
  expect(started.map((line) => line["worker"]).sort()).toEqual([0, 1]);
  const token = String(proxy.log().find((line) => line["event"] === "proxy.started")?.["token"]);
  const { proxyXauth } = await import("../../src/api/xauth.ts");
  const xauth = proxyXauth("demo", "", token);
  const path = (level: string): string => `/api/proxy/loglevel/${xauth}/${level}`;
  const addr = `127.0.0.1:${proxy.adminPort}`;
  expect((await callAddr(addr, "PUT", path("DEBUG"))).status).toBe(200);
  // A new database needs a new connection to the server: told at this level only.
  const connection = await connectToWorker(proxy, 1);
  await connection.call("SELECT", "7");
  await connection.call("GET", "a");
  const line = await waitFor("a line of worker 1", WAIT_MS, () =>
    proxy.log().find((each) => each["event"] === "backend.connected" && each["worker"] === 1),
  );
  expect(line).toMatchObject({ level: "debug", component: "proxy", pid: pidOfWorker(proxy, 1) });
  await callAddr(addr, "PUT", path("INFO"));
  connection.destroy();
});

test("a reload on SIGHUP reaches all workers, and no client is dropped", async () => {
  const connections = [await connectToWorker(proxy, 0), await connectToWorker(proxy, 1)];
  const count = (): number =>
    proxy.log().filter((line) => line["event"] === "slots.reloaded").length;
  const before = count();
  proxy.program.signal("SIGHUP");
  await waitFor("reload", WAIT_MS, () => (count() > before ? true : undefined));
  for (const connection of connections) {
    expect((await connection.call("SET", "after:reload", "1")).toString()).toBe("+OK\r\n");
    connection.destroy();
  }
});

test("a worker leaves signals of the whole process group to the supervisor", async () => {
  const pids = [0, 1].map((index) => pidOfWorker(proxy, index));
  for (const pid of pids) {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(pid, signal);
  }
  for (const index of [0, 1]) {
    const connection = await connectToWorker(proxy, index);
    expect((await connection.call("SET", "after:signal", "1")).toString()).toBe("+OK\r\n");
    connection.destroy();
  }
  expect([0, 1].map((index) => pidsOfWorker(proxy, index).length)).toEqual([1, 1]);
});

test("a worker needs little memory of its own", () => {
  for (const index of [0, 1]) {
    expect(residentBytesOf(pidOfWorker(proxy, index))).toBeLessThan(WORKER_RESIDENT_MAX);
  }
});

test("proxy_max_clients counts over all workers", async () => {
  const small = await startProxy({
    servers: servers.map((server) => server.addr),
    config: { workers: 3, proxy_max_clients: 30 },
  });
  others.push(small);
  const connections = await connectMany(30, small);
  const replies = await Promise.all(connections.map((connection) => connection.call("PING")));
  expect(replies.map(String)).toEqual(replies.map(() => "+PONG\r\n"));
  const one = await small.connect();
  expect(String(await one.next("refusal"))).toBe("-ERR max number of clients reached\r\n");
  await one.closed;
  // One goes, another may come; the counts of the workers are not exact in the very moment.
  connections[0]?.destroy();
  const accepted = await waitFor("room for one more", WAIT_MS, async () => {
    const connection = await small.connect();
    const reply = String(await connection.call("PING").catch(() => "refused"));
    return reply === "+PONG\r\n" ? connection : undefined;
  });
  for (const connection of [...connections, accepted]) connection.destroy();
  const exit = await small.stop();
  expect(exit.code).toBe(0);
});

test("SIGTERM: requests in flight are answered, all processes end, the exit code is 0", async () => {
  const mine = await startProxy({
    servers: servers.map((server) => server.addr),
    config: { workers: WORKERS },
  });
  others.push(mine);
  const connections = [await connectToWorker(mine, 0), await connectToWorker(mine, 1)];
  for (const [index, each] of connections.entries()) {
    expect(String(await each.call("SET", `k${index}`, "v"))).toBe("+OK\r\n");
  }
  // Nothing is answered, so that the order to end comes while they wait.
  for (const server of servers) server.pause();
  const replies = connections.map((each, index) => each.call("GET", `k${index}`));
  await waitFor("both requests on their way", WAIT_MS, async () =>
    (await metric(mine, "codis_proxy_requests_in_flight")) === 2 ? true : undefined,
  );
  const pids = [mine.pid, ...[0, 1].map((index) => pidOfWorker(mine, index))];
  const ending = mine.stop();
  await mine.program.sees(/"event":"proxy.stopping"/);
  for (const server of servers) server.resume();
  const exit = await ending;
  expect((await Promise.all(replies)).map(String)).toEqual(["$1\r\nv\r\n", "$1\r\nv\r\n"]);
  expect(exit.code).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(exit.stdout).toContain('"event":"proxy.stopped"');
});
