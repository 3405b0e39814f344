/**
 * Several workers, and the faults of processes: a worker or the supervisor is killed, a worker freezes, the
 * port is taken. What is promised: the others serve on, nothing hangs, nothing is left behind.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { crc32 } from "node:zlib";
import { proxyXauth } from "../../src/api/xauth.ts";
import { callAddr } from "../support/admin-port.ts";
import { runCodis } from "../support/codis-program.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { hasFrozenSince, isFreezeReply } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { RunningClock } from "../support/running-clock.ts";
import {
  ask,
  type RunningProxy,
  type RunningProxyOptions,
  startProxy,
  tomlOf,
} from "../support/running-proxy.ts";
import { stopProcess } from "../support/stopped-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  connectToWorker,
  isAlive,
  pidOfWorker,
  waitForSuccessor,
} from "../support/worker-process.ts";

/** From the death of the supervisor to that of its workers: some ms, but on a machine that stands still. */
const ORPHAN_MS_MAX = 30_000;
/** Longest wait for what must come, on a busy machine. */
const WAIT_MS = 30_000;
/** Longer than a shared machine stands still: a worker that is late at the start is given up as well. */
const ACK_TIMEOUT_MS = 4000;

let servers: readonly RedisServer[];
const proxies: RunningProxy[] = [];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  for (const proxy of proxies) if (isAlive(proxy.pid)) await proxy.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(options: Partial<RunningProxyOptions> = {}): Promise<RunningProxy> {
  const proxy = await startProxy({
    servers: servers.map((server) => server.addr),
    ...options,
    config: {
      workers: 2,
      product_name: "demo",
      worker_ack_timeout: `${ACK_TIMEOUT_MS}ms`,
      ...options.config,
    },
  });
  proxies.push(proxy);
  return proxy;
}

async function opsTotal(proxy: RunningProxy): Promise<number> {
  const answer = await callAddr(`127.0.0.1:${proxy.adminPort}`, "GET", "/proxy/stats");
  return (answer.json() as { ops: { total: number } }).ops.total;
}

/** Asks again and again until the connection is lost or `stop` is called; gives the number of replies. */
function load(
  proxy: RunningProxy,
  connection: RespConnection,
  key: string,
): { stop(): void; done: Promise<number> } {
  let isOver = false;
  const run = async (): Promise<number> => {
    let replies = 0;
    const unexpected: string[] = [];
    while (!isOver) {
      const reply = String(await connection.call("INCR", key));
      if (!reply.startsWith(":")) unexpected.push(reply);
      replies += 1;
    }
    const isExcused = async (): Promise<boolean> =>
      unexpected.every(isFreezeReply) && (await hasFrozenSince(proxy, 0));
    if (unexpected.length > 0 && !(await isExcused()))
      throw new Error(`unexpected: ${unexpected.join()}`);
    return replies;
  };
  const stop = (): void => {
    isOver = true;
  };
  const done = run();
  // Looked at later; until then a loss is no news.
  done.catch(() => undefined);
  return { stop, done };
}

test("a worker killed under load: the other serves on, another takes its place, figures go on", async () => {
  const proxy = await start();
  const doomed = await connectToWorker(proxy, 0);
  const other = await connectToWorker(proxy, 1);
  const oldPid = pidOfWorker(proxy, 0);
  const doomedLoad = load(proxy, doomed, "doomed");
  const otherLoad = load(proxy, other, "other");
  await waitFor("requests in the figures", WAIT_MS, async () =>
    (await opsTotal(proxy)) > 1000 ? true : undefined,
  );
  const opsBefore = await opsTotal(proxy);

  process.kill(oldPid, "SIGKILL");
  await expect(withDeadline("loss of the connection", WAIT_MS, doomedLoad.done)).rejects.toThrow();
  const newPid = await waitForSuccessor(proxy, 0, oldPid);
  expect(newPid).not.toBe(oldPid);
  expect(await opsTotal(proxy)).toBeGreaterThanOrEqual(opsBefore);

  const successor = await connectToWorker(proxy, 0);
  expect(String(await successor.call("SET", "{x}1", "1"))).toBe("+OK\r\n");
  // Its sessions have numbers that nobody had before.
  const id = Number(String(await successor.call("CLIENT", "ID")).slice(1));
  expect(id).toBeGreaterThan(256 * 1_000_000);
  otherLoad.stop();
  expect(await withDeadline("end of the load", WAIT_MS, otherLoad.done)).toBeGreaterThan(0);
  expect(proxy.log().find((line) => line["event"] === "worker.died")).toMatchObject({
    worker: 0,
    how: "SIGKILL",
  });
});

test("sessions of a killed worker don't count for proxy_max_clients any more", async () => {
  const proxy = await start({ config: { proxy_max_clients: 20 } });
  const connections = await Promise.all(Array.from({ length: 20 }, () => proxy.connect()));
  await Promise.all(connections.map((connection) => connection.call("PING")));
  const oldPid = pidOfWorker(proxy, 0);
  process.kill(oldPid, "SIGKILL");
  await waitForSuccessor(proxy, 0, oldPid);
  const accepted = await waitFor("room for a client", WAIT_MS, async () => {
    const connection = await proxy.connect();
    return String(await connection.call("PING")) === "+PONG\r\n" ? connection : undefined;
  });
  for (const connection of [...connections, accepted]) connection.destroy();
});

test("a frozen worker is killed before a new slot table is acknowledged, and replaced", async () => {
  const proxy = await start();
  const frozenPid = pidOfWorker(proxy, 1);
  const frozen = await connectToWorker(proxy, 1);
  const token = String(proxy.log().find((line) => line["event"] === "proxy.started")?.["token"]);
  const xauth = proxyXauth("demo", "", token);
  process.kill(frozenPid, "SIGSTOP");

  const startedAt = performance.now();
  const push = await callAddr(
    `127.0.0.1:${proxy.adminPort}`,
    "PUT",
    `/api/proxy/fillslots/${xauth}`,
    JSON.stringify([{ id: 0, backend_addr: servers[1]?.addr, backend_addr_group_id: 2 }]),
  );
  const tookMs = performance.now() - startedAt;
  expect(push.status).toBe(200);
  expect(isAlive(frozenPid)).toBe(false);
  expect(tookMs).toBeGreaterThanOrEqual(ACK_TIMEOUT_MS - 50);
  // It has an end; how soon, a busy machine decides.
  expect(tookMs).toBeLessThan(ACK_TIMEOUT_MS + WAIT_MS);
  await withDeadline("end of the frozen worker's client", WAIT_MS, frozen.closed);

  await waitForSuccessor(proxy, 1, frozenPid);
  // The replacement has the new table: a key of slot 0 is found at the other server now.
  const successor = await connectToWorker(proxy, 1);
  const key = keyOfSlotZero();
  expect(String(await successor.call("SET", key, "new"))).toBe("+OK\r\n");
  expect(await ask(servers[1]?.port ?? 0, "GET", key)).toBe("$3\r\nnew\r\n");
});

test("SIGTERM with a frozen worker ends within shutdown_timeout", async () => {
  const proxy = await start({ config: { shutdown_timeout: "500ms" } });
  process.kill(pidOfWorker(proxy, 0), "SIGSTOP");
  const pids = [0, 1].map((index) => pidOfWorker(proxy, index));
  const { value: exit, tookMs } = await new RunningClock().time(() => proxy.stop());
  expect(exit.code).toBe(0);
  // The default of shutdown_timeout is longer.
  expect(tookMs).toBeLessThan(8_000);
  expect(pids.filter(isAlive)).toEqual([]);
});

test("the supervisor is killed: no worker stays, the port is free, a new proxy starts on it", async () => {
  const proxy = await start();
  const connection = await connectToWorker(proxy, 0);
  const running = load(proxy, connection, "orphan");
  const pids = [0, 1].map((index) => pidOfWorker(proxy, index));
  await proxy.kill();
  await waitFor("end of all workers", ORPHAN_MS_MAX, () => (pids.some(isAlive) ? undefined : true));
  await expect(withDeadline("loss of the connection", WAIT_MS, running.done)).rejects.toThrow();
  const next = await start({ port: proxy.port });
  const client = await next.connect();
  expect(String(await client.call("GET", "orphan"))).toStartWith("$");
  client.destroy();
});

test("a port in use is one line and an exit code, also when its owner would share it", async () => {
  const sharing = await start();
  const foreign = createServer();
  const foreignPort = await freePort();
  await new Promise<void>((resolve) => foreign.listen(foreignPort, "127.0.0.1", resolve));
  for (const port of [sharing.port, foreignPort]) {
    const folder = temporaryFolder();
    const config = {
      workers: 2,
      proxy_addr: `127.0.0.1:${port}`,
      admin_addr: `127.0.0.1:${await freePort()}`,
    };
    writeFileSync(folder.join("proxy.toml"), tomlOf(config));
    const { code, stderr } = await runCodis(["proxy", "-c", folder.join("proxy.toml")]);
    expect(stderr).toMatch(lineAbout(port));
    expect(code).toBe(71);
    folder.remove();
  }
  await new Promise((resolve) => foreign.close(resolve));
});

test("workers that can't be replaced end the proxy with one line, not in an endless loop", async () => {
  const proxy = await start();
  const pids = [0, 1].map((index) => pidOfWorker(proxy, index));
  // Both workers go, and a foreign program has the port before they are back: nobody starts them meanwhile.
  stopProcess(proxy.pid);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  const foreign = await takePort(proxy.port);
  proxy.program.signal("SIGCONT");
  const exit = await proxy.program.ended(WAIT_MS);
  expect(exit.stderr).toMatch(lineAbout(proxy.port));
  expect(exit.code).toBe(71);
  await new Promise((resolve) => foreign.close(resolve));
});

function keyOfSlotZero(): string {
  for (let number = 0; ; number += 1) {
    if (crc32(`key:${number}`) % 1024 === 0) return `key:${number}`;
  }
}

/** One line that names the port. */
function lineAbout(port: number): RegExp {
  return new RegExp(
    `^codis proxy: [^\\n]*127\\.0\\.0\\.1:${port} is in use by another process\\n$`,
  );
}

/** Listens on a port as soon as it is free. */
function takePort(port: number): Promise<ReturnType<typeof createServer>> {
  return waitFor(`port ${port}`, WAIT_MS, async () => {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return server;
  });
}
