/**
 * Moving slots from the command line, with real processes: an added group takes its share, a slow move is paused,
 * sped up, cancelled and sent back, and the command lines of Codis 3 and 2.0 do the same. After each step all keys
 * are read through the proxy, and counted on the servers.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { V1Operation, V1Plan } from "../../src/api/v1-operation-schema.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { type CodisExit, runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { countFreezes, hasFrozenSince, isFreezeReply } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { type RunningDashboard, startDashboard } from "../support/running-dashboard.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 180_000;
const RUN_MS = 50_000;
const WAIT_MS = 20_000;
const KEYS = 4_096;
/** A move of 1,024 keys takes minutes so: it isn't over before it is paused or cancelled. */
const SLOW = "--keys-per-second 5";

const folder = memoryFolder();
const servers: RedisServer[] = [];
let proxy: WaitingProxy;
let dashboard: RunningDashboard;
let client: RespConnection;

beforeAll(async () => {
  servers.push(await startRedis(), await startRedis());
  proxy = await startWaitingProxy();
  dashboard = await startDashboard({ coordinator: { name: "filesystem", addr: folder.path } });
  for (const [index, { addr }] of servers.entries()) {
    await say(`group create ${index + 1}`);
    await say(`server add ${index + 1} ${addr}`);
  }
  await say("slot assign 0-1023 1 --yes");
  await say(`proxy add ${proxy.adminAddr}`);
  client = await proxy.connect();
  const replies = await pipeline((key) => ["SET", `key:${key}`, `value ${key}`]);
  expect(new Set(replies)).toEqual(new Set(["+OK\r\n"]));
}, TEST_MS);

afterAll(async () => {
  client.destroy();
  await dashboard.kill();
  await proxy.kill();
  for (const server of servers) {
    await server.stop();
  }
  folder.remove();
});

function run(line: string): Promise<CodisExit> {
  const env = { ...process.env, CODIS_DASHBOARD: dashboard.addr };
  return runCodis(line.split(" "), { env }, RUN_MS);
}

/** Must succeed; gives what it prints. */
async function say(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  expect([line, code, stderr]).toEqual([line, 0, ""]);
  return stdout;
}

async function showOperation(id: string): Promise<V1Operation> {
  return JSON.parse(await say(`operation show ${id} --json`)) as V1Operation;
}

/** Watches the newest operation to its end, also when it has ended already. */
async function watchNewest(): Promise<void> {
  const operations: readonly V1Operation[] = JSON.parse(await say("operation list --json"));
  await say(`operation watch ${operations[0]?.id}`);
}

/** One command for each key, all at once; the replies in order. Once more when the proxy stood still meanwhile. */
async function pipeline(commandOf: (key: number) => readonly string[]): Promise<readonly string[]> {
  const freezes = countFreezes(proxy);
  const replies = await pipelineOnce(commandOf);
  const isSpoilt = replies.some(isFreezeReply) && (await hasFrozenSince(proxy, freezes));
  return isSpoilt ? pipeline(commandOf) : replies;
}

async function pipelineOnce(
  commandOf: (key: number) => readonly string[],
): Promise<readonly string[]> {
  const keys = Array.from({ length: KEYS }, (_, key) => key);
  client.write(Buffer.concat(keys.map((key) => encodeCommand(commandOf(key)))));
  const replies: string[] = [];
  for (const key of keys) {
    replies.push((await client.next(`reply ${key}`)).toString());
  }
  return replies;
}

/** Every key is there, has its value, and is at one server only. Gives the number of keys at each. */
async function countKeys(): Promise<readonly number[]> {
  const values = await pipeline((key) => ["GET", `key:${key}`]);
  const wrong = values.filter((reply, key) => {
    const value = `value ${key}`;
    return reply !== `$${value.length}\r\n${value}\r\n`;
  });
  expect(wrong).toEqual([]);
  const counts: number[] = [];
  for (const { port } of servers) {
    const connection = await RespConnection.open(port);
    counts.push(Number((await connection.call("DBSIZE")).toString().slice(1)));
    connection.destroy();
  }
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(KEYS);
  return counts;
}

async function slotCounts(): Promise<readonly number[]> {
  const groups: readonly { slots: { count: number } }[] = JSON.parse(
    await say("group list --json"),
  );
  return groups.map(({ slots }) => slots.count);
}

test(
  "rebalance gives an added group its share, and says how it went",
  async () => {
    const dry = await say("rebalance --dry-run");
    expect(dry).toMatch(/^plan p-\d+-1 \(equal numbers of slots\): 512 moves, \d+ keys, /);
    expect(dry).toContain("1      1024 -> 512");
    expect(await slotCounts()).toEqual([1024, 0]);

    const lines = (await say("rebalance --yes"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { plan?: V1Plan; operation?: V1Operation });
    expect(lines[0]?.plan?.moves).toHaveLength(512);
    const last = lines.at(-1)?.operation;
    expect(last).toMatchObject({ state: "done", progress: { slots_done: 512, slots_total: 512 } });
    expect(await slotCounts()).toEqual([512, 512]);
    const [, arrived = 0] = await countKeys();
    // Keys that clients used meanwhile were moved by the proxy, which isn't counted here.
    expect(last?.progress.keys_moved).toBeLessThanOrEqual(arrived);
    expect(arrived).toBeGreaterThan(KEYS / 3);
    expect(await say("rebalance --yes --no-wait")).toContain(
      ": nothing has to move; codis group list",
    );
  },
  TEST_MS,
);

test(
  "a slow move is paused, resumed, sped up and watched to its end",
  async () => {
    const started = await say(`slot migrate 512-767 --to 1 --yes --no-wait ${SLOW}`);
    const id = /operation (op-\d+) is started/.exec(started)?.[1] ?? "";
    await waitFor("the first keys", WAIT_MS, async () =>
      (await showOperation(id)).progress.keys_moved > 0 ? true : undefined,
    );
    expect(await say(`operation pause ${id}`)).toContain("is paused; its state: paused");
    expect(await say("operation list --open")).toMatch(new RegExp(`^${id} +paused +move`, "m"));
    const late = await run(`operation watch ${id} --timeout 300ms`);
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining("the time is up")]);
    await countKeys();
    await say(`operation resume ${id}`);
    await say(`operation speed ${id} --unlimited`);
    await say("operation watch");
    expect(await showOperation(id)).toMatchObject({ state: "done" });
    expect(await slotCounts()).toEqual([768, 256]);
    await countKeys();
  },
  TEST_MS,
);

test(
  "cancel --rollback sends half-moved slots back, and watching ends with exit code 1",
  async () => {
    const started = await say(`slot migrate 0-255 --to 2 --yes --no-wait ${SLOW}`);
    const id = /operation (op-\d+) is started/.exec(started)?.[1] ?? "";
    await waitFor("the first keys", WAIT_MS, async () =>
      (await showOperation(id)).progress.keys_moved > 0 ? true : undefined,
    );
    await say(`operation cancel ${id} --rollback`);
    // It may have ended already, then there is nothing to speed up.
    await run(`operation speed ${id} --unlimited`);
    const watched = await run(`operation watch ${id}`);
    expect([watched.code, watched.stderr]).toEqual([
      1,
      expect.stringContaining(`operation ${id} was cancelled (ended: `),
    ]);
    const [stayed = 0, gone = 0] = await slotCounts();
    expect(stayed).toBeGreaterThan(512);
    expect(stayed + gone).toBe(1024);
    await countKeys();
  },
  TEST_MS,
);

test(
  "the command lines of Codis 3 and 2.0 move slots as well",
  async () => {
    const admin = `admin --dashboard=${dashboard.addr}`;
    await say("slot migrate 0-1023 --to 1 --yes");
    expect(await say(`${admin} --slot-action --create-range --beg=0 --end=9 --gid=2`)).toBe("");
    await watchNewest();
    expect(await slotCounts()).toEqual([1014, 10]);
    expect(await say("config slot migrate 1014 1023 2 --delay=1")).toContain('"ret": 0');
    await watchNewest();
    expect(await slotCounts()).toEqual([1004, 20]);
    expect(await say(`${admin} --rebalance --confirm`)).toEndWith("] => 2\ndone\n");
    await watchNewest();
    expect(await slotCounts()).toEqual([512, 512]);
    await countKeys();
  },
  TEST_MS,
);
