/**
 * The p99 guard on real servers under a whole leader; what clients feel is the test's to say. Keys really move slower
 * while it is too much, also under the next leader, and faster when it isn't any more; none is lost.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { defaultDashboardConfig } from "../../../src/dashboard/config/load.ts";
import { Leader } from "../../../src/dashboard/leader.ts";
import { GUARD_KEYS_MIN, GUARD_REQUESTS_MIN } from "../../../src/dashboard/operation/p99-guard.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import type { Operation } from "../../../src/model/operation/operation.ts";
import { phraseOf } from "../../../src/model/phrase/phrase.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { numberOf } from "../../../src/redis/reply.ts";
import { waitFor } from "../../support/deadline.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

/** Half of them move. */
const KEYS = 60_000;
const KEYS_PER_SECOND = 1_000;
const BOUND_MS = 8;
const WAIT_MS = 60_000;

let servers: readonly RedisServer[];
let memory: MemoryStore;
let leader: Leader;
/** The p99 that proxies tell of many requests. */
let p99Ms: number;

async function begin(): Promise<Leader> {
  const coordinator = memory.open();
  const leadership = await coordinator.lead({
    lockPath: coordinatorPath.lock("codis-demo"),
    epochPath: coordinatorPath.epoch("codis-demo"),
    data: "{}",
    leaseMs: 8_000,
  });
  return Leader.begin({
    coordinator,
    leadership,
    config: defaultDashboardConfig({ migrationIoTimeoutMs: 10_000 }),
    log: silentLog,
    clientLatency: () => ({ requests: 10 * GUARD_REQUESTS_MIN, p99Ms }),
  });
}

async function withClient<T>(
  server: RedisServer,
  run: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = await RedisClient.connect({ ...PATIENT, addr: server.addr });
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

beforeEach(async () => {
  p99Ms = 50;
  servers = await Promise.all([startRedis(), startRedis()]);
  memory = createMemoryStore();
  leader = await begin();
  for (const [index, { addr }] of servers.entries()) {
    await leader.createGroup(index + 1);
    await leader.addServer(index + 1, addr, { datacenter: "", asReplica: false });
  }
  await leader.assignSlots(Array.from({ length: 1024 }, (_, id) => ({ id, groupId: 1 })));
  const [source] = servers;
  if (source !== undefined) {
    await withClient(source, async (client) => {
      for (let start = 0; start < KEYS; start += 500) {
        const pairs = Array.from({ length: 500 }, (_, at) => [`key:${start + at}`, "value"]);
        await client.call(["MSET", ...pairs.flat()]);
      }
    });
  }
});

afterEach(async () => {
  await leader.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Resolves when the operation is as said; asked again and again. */
function when(what: string, isTrue: (operation: Operation) => boolean): Promise<unknown> {
  return waitFor(what, WAIT_MS, () =>
    isTrue(leader.migration.getOperation("op-1")) ? true : undefined,
  );
}

/** What is in force. */
function limitOf({ guarded, speed }: Operation): number {
  return guarded?.keysPerSecond ?? speed.keysPerSecond;
}

test("a move is slowed while clients wait, under every leader, and goes on", async () => {
  const plan = await leader.migration.plan({ strategy: "slots" });
  const speed = { keysPerSecond: KEYS_PER_SECOND, p99GuardMs: BOUND_MS };
  const { id } = await leader.migration.startPlan(plan.id, { speed });
  await when("slowed", (now) => limitOf(now) <= KEYS_PER_SECOND / 2);
  const { guarded } = leader.migration.getOperation(id);
  expect(guarded?.keysPerSecond).toBeGreaterThanOrEqual(GUARD_KEYS_MIN);
  expect(phraseOf(guarded?.reason ?? "")).toEqual({
    code: "op.guard-slows",
    params: { p99: "50", bound: String(BOUND_MS) },
  });
  await when("keys that move slower", ({ progress: { keysPerSecond: rate } }) => {
    return rate > 0 && rate < KEYS_PER_SECOND * 0.75;
  });

  await leader.close();
  memory.apply([{ path: coordinatorPath.lock("codis-demo"), data: undefined, expected: "any" }]);
  const { guarded: stored } = JSON.parse(
    memory.get(coordinatorPath.operation("codis-demo", id))?.data ?? "{}",
  ) as Partial<Operation>;
  expect(stored).toBeUndefined();
  leader = await begin();
  expect(leader.migration.getOperation(id).speed).toEqual({ ...speed, bytesPerSecond: 0 });
  await when("slowed by the next leader", (now) => now.guarded?.isSlowed === true);

  const slow = limitOf(leader.migration.getOperation(id));
  p99Ms = BOUND_MS / 10;
  await when("faster again", (now) => limitOf(now) > slow);
  p99Ms = 50;
  await leader.migration.setSpeed(id, { keysPerSecond: 0, p99GuardMs: 0 });
  expect(leader.migration.getOperation(id).guarded).toBeUndefined();
  await when("done", ({ state }) => state === "done");
  const sizes = await Promise.all(
    servers.map((server) =>
      withClient(server, async (client) => numberOf(await client.call(["DBSIZE"]))),
    ),
  );
  expect(sizes).toEqual([KEYS - plan.keys, plan.keys]);
}, 240_000);
