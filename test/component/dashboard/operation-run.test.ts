/**
 * A whole leader on real servers, without proxies: plans are made, started, slowed, paused, cancelled, rolled back,
 * and every key is in the group of its slot afterwards, with its value.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import { slotOf } from "../../../src/command/hash.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { defaultDashboardConfig } from "../../../src/dashboard/config/load.ts";
import { Leader } from "../../../src/dashboard/leader.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import type { Operation } from "../../../src/model/operation/operation.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { itemsOf, textOf } from "../../../src/redis/reply.ts";
import { selectDatabase } from "../../../src/redis/server-command.ts";
import { waitFor } from "../../support/deadline.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const KEYS = 6_000;
const DBS = [0, 2];
const WAIT_MS = 60_000;

let servers: readonly RedisServer[];
let memory: MemoryStore;
let leader: Leader;

async function begin(): Promise<Leader> {
  const coordinator = memory.open();
  const leadership = await coordinator.lead({
    lockPath: coordinatorPath.lock("codis-demo"),
    epochPath: coordinatorPath.epoch("codis-demo"),
    data: "{}",
    leaseMs: 8_000,
  });
  const begun = await Leader.begin({
    coordinator,
    leadership,
    // A transfer that is broken off by a stall of the machine moves keys that nobody counts.
    config: defaultDashboardConfig({ migrationIoTimeoutMs: 10_000 }),
    log: silentLog,
  });
  return begun;
}

function keyOf(number: number): string {
  return `key:${number}`;
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
      for (const db of DBS) {
        await selectDatabase(client, db);
        for (let start = 0; start < KEYS; start += 500) {
          const pairs = Array.from({ length: 500 }, (_, at) => [
            keyOf(start + at),
            `value ${db} ${start + at}`,
          ]);
          await client.call(["MSET", ...pairs.flat()]);
        }
      }
    });
  }
});

afterEach(async () => {
  await leader.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Every key with its value in the group of its slot, and nowhere else. */
async function checkKeys(): Promise<void> {
  const owners = leader.topology().slots.map((slot) => slot.groupId);
  for (const [index, server] of servers.entries()) {
    await withClient(server, async (client) => {
      for (const db of DBS) {
        await selectDatabase(client, db);
        const names = Array.from({ length: KEYS }, (_, number) => keyOf(number));
        const values = itemsOf(await client.call(["MGET", ...names]))?.map(textOf);
        const wrong = names.filter((name, number) => {
          const bytes = Buffer.from(name);
          const isHere = owners[slotOf(bytes, 0, bytes.length, 1023)] === index + 1;
          return values?.[number] !== (isHere ? `value ${db} ${number}` : undefined);
        });
        expect(wrong).toEqual([]);
      }
    });
  }
}

function stateOf(id: string): string {
  return leader.migration.getOperation(id).state;
}

function when(id: string, isTrue: (operation: Operation) => boolean): Promise<unknown> {
  return waitFor(`${id} as expected`, WAIT_MS, () =>
    isTrue(leader.migration.getOperation(id)) ? true : undefined,
  );
}

test("a rebalance is planned, run, and true to its plan", async () => {
  // A server that doesn't answer in time is a problem.
  const plan = await waitFor("a plan without problems", WAIT_MS, async () => {
    const made = await leader.migration.plan({ strategy: "slots" });
    expect(made.problems).toEqual([]);
    return made;
  });
  expect(plan.moves).toHaveLength(512);
  const heard: Operation[] = [];
  leader.migration.onOperation((operation) => heard.push(operation));
  const { id } = await leader.migration.startPlan(plan.id, {});
  await when(id, ({ state }) => state === "done");
  const { progress } = leader.migration.getOperation(id);
  expect(progress).toMatchObject({
    slotsDone: 512,
    keysMoved: plan.keys,
    keysTotal: plan.keys,
    etaMs: 0,
  });
  expect(heard.at(-1)?.state).toBe("done");
  await checkKeys();
  const [first, second] = plan.groups;
  expect([first?.keysAfter, second?.keysAfter]).toEqual([2 * KEYS - plan.keys, plan.keys]);
}, 180_000);

test("it is slowed, paused, taken over by the next leader, and goes on", async () => {
  const plan = await leader.migration.plan({ strategy: "memory" });
  const speed = { keysPerSecond: 1_000, bytesPerSecond: 0 };
  const { id } = await leader.migration.startPlan(plan.id, { speed });
  await when(id, ({ state, progress }) => {
    const { keysMoved, keysPerSecond, etaMs } = progress;
    const isSlow = keysPerSecond > 0 && keysPerSecond < 1_600;
    return state === "running" && keysMoved > 500 && etaMs > 0 && isSlow;
  });
  await leader.migration.pause(id);
  const paused = leader.migration.getOperation(id).progress.keysMoved;
  await leader.close();
  memory.apply([{ path: coordinatorPath.lock("codis-demo"), data: undefined, expected: "any" }]);
  leader = await begin();
  expect(stateOf(id)).toBe("paused");
  expect(leader.migration.getOperation(id).progress.keysMoved).toBeGreaterThanOrEqual(paused);
  await leader.migration.setSpeed(id, { keysPerSecond: 0, bytesPerSecond: 0 });
  await leader.migration.resume(id);
  await when(id, ({ state }) => state === "done");
  await checkKeys();
}, 180_000);

test("a cancel with roll-back brings half-moved slots back", async () => {
  const plan = await leader.migration.plan({ strategy: "slots" });
  const speed = { keysPerSecond: 2_000, bytesPerSecond: 0 };
  const { id } = await leader.migration.startPlan(plan.id, { speed });
  await when(id, ({ progress }) => progress.keysMoved > 300);
  await leader.migration.cancel(id, { isRollback: true });
  await when(id, ({ state }) => state === "cancelled");
  const moving = leader.topology().slots.filter(({ action }) => action.state !== "");
  expect(moving).toEqual([]);
  await checkKeys();
}, 180_000);

test("a full target pauses it, room lets it go on", async () => {
  const [, target] = servers;
  if (target === undefined) {
    throw new Error("no target");
  }
  const plan = await leader.migration.plan({ strategy: "slots" });
  const { id } = await leader.migration.startPlan(plan.id, {
    speed: { keysPerSecond: 3_000, bytesPerSecond: 0 },
  });
  await when(id, ({ progress }) => progress.keysMoved > 100);
  await withClient(target, (client) => client.call(["CONFIG", "SET", "maxmemory", "100kb"]));
  await when(id, ({ isSelfPaused }) => isSelfPaused);
  expect(leader.migration.getOperation(id).reason).toMatch(/full|memory|OOM/i);
  await leader.migration.setSpeed(id, { keysPerSecond: 0, bytesPerSecond: 0 });
  await withClient(target, (client) => client.call(["CONFIG", "SET", "maxmemory", "0"]));
  await when(id, ({ isSelfPaused, state }) => !isSelfPaused && state !== "paused");
  await when(id, ({ state }) => state === "done");
  await checkKeys();
}, 180_000);

test("slots that are given away by force while they move stop moving", async () => {
  // So slow that it moves for as long as the test wants.
  await leader.migration.setInterval(500_000);
  await leader.migration.createSlotActions([0, 1, 2, 3].map((id) => ({ id, groupId: 2 })));
  const isMigrating = (): boolean => leader.topology().slots[0]?.action.state === "migrating";
  await waitFor("a slot that migrates", WAIT_MS, () => (isMigrating() ? true : undefined));
  await leader.assignSlots([{ id: 0, groupId: 2 }]);
  await leader.migration.setInterval(0);
  await when("op-1", ({ state }) => state === "done");
  expect(
    leader
      .topology()
      .slots.slice(0, 4)
      .map(({ groupId }) => groupId),
  ).toEqual([2, 2, 2, 2]);
}, 180_000);
