/**
 * What the dashboard makes of servers with the module before slots move: plans, and the search for leftovers, which
 * the counts of such a server answer without a scan.
 */
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { silentLog } from "../../src/base/log.ts";
import type { ServerFigures } from "../../src/dashboard/control.ts";
import { StaleKeys } from "../../src/dashboard/migration/stale-keys.ts";
import { Planner } from "../../src/dashboard/operation/planner.ts";
import { addProxy } from "../../src/model/change/proxy.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { parseInfo } from "../../src/redis/info.ts";
import { textOf } from "../../src/redis/reply.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { readSlotAbility } from "../../src/redis/slot-ability.ts";
import { catchRejection } from "../support/caught-error.ts";
import { serverAt, sizeOf, slotOfKey } from "../support/mover-pair.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { serverTopology } from "../support/server-topology.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { proxyModel } from "../support/topology-sample.ts";

setDefaultTimeout(60_000);

let servers: RedisServer[];
let at: RedisClient;

beforeAll(async () => {
  servers = [await startSlotsServer(), await startSlotsServer(), await startRedis()];
  at = await RedisClient.connect({ addr: servers[1]?.addr ?? "" });
});

afterAll(async () => {
  at.close();
  await Promise.all(servers.map((server) => server.stop()));
});

beforeEach(async () => {
  await at.call(["SELECT", "0"]);
  await at.call(["FLUSHALL"]);
});

async function figuresOf(addr: string): Promise<ServerFigures> {
  const client = await RedisClient.connect({ addr });
  const slotCommands = await readSlotAbility(client);
  client.close();
  const info = await fetchInfo({ addr });
  return { addr, info, error: undefined, isTimedOut: false, atMs: 0, slotCommands };
}

/** A plan for a slot from group 1 to group 2, which has a stock server as its second one. */
async function planner(forwardMethods: readonly (0 | 1 | 2)[]): Promise<Planner> {
  const [first = "", second = "", stock = ""] = servers.map(({ addr }) => addr);
  const groups = { 1: [first], 2: [second, stock] };
  const topology = addProxy(
    serverTopology({ groups, owners: [[0, 1023, 1]] }),
    proxyModel(1, { forwardMethods }),
  );
  const figures = await Promise.all([first, second, stock].map(figuresOf));
  return new Planner({
    topology: () => topology,
    serverFigures: () => new Map(figures.map((each) => [each.addr, each])),
    epoch: 7,
    password: "",
    planTimeoutMs: 5_000,
    bigKeyRule: "last",
    maxStallMs: 5,
    migrationMethod: "semi-async",
    log: silentLog,
  });
}

describe("a replica without the module", () => {
  const request = { strategy: "move", moves: [{ slotId: 1, groupId: 2 }] } as const;

  test("is a problem of a plan, and of a move without a plan", async () => {
    const made = await planner([0, 1, 2]);
    const { problems } = await made.make(request);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`replica ${servers[2]?.addr} doesn't have the slot commands`);
    const quick = made.quickProblems([{ slotId: 1, fromGroupId: 1, toGroupId: 2 }]);
    expect(quick).toEqual(problems);
    made.close();
  });

  test("is none when keys go with MIGRATE", async () => {
    const made = await planner([2]);
    expect((await made.make(request)).problems).toEqual([]);
    expect(made.quickProblems([{ slotId: 1, fromGroupId: 1, toGroupId: 2 }])).toEqual([]);
    made.close();
  });
});

describe("leftovers of earlier moves", () => {
  const search = new StaleKeys({ slotCount: 1_024, epoch: 7, confirm: () => Promise.resolve() });

  async function scans(): Promise<number> {
    const stats = parseInfo(textOf(await at.call(["INFO", "commandstats"])) ?? "");
    return Number(/calls=(\d+)/.exec(stats["cmdstat_scan"] ?? "")?.[1] ?? 0);
  }

  test("are found by the counts: without any nothing is scanned", async () => {
    await at.call(["MSET", "a", "1", "b", "2"]);
    await at.call(["SELECT", "5"]);
    await at.call(["SET", "a", "1"]);
    const slots = new Set([slotOfKey("c"), slotOfKey("d")]);
    const before = await scans();
    const target = serverAt(servers[1]?.addr ?? "", 2);
    expect((await search.clear(target, slots, slots)).unlinked).toBe(0);
    expect(await scans()).toBe(before);
    await at.call(["SET", "c", "1"]);
    expect((await search.clear(target, slots, slots)).unlinked).toBe(1);
    expect(await scans()).toBe(before + 1);
    expect(await sizeOf(at)).toBe(1);
  });

  test("that nobody left there are named", async () => {
    await at.call(["SET", "c", "1"]);
    const target = serverAt(servers[1]?.addr ?? "", 2);
    const refused = await catchRejection(
      search.clear(target, new Set([slotOfKey("c")]), new Set()),
    );
    expect(refused.message).toContain(`key "c" (slot ${slotOfKey("c")}, database 0)`);
  });
});
