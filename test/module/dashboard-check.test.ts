/**
 * The dashboard takes a redis-server with the module as what it is: a server that knows slots, so keys of foreign
 * slots are found by their counts and named, in any database, without a scan.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { checkServer, type ServerCheck } from "../../src/dashboard/group/check-server.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { slotsInfo, slotsScan } from "../../src/redis/server-command.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { serverTopology } from "../support/server-topology.ts";
import { startSlotsServer } from "../support/slots-module.ts";

let server: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  server = await startSlotsServer();
  client = await RedisClient.connect({ addr: server.addr });
}, 60_000);

afterAll(async () => {
  client.close();
  await server.stop();
});

beforeEach(async () => {
  await client.call(["SELECT", "0"]);
  await client.call(["FLUSHALL"]);
});

/** As the first server of group 2, which owns slot 579 only. */
function check(role: ServerCheck["role"] = "master"): ReturnType<typeof checkServer> {
  return checkServer({
    addr: server.addr,
    groupId: 2,
    role,
    topology: serverTopology({ groups: { 2: [] }, owners: [[579, 579, 2]] }),
    password: "",
  });
}

describe("a server with the module", () => {
  test("is taken as one that knows slots", async () => {
    await client.call(["MSET", "a", "1", "{a}2", "2"]);
    const found = await check();
    expect(found).toMatchObject({ kind: "codis-server", keyCount: 2, functions: {} });
    expect(found.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("with a key of a foreign slot is refused, and the key is named", async () => {
    await client.call(["SELECT", "9"]);
    await client.call(["SET", "b", "1"]);
    await expect(check()).rejects.toThrow(/holds the key "?b"? in database 9, of slot 1017/);
  });

  test("SLOTSINFO and SLOTSSCAN are read as codis-server's", async () => {
    await client.call(["MSET", "a", "1", "b", "2"]);
    expect(await slotsInfo(client)).toEqual(
      new Map([
        [579, 1],
        [1017, 1],
      ]),
    );
    const step = await slotsScan(client, 1017, "0", 10);
    expect(step.keys.map(String)).toEqual(["b"]);
    expect(step.cursor).toBe("0");
  });
});
