/**
 * Plans made from real servers: figures, big keys and what each rule does with them, trials of payloads, and every
 * problem and warning that a plan can name.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import { slotOf } from "../../../src/command/hash.ts";
import type { ServerFigures } from "../../../src/dashboard/control.ts";
import { Planner, type PlannerOptions } from "../../../src/dashboard/operation/planner.ts";
import { addProxy } from "../../../src/model/change/proxy.ts";
import { createSlotActions } from "../../../src/model/change/slot.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { serverTopology } from "../../support/server-topology.ts";
import { proxyModel } from "../../support/topology-sample.ts";

const KEYS = 3_000;
const BIG_KEY = "big:{0}";

let servers: RedisServer[];
let clients: RedisClient[];
let topology: Topology;
let planner: Planner;

function slot(key: string): number {
  const bytes = Buffer.from(/\{(.*)\}/.exec(key)?.[1] ?? key);
  return slotOf(bytes, 0, bytes.length, 1023);
}

function plannerOf(changes: Partial<PlannerOptions> = {}): Planner {
  return new Planner({
    topology: () => topology,
    serverFigures: () => new Map(),
    epoch: 7,
    password: "",
    planTimeoutMs: 20_000,
    bigKeyRule: "move",
    maxStallMs: 5,
    migrationMethod: "semi-async",
    log: silentLog,
    ...changes,
  });
}

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()]);
  clients = await Promise.all(servers.map(({ addr }) => RedisClient.connect({ ...PATIENT, addr })));
  const pairs = Array.from({ length: KEYS }, (_, at) => [`key:${at}`, "x".repeat(100)]).flat();
  await clients[0]?.call(["MSET", ...pairs]);
  await clients[0]?.call(["SET", BIG_KEY, "y".repeat(4_000_000)]);
});

afterAll(async () => {
  for (const client of clients) {
    client.close();
  }
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(() => {
  const addrs = servers.map(({ addr }) => addr);
  topology = addProxy(
    serverTopology({
      groups: { 1: addrs.slice(0, 1), 2: addrs.slice(1), 3: [] },
      owners: [[0, 1023, 1]],
    }),
    proxyModel(1),
  );
  planner = plannerOf();
});

afterEach(() => planner.close());

/** A plan for which both servers answered in time: what a machine that stands still does to one is no problem here. */
function make(
  request: Parameters<Planner["make"]>[0],
  from = planner,
): ReturnType<Planner["make"]> {
  return waitFor("a plan of what the servers said", 30_000, async () => {
    const plan = await from.make(request);
    const isComplete = servers.every(
      ({ addr }) => !plan.problems.some((line) => line.includes(`${addr} doesn't answer`)),
    );
    return isComplete ? plan : undefined;
  });
}

async function configure(at: number, ...args: readonly string[]): Promise<void> {
  await clients[at]?.call(["CONFIG", "SET", ...args]);
}

describe("a plan", () => {
  test("has the figures of what would move, the groups before and after, and an id", async () => {
    const plan = await make({ strategy: "slots" });
    expect(plan.id).toMatch(/^p-7-[1-9]\d*$/);
    expect(plan.moves).toHaveLength(512);
    const moving = new Set(plan.moves.map(({ slotId }) => slotId));
    const keys = Array.from({ length: KEYS }, (_, at) => `key:${at}`);
    const expected = [...keys, BIG_KEY].filter((key) => moving.has(slot(key))).length;
    expect(plan.keys).toBe(expected);
    expect(plan.isExact).toBe(true);
    expect(plan.problems).toEqual([]);
    const [first, second] = plan.groups;
    expect(first).toMatchObject({
      groupId: 1,
      slotsBefore: 1024,
      slotsAfter: 512,
      keysBefore: KEYS + 1,
    });
    expect(second).toMatchObject({
      groupId: 2,
      slotsBefore: 0,
      slotsAfter: 512,
      keysAfter: expected,
    });
    expect(second?.bytesAfter).toBe((second?.bytesBefore ?? 0) + plan.bytes);
    expect(plan.expectedMs).toBeGreaterThan(0);
    expect(planner.get(plan.id).masters.get(2)).toBe(servers[1]?.addr ?? "");
    const next = await planner.make({ strategy: "slots" });
    expect(Number(next.id.slice(4))).toBe(Number(plan.id.slice(4)) + 1);
  });

  test("names groups that can't take slots for want of a server, and what to do", async () => {
    const line =
      "group 3 has no server and takes no slots; give it one first: codis server add 3 HOST:PORT";
    for (const strategy of ["slots", "memory", "fill"] as const) {
      expect((await planner.make({ strategy })).warnings).toContain(line);
    }
    const without = [
      await planner.make({ strategy: "slots", exceptGroupIds: [3] }),
      await planner.make({ strategy: "move", moves: [{ slotId: 0, groupId: 2 }] }),
    ];
    expect(without.flatMap(({ warnings }) => warnings)).not.toContain(line);
  });

  test("by memory moves half of the bytes", async () => {
    const plan = await make({ strategy: "memory" });
    const [first, second] = plan.groups;
    expect(first?.keysBefore).toBe(KEYS + 1);
    // One slot is heavier than all others together.
    expect(second?.bytesAfter ?? 0).toBeGreaterThan(0);
    expect((first?.bytesAfter ?? 0) + (second?.bytesAfter ?? 0)).toBe(first?.bytesBefore ?? 0);
    expect(plan.moves.every(({ bytes }) => bytes > 0)).toBe(true);
  });

  test("names big keys, and leaves their slots out under refuse", async () => {
    const request = {
      strategy: "move" as const,
      moves: [slot(BIG_KEY), (slot(BIG_KEY) + 1) % 1024].map((slotId) => ({ slotId, groupId: 2 })),
    };
    const plan = await make(request);
    expect(plan.bigKeys.map(({ name, slotId }) => [name, slotId])).toEqual([
      [BIG_KEY, slot(BIG_KEY)],
    ]);
    expect(plan.warnings.join("\n")).toContain('"big:{0}" (string, slot ');
    const refusing = await make({ ...request, bigKey: "refuse" });
    expect(refusing.moves).toHaveLength(1);
    expect(refusing.refusedSlotIds).toEqual([slot(BIG_KEY)]);
    expect(refusing.bigKeys).toHaveLength(1);
    const memory = await make({ strategy: "memory", bigKey: "refuse" });
    expect(memory.moves.some(({ slotId }) => slotId === slot(BIG_KEY))).toBe(false);
  });

  test("says when its figures are estimates", async () => {
    planner.close();
    planner = plannerOf({ planTimeoutMs: 1 });
    const plan = await make({ strategy: "slots" });
    expect(plan.isExact).toBe(false);
    expect(plan.moves).toHaveLength(512);
    expect(plan.warnings.join("\n")).toContain("estimates");
  });

  test("is forgotten after twenty others; at most two are made at once", async () => {
    const request = { strategy: "move" as const, moves: [{ slotId: 0, groupId: 2 }] };
    for (let count = 0; count < 21; count += 1) {
      await planner.make(request);
    }
    expect(() => planner.get("p-7-1")).toThrow("doesn't exist");
    expect(planner.get("p-7-2").plan.id).toBe("p-7-2");
    const both = [planner.make(request), planner.make(request)];
    expect((await catchRejection(planner.make(request))).code).toBe("TOO_BUSY");
    await Promise.all(both);
  });
});

describe("problems", () => {
  const one = { strategy: "move" as const, moves: [{ slotId: 5, groupId: 2 }] };

  test("a server that is away, a replica as a master", async () => {
    const away = `127.0.0.1:${await freePort()}`;
    topology = addProxy(
      serverTopology({
        groups: { 1: [servers[0]?.addr ?? ""], 2: [away] },
        owners: [[0, 1023, 1]],
      }),
      proxyModel(1),
    );
    const plan = await make(one);
    expect(plan.problems).toHaveLength(1);
    expect(plan.problems[0]).toMatch(/^group 2: server 127.* can't be reached/);
    topology = { ...topology, slots: topology.slots.map((s) => ({ ...s, groupId: 2 })) };
    const back = await make({ strategy: "slots" });
    expect(back.problems).toHaveLength(1);
    expect(back.isExact).toBe(false);
    await clients[1]?.call(["REPLICAOF", "127.0.0.1", "1"]);
    const [first, second] = servers.map(({ addr }) => addr);
    topology = addProxy(
      serverTopology({ groups: { 1: [first ?? ""], 2: [second ?? ""] }, owners: [[0, 1023, 1]] }),
      proxyModel(1),
    );
    const replica = await make(one);
    expect(replica.problems.join("\n")).toContain("is a replica, but the first server");
    await clients[1]?.call(["REPLICAOF", "NO", "ONE"]);
  });

  test("a target without enough memory, by figures and by trial", async () => {
    await configure(1, "maxmemory", "2mb");
    const request = { strategy: "move" as const, moves: [{ slotId: slot(BIG_KEY), groupId: 2 }] };
    const plan = await make(request);
    expect(plan.problems.join("\n")).toMatch(/but maxmemory is 2.0 MB/);
    await configure(1, "maxmemory-policy", "allkeys-lru");
    const evicting = await make(request);
    expect(evicting.problems).toEqual([]);
    expect(evicting.warnings.join("\n")).toContain("so keys would be evicted");
    await configure(1, "maxmemory-policy", "noeviction");
    await configure(1, "maxmemory", "100kb");
    const full = await make({ strategy: "slots" });
    expect(full.problems.join("\n")).toContain("doesn't take keys of");
    await configure(1, "maxmemory", "0");
    expect(await clients[1]?.call(["DBSIZE"])).toEqual({ type: "integer", value: 0n });
  });

  test("a proxy that can't move keys, a group that is promoting, slots that move already", async () => {
    const old = proxyModel(2, { forwardMethods: [0, 1] });
    topology = addProxy(topology, old);
    topology = createSlotActions(topology, [{ id: 9, groupId: 2 }]);
    const group = topology.groups.get(2);
    if (group !== undefined) {
      const promoting = { index: 0, state: "preparing" as const };
      topology = {
        ...topology,
        groups: new Map([...topology.groups, [2, { ...group, promoting }]]),
      };
    }
    const plan = await make({ strategy: "drain", drainGroupId: 1 });
    expect(plan.problems).toEqual([
      `proxy-[${old.token}] at ${old.adminAddr} can't move keys (it doesn't know forward_method 2); ` +
        "replace or remove it",
      "group 2 is promoting",
      "slots 9 move already; wait until they have arrived",
    ]);
    expect(plan.moves).toHaveLength(1023);
  });

  test("nodes that are garbage: slots stay, groups stop the plan", async () => {
    topology = {
      ...topology,
      slots: topology.slots.map((s) => (s.id === 4 ? { ...s, groupId: 0 } : { ...s, groupId: 9 })),
      faults: ["/codis3/demo/slots/slot-0004: it isn't JSON", "/codis3/demo/group/group-0009: bad"],
    };
    const plan = await make({ strategy: "slots" });
    expect(plan.moves.some(({ slotId }) => slotId === 4)).toBe(false);
    expect(plan.problems[0]).toContain("group 9 can't be understood");
    expect(plan.warnings.join("\n")).toContain("slots 4 can't be understood and stay");
  });

  test("a version that is too old", async () => {
    const info = { redis_version: "6.2.1", role: "master" };
    const figures = (addr: string): ServerFigures => ({
      addr,
      info,
      error: undefined,
      isTimedOut: false,
      atMs: 0,
    });
    const addr = servers[0]?.addr ?? "";
    const quick = plannerOf({ serverFigures: () => new Map([[addr, figures(addr)]]) });
    expect(quick.quickProblems([{ slotId: 1, fromGroupId: 1, toGroupId: 2 }])).toEqual([
      `group 1: server ${addr} has version 6.2.1; keys are moved from and to Redis 7.0 or later`,
    ]);
    quick.close();
  });

  test("warnings: how safe the source's log is, and that the target is alone", async () => {
    await configure(0, "appendonly", "yes");
    const plan = await make({ strategy: "slots" });
    const text = plan.warnings.join("\n");
    expect(text).toContain("runs with appendfsync everysec");
    expect(text).toContain("has no replica");
    await configure(0, "appendonly", "no");
  });
});

describe("requests that make no sense", () => {
  test.each([
    [{ strategy: "slots", maxSlots: 0 }, "ARGUMENT_INVALID"],
    [{ strategy: "slots", drainGroupId: 1 }, "ARGUMENT_INVALID"],
    [{ strategy: "slots", exceptGroupIds: [77] }, "NOT_FOUND"],
    [{ strategy: "slots", exceptGroupIds: [1, 2] }, "NOT_FOUND"],
    [{ strategy: "drain" }, "ARGUMENT_INVALID"],
    [{ strategy: "drain", drainGroupId: 1, exceptGroupIds: [2] }, "STATE_CONFLICT"],
    [{ strategy: "move", moves: [] }, "ARGUMENT_INVALID"],
    [{ strategy: "move", moves: [{ slotId: 1, groupId: 3 }] }, "STATE_CONFLICT"],
    [{ strategy: "move", moves: [{ slotId: 4096, groupId: 2 }] }, "NOT_FOUND"],
    [
      { strategy: "move", moves: [1, 1].map((slotId) => ({ slotId, groupId: 2 })) },
      "ARGUMENT_INVALID",
    ],
    [{ strategy: "weight", weights: { "1": 0 } }, "ARGUMENT_INVALID"],
    [{ strategy: "weight", weights: { "1": Number.NaN } }, "ARGUMENT_INVALID"],
    [{ strategy: "weight", weights: { x: 1 } }, "ARGUMENT_INVALID"],
    [{ strategy: "weight", weights: { "3": 1 } }, "STATE_CONFLICT"],
  ] as const)("%j is %s", async (request, code) => {
    expect((await catchRejection(planner.make(request))).code).toBe(code);
  });
});
