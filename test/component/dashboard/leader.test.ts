/**
 * The leader of a product between real redis-servers and a coordinator in memory: changes that overlap, and
 * what becomes of the second one.
 */
import { expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
import { defaultDashboardConfig } from "../../../src/dashboard/config/load.ts";
import { Leader } from "../../../src/dashboard/leader.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { isLate, triedAgain } from "../../support/late-answer.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const cleanup = cleanupsAfterEach();

async function newLeader(): Promise<Leader> {
  const coordinator = createMemoryStore().open();
  const leadership = await coordinator.lead({
    lockPath: coordinatorPath.lock("demo"),
    epochPath: coordinatorPath.epoch("demo"),
    data: "{}",
    leaseMs: 20_000,
  });
  const config = defaultDashboardConfig({ productName: "demo" });
  const leader = await Leader.begin({ coordinator, leadership, config, log: silentLog });
  cleanup(() => coordinator.close());
  cleanup(() => leader.close());
  await leader.createGroup(1);
  await leader.createGroup(2);
  return leader;
}

async function redis(): Promise<RedisServer> {
  const server = await startRedis();
  cleanup(() => server.stop());
  return server;
}

/** What became of it. Rejects when a server was late: then nothing is proven, and the test begins anew. */
function outcomeOf(change: Promise<unknown>): Promise<string> {
  const outcome = change.then(
    () => "done",
    (thrown: Error) => {
      if (isLate(thrown)) {
        throw thrown;
      }
      return thrown.message;
    },
  );
  // The test may look at it only later, and hears of it then.
  outcome.catch(() => undefined);
  return outcome;
}

/** Addresses of all servers by group. */
function serversOf(leader: Leader): Readonly<Record<number, readonly string[]>> {
  const { groups } = leader.topology();
  return Object.fromEntries(
    [...groups].map(([id, group]) => [id, group.servers.map((server) => server.addr)]),
  );
}

const PLAIN = { datacenter: "", asReplica: false } as const;

test("a server that is added twice at once is there once, and the second call says so", () =>
  triedAgain(async () => {
    const leader = await newLeader();
    const { addr } = await redis();
    const outcomes = await Promise.all([
      outcomeOf(leader.addServer(1, addr, PLAIN)),
      outcomeOf(leader.addServer(1, addr, PLAIN)),
    ]);
    expect(outcomes.toSorted()).toEqual(["done", `server-[${addr}] already exists`]);
    expect(serversOf(leader)).toEqual({ 1: [addr], 2: [] });
  }));

test("one process under two names isn't added to two groups at once", () =>
  triedAgain(async () => {
    const leader = await newLeader();
    const { addr, port } = await redis();
    const name = `localhost:${port}`;
    const outcomes = await Promise.all([
      outcomeOf(leader.addServer(1, addr, PLAIN)),
      outcomeOf(leader.addServer(2, name, PLAIN)),
    ]);
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(outcomes.find((outcome) => outcome !== "done")).toMatch(
      /already exists in group-\[[12]\]/,
    );
    expect(Object.values(serversOf(leader)).flat()).toHaveLength(1);
  }));

test("data aren't adopted when slots get an owner while the server is looked at", () =>
  triedAgain(async () => {
    const leader = await newLeader();
    const [owner, server] = [await redis(), await redis()];
    const client = await RedisClient.connect({ ...PATIENT, addr: server.addr });
    await client.call(["SET", "k", "v"]);
    client.close();
    await leader.addServer(2, owner.addr, PLAIN);
    const adopting = outcomeOf(leader.addServer(1, server.addr, { ...PLAIN, adopt: true }));
    await leader.assignSlots([{ id: 0, groupId: 2 }]);
    expect(await adopting).toBe("slots were given to groups meanwhile; try again");
    expect(serversOf(leader)).toEqual({ 1: [], 2: [owner.addr] });
  }));

test("a group that goes while its first server is looked at takes the server along", () =>
  triedAgain(async () => {
    const leader = await newLeader();
    const { addr } = await redis();
    const adding = outcomeOf(leader.addServer(1, addr, PLAIN));
    await leader.removeGroup(1);
    expect(await adding).toBe("group-[1] doesn't exist");
  }));
