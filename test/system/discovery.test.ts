/**
 * Twenty applications over three real proxies that register in a real ZooKeeper, while the proxies are killed,
 * ended and started in turn, and while ZooKeeper itself is away.
 *
 * "No failed call that a live proxy could have served" means here: the only calls that may fail are those that
 * had been given to the killed proxy's connection before its end was known to the application, which may or
 * may not have been carried out; and none of them when it may be carried out twice.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { callHttp } from "../../src/api/http-call.ts";
import { messageOf } from "../../src/base/error.ts";
import {
  createDiscovery,
  type Discovery,
  type DiscoveryEvent,
  ioredisAdapter,
  nodeRedisAdapter,
} from "../../src/client/discovery.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { decodeJodisRecord } from "../../src/model/jodis-record.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { DiscoveryLoad, type FailedCall } from "../support/discovery-load.ts";
import { freePort } from "../support/free-port.ts";
import { isFreezeReply, wasFrozen } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, type RunningProxy, startProxy } from "../support/running-proxy.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";

const CLIENTS = 20;
const FOLDER = "/jodis/demo";
/** Longer than a shared machine stands still. */
const SESSION_MS = 8000;
/** Of a PING: longer than a shared machine stands still, so that only the proxy that hangs is lost. */
const PING_MS = 4000;
const WAIT_MS = 40_000;
const TEST_MS = 180_000;
/** Calls of each application between two events. */
const PROGRESS = 50;

/** A place for a proxy: the same ports after every start, so the same token. */
interface Place {
  readonly addr: string;
  readonly port: number;
  readonly adminPort: number;
  proxy: RunningProxy;
}

interface Application {
  readonly load: DiscoveryLoad<never>;
  readonly discovery: Discovery<never>;
}

let zookeeper: ZookeeperCluster;
let reader: Coordinator;
let servers: RedisServer[];
const places: Place[] = [];
const applications: Application[] = [];
/** Calls to proxies that stood still. */
const inDoubt = new Map<Application["load"], number>();

beforeAll(async () => {
  zookeeper = await startZookeeper();
  reader = await openCoordinator({ kind: "zookeeper", addr: zookeeper.addr, auth: "" });
  servers = await Promise.all([startRedis(), startRedis()]);
  for (let i = 0; i < 3; i += 1) {
    const [port, adminPort] = [await freePort(), await freePort()];
    const proxy = await startAt(port, adminPort);
    places.push({ addr: `127.0.0.1:${port}`, port, adminPort, proxy });
  }
  await registered(...places);
  for (let i = 0; i < CLIENTS; i += 1) applications.push(await startApplication(i));
  await allConnected();
}, TEST_MS);

afterAll(async () => {
  await Promise.all(applications.map(({ load }) => load.stop()));
  await Promise.all(applications.map(({ discovery }) => discovery.close()));
  await Promise.all(places.map(({ proxy }) => proxy.kill()));
  await Promise.all(servers.map((server) => server.stop()));
  await reader.close();
  await zookeeper.stop();
});

function startAt(port: number, adminPort: number): Promise<RunningProxy> {
  return startProxy({
    servers: servers.map((server) => server.addr),
    port,
    config: {
      admin_addr: `127.0.0.1:${adminPort}`,
      product_name: "demo",
      jodis_name: "zookeeper",
      jodis_addr: zookeeper.addr,
      jodis_timeout: `${SESSION_MS}ms`,
    },
  });
}

/** Even ones use ioredis, odd ones node-redis. */
async function startApplication(index: number): Promise<Application> {
  const options = {
    coordinator: { kind: "zookeeper", addr: zookeeper.addr },
    product: "demo",
  } as const;
  if (index % 2 === 0) {
    const load = new DiscoveryLoad<Redis>(`counter:${index}`, {
      incr: (client, key) => client.incr(key),
      get: (client, key) => client.get(key),
      addrOf: (client) => `127.0.0.1:${client.options.port}`,
    });
    const adapter = ioredisAdapter((given) => new Redis({ ...given }));
    const discovery = await createDiscovery({
      ...options,
      adapter,
      onEvent: (event) => load.note(event),
    });
    load.start(discovery);
    return { load, discovery } as unknown as Application;
  }
  const connect = (given: object) => createClient({ ...given });
  const load = new DiscoveryLoad<ReturnType<typeof connect>>(`counter:${index}`, {
    incr: (client, key) => client.incr(key),
    get: (client, key) => client.get(key),
    addrOf: (client) => `127.0.0.1:${portOf(client.options)}`,
  });
  const discovery = await createDiscovery({
    ...options,
    adapter: nodeRedisAdapter(connect),
    onEvent: (event) => load.note(event),
  });
  load.start(discovery);
  return { load, discovery } as unknown as Application;
}

function portOf(options: { readonly socket?: object } | undefined): unknown {
  return options?.socket === undefined ? undefined : Reflect.get(options.socket, "port");
}

/** Waits until exactly these are registered, whatever sessions of before still hold. */
function registered(...expected: readonly Place[]): Promise<true> {
  const wanted = expected.map(({ addr, proxy }) => `${addr} ${proxy.pid}`).sort();
  return waitFor("registrations", WAIT_MS, async () => {
    const nodes = await reader.readChildren(FOLDER);
    const found = await Promise.all(
      nodes.map(async (node) => {
        const { addr } = decodeJodisRecord(node.data, node.path);
        const place = expected.find((one) => one.addr === addr);
        if (place === undefined) return addr;
        // The registration of the process before looks the same but for its start.
        const model = await modelOf(place);
        const isItsOwn = node.data.includes(JSON.stringify(model["start_time"]));
        return isItsOwn ? `${addr} ${String(model["pid"])}` : addr;
      }),
    );
    return found.sort().join() === wanted.join() ? true : undefined;
  });
}

async function modelOf({ adminPort }: Place): Promise<Readonly<Record<string, unknown>>> {
  const path = "/api/proxy/model";
  const text = await callHttp({
    addr: `127.0.0.1:${adminPort}`,
    method: "GET",
    path,
    shownPath: path,
    timeoutMs: 10_000,
  });
  return JSON.parse(text) as Record<string, unknown>;
}

function allConnected(): Promise<true> {
  return waitFor("all connections of all applications", WAIT_MS, () => {
    const isDone = applications.every(
      ({ discovery }) =>
        discovery.proxies().filter((proxy) => proxy.isConnected && proxy.isRegistered).length === 3,
    );
    return isDone ? true : undefined;
  });
}

/** Every application makes so many more calls that work. */
async function progress(count: number, what: string): Promise<void> {
  const goals = applications.map(({ load }) => load.served() + count);
  await waitFor(`progress ${what}`, WAIT_MS, () =>
    applications.every(({ load }, index) => load.served() >= (goals[index] ?? 0))
      ? true
      : undefined,
  );
}

/** It had been given to a proxy that stood still, which says so, rightly; it may have been carried out. */
function isOfFreeze({ addr, error }: FailedCall): boolean {
  const proxy = places.find((place) => place.addr === addr)?.proxy;
  return proxy !== undefined && wasFrozen(proxy) && isFreezeReply(`-${messageOf(error)}`);
}

/** Failures since the last look, with the application that had them; those of a pause of the machine only count. */
function takeFailures(): readonly {
  readonly call: FailedCall;
  readonly load: Application["load"];
}[] {
  const all = applications.flatMap(({ load }) =>
    load.failed.splice(0).map((call) => ({ call, load })),
  );
  for (const { call, load } of all.filter((one) => isOfFreeze(one.call))) {
    inDoubt.set(load, (inDoubt.get(load) ?? 0) + (call.command === "INCR" ? 1 : 0));
  }
  return all.filter(({ call }) => !isOfFreeze(call));
}

test("each proxy is registered as Codis does it, and says so in its model", async () => {
  await registered(...places);
  const nodes = await reader.readChildren(FOLDER);
  for (const place of places) {
    const model = await modelOf(place);
    expect(model["jodis_path"]).toBe(`${FOLDER}/proxy-${String(model["token"])}`);
    const node = nodes.find(({ path }) => path === model["jodis_path"]);
    expect(JSON.parse(node?.data ?? "{}")).toEqual({
      addr: place.addr,
      admin: `127.0.0.1:${place.adminPort}`,
      start: model["start_time"],
      state: "online",
      token: model["token"],
    });
  }
});

test(
  "proxies are killed and started in turn: only what was in flight on them is lost",
  async () => {
    await progress(PROGRESS, "before");
    takeFailures();
    for (const place of places) {
      const killedAtMs = performance.now();
      await place.proxy.kill();
      // Long before the session of the dead one is over.
      await progress(PROGRESS, `without ${place.addr}`);
      const failures = takeFailures();
      for (const { call, load } of failures) {
        const lostAtMs = load.lostAtMs.get(place.addr)?.find((at) => at > killedAtMs) ?? 0;
        expect([call.command, call.addr]).toEqual(["INCR", place.addr]);
        expect(call.givenAtMs).toBeLessThanOrEqual(lostAtMs);
        expect(call.failedAtMs).toBeGreaterThanOrEqual(killedAtMs);
      }
      // An application has one call in flight at a time.
      expect(new Set(failures.map(({ load }) => load)).size).toBe(failures.length);
      place.proxy = await startAt(place.port, place.adminPort);
      await registered(...places);
      await allConnected();
      await progress(PROGRESS, `with ${place.addr} again`);
      expect(takeFailures()).toEqual([]);
    }
    for (const { load } of applications) expect([...load.servedBy.keys()]).toHaveLength(3);
  },
  TEST_MS,
);

test(
  "a proxy that ends in order and comes back costs no call at all",
  async () => {
    const place = places[0] as Place;
    takeFailures();
    await place.proxy.stop();
    await registered(...places.slice(1));
    await progress(PROGRESS, "after its end");
    place.proxy = await startAt(place.port, place.adminPort);
    await registered(...places);
    await allConnected();
    await progress(PROGRESS, "with it again");
    expect(takeFailures()).toEqual([]);
  },
  TEST_MS,
);

test.each(["ioredis", "node-redis"] as const)(
  "a proxy that hangs costs no idempotent call of %s: its PING finds it",
  async (library) => {
    const place = places[2] as Place;
    const lost: string[] = [];
    const options = {
      coordinator: { kind: "zookeeper", addr: zookeeper.addr },
      product: "demo",
      pingPeriodMs: 200,
      pingTimeoutMs: PING_MS,
      onEvent: (event: DiscoveryEvent) => {
        if (event.kind === "lost") lost.push(`${event.addr} ${event.reason}`);
      },
    } as const;
    const discovery =
      library === "ioredis"
        ? await createDiscovery({
            ...options,
            adapter: ioredisAdapter((given) => new Redis({ ...given })),
          })
        : await createDiscovery({
            ...options,
            adapter: nodeRedisAdapter((given) => createClient({ ...given })),
          });
    await waitFor("three connections", WAIT_MS, () =>
      discovery.proxies().filter((proxy) => proxy.isConnected).length === 3 ? true : undefined,
    );
    place.proxy.program.signal("SIGSTOP");
    try {
      // Both libraries have `get`, with types that TypeScript can't join.
      const read = (client: unknown) => (client as Redis).get("counter:0");
      const calls = Array.from({ length: 6 }, () => discovery.run(read, { isIdempotent: true }));
      const answers = await withDeadline("all answers", WAIT_MS, Promise.all(calls));
      expect(answers.filter((answer) => Number(answer) > 0)).toHaveLength(6);
      expect(lost).toEqual([`${place.addr} no answer to PING within ${PING_MS} ms`]);
    } finally {
      place.proxy.program.signal("SIGCONT");
      await discovery.close();
    }
    await allConnected();
    await progress(PROGRESS, "after the pause");
    expect(takeFailures()).toEqual([]);
  },
  TEST_MS,
);

test(
  "while ZooKeeper is away all goes on; afterwards all proxies are registered again",
  async () => {
    const [server] = zookeeper.servers;
    if (server === undefined) throw new Error("there is a server");
    takeFailures();
    await server.kill();
    await progress(PROGRESS, "without ZooKeeper");
    expect(takeFailures()).toEqual([]);
    const place = places[1] as Place;
    await place.proxy.kill();
    await progress(PROGRESS, "without ZooKeeper and one proxy");
    for (const { call } of takeFailures()) {
      expect([call.command, call.addr]).toEqual(["INCR", place.addr]);
    }
    // It starts and serves without ZooKeeper as well; the applications still know its address.
    place.proxy = await startAt(place.port, place.adminPort);
    await allConnected();
    await server.start();
    await registered(...places);
    await progress(PROGRESS, "with everything");
    expect(takeFailures()).toEqual([]);
  },
  TEST_MS,
);

test(
  "every counter has what its application was told, and at most what it lost besides",
  async () => {
    const lostBefore = applications.map(({ load }) => load.lostAtMs.size);
    await Promise.all(applications.map(({ load }) => load.stop()));
    takeFailures();
    expect(applications.flatMap(({ load }) => load.wrong)).toEqual([]);
    for (const [index, { load }] of applications.entries()) {
      const answer = await ask(places[0]?.port ?? 0, "GET", load.key);
      const value = Number(answer.split("\r\n")[1]);
      expect(value).toBeGreaterThanOrEqual(load.incremented);
      // At most one call in flight for each time that a connection was lost.
      const lost = [...load.lostAtMs.values()].reduce((sum, times) => sum + times.length, 0);
      const besides = lost + (inDoubt.get(load) ?? 0);
      expect(value).toBeLessThanOrEqual(load.incremented + besides);
      expect(lostBefore[index]).toBeGreaterThan(0);
    }
  },
  TEST_MS,
);
