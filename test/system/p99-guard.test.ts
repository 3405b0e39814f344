/**
 * The p99 guard with real processes: what a proxy really measures slows a move, the command line says why, and without
 * the guard the move goes on to its end. Clients are slow because of their own scripts, whatever the machine is.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { V1Operation } from "../../src/api/v1-operation-schema.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { numberOf } from "../../src/redis/reply.ts";
import { runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { PATIENT } from "../support/patience.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const WAIT_MS = 90_000;
/** Half of them move; so slowly that the move can't end before it is looked at. */
const KEYS = 100_000;
const KEYS_PER_SECOND = 400;
const BOUND_MS = 1;
/** Keeps its server busy for 3 ms. */
const SCRIPT = `
  local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
  local began = now()
  while now() - began < 3000 do end
  return 'OK'`;

const folder = memoryFolder();
const servers: RedisServer[] = [];
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let client: RespConnection;

beforeAll(async () => {
  servers.push(await startRedis(), await startRedis());
  proxy = await startWaitingProxy();
  dashboard = await startDashboard({
    coordinator: { name: "filesystem", addr: folder.path },
  });
  for (const [index, { addr }] of servers.entries()) {
    await dashboard.v1.createGroup(index + 1);
    await dashboard.v1.addServer(index + 1, { addr });
  }
  await dashboard.v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  await dashboard.v1.addProxy({ admin_addr: proxy.adminAddr });
  client = await proxy.connect();
  await withServer(servers[0], async (source) => {
    for (let start = 0; start < KEYS; start += 1_000) {
      const pairs = Array.from({ length: 1_000 }, (_, at) => [`key:${start + at}`, "value"]);
      await source.call(["MSET", ...pairs.flat()]);
    }
  });
}, TEST_MS);

afterAll(async () => {
  client?.destroy();
  await dashboard?.kill();
  await proxy?.kill();
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
}, TEST_MS);

async function withServer<T>(
  server: RedisServer | undefined,
  run: (redis: RedisClient) => Promise<T>,
): Promise<T> {
  const redis = await RedisClient.connect({ ...PATIENT, addr: server?.addr ?? "" });
  try {
    return await run(redis);
  } finally {
    redis.close();
  }
}

async function reaches(
  id: string,
  what: string,
  isSo: (operation: V1Operation) => boolean,
): Promise<V1Operation> {
  return waitFor(what, WAIT_MS, async () => {
    const operation = await dashboard.v1.operation(id);
    return isSo(operation) ? operation : undefined;
  });
}

test(
  "clients that wait longer than the bound slow a move, and it says so",
  async () => {
    const plan = await dashboard.v1.createPlan({ strategy: "slots" });
    const { id } = await dashboard.v1.startOperation({
      plan: plan.id,
      keys_per_second: KEYS_PER_SECOND,
      p99_guard_ms: BOUND_MS,
    });
    expect((await client.call("EVAL", SCRIPT, "1", "busy")).toString()).toBe("$2\r\nOK\r\n");
    let isOver = false;
    const busy = (async () => {
      while (!isOver) {
        await client.call("EVAL", SCRIPT, "1", "busy");
      }
    })();
    try {
      const slowed = await reaches(id, "a slower move", ({ speed_in_force: now }) => now.slowed);
      expect(slowed.speed_in_force.keys_per_second).toBeLessThan(KEYS_PER_SECOND);
      expect(slowed.speed_in_force.said?.code).toBe("op.guard-slows");
      expect(slowed.speed).toMatchObject({
        keys_per_second: KEYS_PER_SECOND,
        p99_guard_ms: BOUND_MS,
      });
      const { stdout } = await runCodis(["operation", "show", id, "--dashboard", dashboard.addr]);
      expect(stdout).toContain("p99 guard                 1 ms\n");
      expect(stdout).toMatch(/limit now +\d+ keys\/s \(slowed by the p99 guard: /);
    } finally {
      isOver = true;
    }
    await busy;
    await dashboard.v1.updateOperation(id, { keys_per_second: 0, p99_guard_ms: 0 });
    const { state } = await reaches(id, "the end", ({ ended_at: endedAt }) => endedAt !== null);
    expect(state).toBe("done");
    const sizes = await Promise.all(
      servers.map((server) =>
        withServer(server, async (redis) => numberOf(await redis.call(["DBSIZE"]))),
      ),
    );
    expect(sizes).toEqual([KEYS - plan.keys, plan.keys]);
  },
  TEST_MS,
);
