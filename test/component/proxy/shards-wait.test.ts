/**
 * WAIT against a real master with a real replica that is stopped by SIGSTOP: it counts the
 * session's own writes, not merely the replicas that are connected.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { ClientState } from "../../../src/proxy/dispatch/context.ts";
import { waitFor } from "../../support/deadline.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { RealShards } from "../../unit/proxy/dispatch/shards/real-shards.ts";
import { run, testEnv, testSession } from "../../unit/proxy/dispatch/shards/session.ts";
import { TestSlotTable } from "../../unit/proxy/dispatch/shards/slot-table.ts";

/** Long enough that a replica that runs answers, short enough for a test. */
const WAIT_MS = "300";

let master: RedisServer;
let replica: RedisServer;
/** A master of a second group, without replicas. */
let lonely: RedisServer;
let table: TestSlotTable;
let shards: RealShards;
let client: ClientState;

beforeAll(async () => {
  [master, lonely] = await Promise.all([startRedis(), startRedis()]);
  replica = await startRedis({ args: ["--replicaof", `127.0.0.1 ${master.port}`] });
  table = new TestSlotTable([master.addr, lonely.addr]);
  table.assign(0, 511, 1);
  table.assign(512, 1023, 2);
  shards = new RealShards(table);
  await waitFor("replica online", 20_000, async () => {
    const text = (await shards.ask(1, "INFO", "replication")).toString();
    return text.includes("state=online") ? true : undefined;
  });
}, 30_000);

afterAll(async () => {
  shards.close();
  await Promise.all([replica, master, lonely].map((server) => server.stop()));
});

beforeEach(() => {
  client = testSession();
});

async function raw(name: string, ...args: readonly string[]): Promise<string> {
  return (await run(testEnv(shards), client, name, ...args)).toString();
}

async function write(groupId: number): Promise<void> {
  await shards.ask(groupId, "SET", "key", `${performance.now()}`);
  client.writtenGroups.add(groupId);
}

describe("WAIT", () => {
  test("counts a replica that has the session's writes", async () => {
    await write(1);
    expect(await raw("wait", "1", "5000")).toBe(":1\r\n");
  });

  test("doesn't count a replica that is stopped before it has them, and does after it goes on", async () => {
    replica.pause();
    try {
      await write(1);
      // The mistake that this must not be: a fresh connection's WAIT counts the stopped replica.
      const shard = { groupId: 1, addr: master.addr };
      const [fresh] = await shards.callDedicated(shard, 0, 2, [["WAIT", "1", WAIT_MS]], 5_000);
      expect(fresh?.toString()).toBe(":1\r\n");
      expect(await raw("wait", "1", WAIT_MS)).toBe(":0\r\n");
      // A second WAIT is about the same writes.
      expect(await raw("wait", "1", WAIT_MS)).toBe(":0\r\n");
    } finally {
      replica.resume();
    }
    expect(await raw("wait", "1", "10000")).toBe(":1\r\n");
  });

  test("answers the minimum over the groups that the session wrote to", async () => {
    await write(1);
    await write(2);
    expect(await raw("wait", "1", WAIT_MS)).toBe(":0\r\n");
  });

  test("counts the target of a slot that moves from a group that was written to", async () => {
    await write(1);
    table.assign(3, 3, 2, 1);
    try {
      expect(await raw("wait", "1", WAIT_MS)).toBe(":0\r\n");
    } finally {
      table.assign(3, 3, 1);
    }
  });

  test("answers the fewest replicas of all groups for a session that wrote nothing", async () => {
    expect(await raw("wait", "0", "0")).toBe(":0\r\n");
    table.assign(0, 1023, 1);
    try {
      expect(await raw("wait", "1", "0")).toBe(":1\r\n");
    } finally {
      table.assign(512, 1023, 2);
    }
  });

  test("takes all groups when one that was written to is gone", async () => {
    client.writtenGroups.add(9);
    expect(await raw("wait", "1", WAIT_MS)).toBe(":0\r\n");
  });

  test("leaves no trace in the data", async () => {
    const before = (await shards.ask(1, "DBSIZE")).toString();
    await write(1);
    await raw("wait", "1", "5000");
    expect((await shards.ask(1, "DBSIZE")).toString()).toBe(before);
  });

  test("refuses bad arguments in Redis's words", async () => {
    for (const isWriter of [false, true]) {
      if (isWriter) client.writtenGroups.add(1);
      expect(await raw("wait", "x", "1")).toBe("-ERR value is not an integer or out of range\r\n");
      expect(await raw("wait", "1", "x")).toBe(
        "-ERR timeout is not an integer or out of range\r\n",
      );
      expect(await raw("wait", "1", "-1")).toBe("-ERR timeout is negative\r\n");
    }
  });
});
