/**
 * Gate U5 of the console, with real processes: an operation that was paused is paused still after its dashboard was
 * killed and started again, nothing moves meanwhile, and resumed it goes on to its end.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { V1Operation } from "../../src/api/v1-operation-schema.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { waitFor } from "../support/deadline.ts";
import { countFreezes, hasFrozenSince, isFreezeReply } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const WAIT_MS = 60_000;
const KEYS = 1_024;
/** So slow that the move can't end before it is paused. */
const KEYS_PER_SECOND = 2;
/** Looks while it is paused; each is a call to the dashboard. */
const LOOKS = 10;

const folder = memoryFolder();
const coordinator = { name: "filesystem", addr: folder.path } as const;
const servers: RedisServer[] = [];
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let client: RespConnection;

beforeAll(async () => {
  servers.push(await startRedis(), await startRedis());
  proxy = await startWaitingProxy();
  dashboard = await startDashboard({ coordinator });
  for (const [index, { addr }] of servers.entries()) {
    await dashboard.v1.createGroup(index + 1);
    await dashboard.v1.addServer(index + 1, { addr });
  }
  await dashboard.v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
  await dashboard.v1.addProxy({ admin_addr: proxy.adminAddr });
  client = await proxy.connect();
  for (const reply of await askAll((key) => ["SET", `key:${key}`, `${key}`])) {
    expect(reply).toBe("+OK\r\n");
  }
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

/** One command for each key, all at once; the replies in order. Once more when the proxy stood still meanwhile. */
async function askAll(commandOf: (key: number) => readonly string[]): Promise<readonly string[]> {
  const freezes = countFreezes(proxy);
  const replies = await askOnce(commandOf);
  const isSpoilt = replies.some(isFreezeReply) && (await hasFrozenSince(proxy, freezes));
  return isSpoilt ? askAll(commandOf) : replies;
}

async function askOnce(commandOf: (key: number) => readonly string[]): Promise<readonly string[]> {
  const keys = Array.from({ length: KEYS }, (_, key) => key);
  client.write(Buffer.concat(keys.map((key) => encodeCommand(commandOf(key)))));
  const replies: string[] = [];
  for (const key of keys) {
    replies.push((await client.next(`reply ${key}`)).toString());
  }
  return replies;
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
  "a paused operation stays paused through the death of its dashboard, and is resumed to its end",
  async () => {
    const moves = Array.from({ length: 64 }, (_, slot) => ({ slot_id: slot, group_id: 2 }));
    const plan = await dashboard.v1.createPlan({ strategy: "move", moves });
    const { id } = await dashboard.v1.startOperation({
      plan: plan.id,
      keys_per_second: KEYS_PER_SECOND,
    });
    await reaches(id, "the first keys", ({ progress }) => progress.keys_moved > 0);
    await dashboard.v1.pauseOperation(id);
    const port = Number(dashboard.addr.split(":")[1]);
    await dashboard.kill();
    dashboard = await startDashboard({ coordinator, port });
    const before = await reaches(id, "the operation", ({ state }) => state === "paused");
    expect(before.self_paused).toBe(false);
    expect(before.progress.slots_done).toBeLessThan(64);
    // Keys that somebody asks for move by themselves; nobody does here.
    for (let look = 0; look < LOOKS; look += 1) {
      const { state, progress } = await dashboard.v1.operation(id);
      expect([state, progress.slots_done]).toEqual(["paused", before.progress.slots_done]);
      await Bun.sleep(100);
    }
    await dashboard.v1.resumeOperation(id);
    await dashboard.v1.updateOperation(id, { keys_per_second: 0 });
    const after = await reaches(id, "the end", ({ ended_at: endedAt }) => endedAt !== null);
    expect([after.state, after.progress.slots_done]).toEqual(["done", 64]);
    const values = await askAll((key) => ["GET", `key:${key}`]);
    expect(values).toEqual(values.map((_, key) => `$${String(key).length}\r\n${key}\r\n`));
  },
  TEST_MS,
);
