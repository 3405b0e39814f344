/**
 * Slot tables at the start and on SIGHUP: a wrong one never takes effect, not even in part, a right one
 * takes effect without a client noticing. Real servers behind a real proxy.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { countFreezes, hasFrozenSince, isFreezeReply } from "../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { RespConnection } from "../support/resp-connection.ts";
import {
  ask,
  keyOfGroup,
  type RunningProxy,
  slotTableOf,
  startProxy,
  tomlOf,
} from "../support/running-proxy.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

/** Of reloads under writes; even, as two tables take turns. */
const ROUNDS_MAX = 40;
const EXIT_CONFIG = 78;
const RELOAD_MS = 30_000;
const TRIES_MAX = 4;
const KEY = keyOfGroup(1, 2);
const OTHER_KEY = keyOfGroup(2, 2);
const STREAM_KEYS = Array.from({ length: 8 }, (_, index) => keyOfGroup(2, 2, index, "count"));

let servers: readonly RedisServer[];
let addrs: readonly string[];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  addrs = servers.map((server) => server.addr);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/** Texts that are no slot table, with what must be said about them. */
const WRONG_TABLES: readonly (readonly [string, string, readonly string[]])[] = [
  ["no JSON", '[{"id": 0,]', ["must be JSON", "line 1, column 11"]],
  ["an empty file", "", ["must be JSON"]],
  ["half a file", slotTableOf(["127.0.0.1:6379"]).slice(0, 5000), ["must be JSON"]],
  ["an object", '{"slots": []}', ["must be a JSON array of slots"]],
  ["a number as an entry", "[7]", ["entry 0", "must be an object"]],
  ["a slot that doesn't exist", '[{"id": 1024}]', ["id = 1024", "from 0 to 1023"]],
  ["a text as id", '[{"id": "7"}]', ['id = "7"', "from 0 to 1023"]],
  ["no id", '[{"backend_addr": "127.0.0.1:1"}]', ["entry 0", "id is missing"]],
  [
    "a slot twice",
    '[{"id": 3}, {"id": 4}, {"id": 3}]',
    ["entry 2", "slot 3 is already in entry 0"],
  ],
  ["a bad address", '[{"id": 3, "backend_addr": "redis"}]', ["slot 3", '"redis"', "host:port"]],
  ["a bad group", '[{"id": 3, "backend_addr_group_id": -1}]', ["slot 3", "= -1", "1 or more"]],
  ["an unknown field", '[{"id": 3, "backend_adr": "127.0.0.1:1"}]', ["did you mean backend_addr?"]],
  ["a dashboard's slot", '[{"id": 3, "group_id": 1}]', ["group_id", "a slot of a dashboard"]],
];

describe("a proxy started with", () => {
  test.each([...WRONG_TABLES])("%s ends with one line", async (_name, text, parts) => {
    const folder = memoryFolder();
    const [config, slots] = [folder.join("proxy.toml"), folder.join("slots.json")];
    writeFileSync(slots, text);
    const [port, adminPort] = [await freePort(), await freePort()];
    const keys = { proxy_addr: `127.0.0.1:${port}`, admin_addr: `127.0.0.1:${adminPort}` };
    writeFileSync(config, tomlOf(keys));
    const exit = await runCodis(["proxy", "-c", config, "--fillslots", slots]);
    for (const part of [slots, ...parts]) expect(exit.stderr).toContain(part);
    expect(exit.stderr).toMatch(/^codis proxy: [^\n]+\n$/);
    expect(exit.stdout).toBe("");
    expect(exit.code).toBe(EXIT_CONFIG);
    folder.remove();
  });

  test("an incomplete table serves the slots that have a server and names the others", async () => {
    const proxy = await startProxy({ servers: [addrs[0] ?? "", ""] });
    expect(await ask(proxy.port, "SET", KEY, "v")).toBe("+OK\r\n");
    expect(await ask(proxy.port, "SET", OTHER_KEY, "v")).toBe(
      "-ERR handle request, slot is not ready, may be offline\r\n",
    );
    // The log comes through a pipe, maybe later than the reply.
    const warned = await waitFor("a line about the others", RELOAD_MS, () =>
      proxy.log().find((line) => line["event"] === "slots.offline"),
    );
    expect(warned["msg"]).toContain("512-1023");
    expect((await proxy.stop()).code).toBe(0);
  });
});

describe("SIGHUP", () => {
  let proxy: RunningProxy;
  let client: RespConnection;

  beforeEach(async () => {
    for (const server of servers) await ask(server.port, "FLUSHALL");
    proxy = await startProxy({ servers: addrs.slice(0, 2) });
    client = await proxy.connect();
    expect(`${await client.call("MSET", KEY, "1", OTHER_KEY, "2")}`).toBe("+OK\r\n");
  });

  afterEach(async () => {
    client.destroy();
    expect((await proxy.stop()).code).toBe(0);
  });

  /** Reloads a table, and gives the log line about it. */
  async function reload(text: string): Promise<Readonly<Record<string, unknown>>> {
    const isAbout = (line: Readonly<Record<string, unknown>>): boolean =>
      /^slots\.reload/.test(`${line["event"]}`);
    const before = proxy.log().filter(isAbout).length;
    writeFileSync(proxy.slotsFile, text);
    proxy.program.signal("SIGHUP");
    return waitFor(
      "log line about the reload",
      RELOAD_MS,
      () => proxy.log().filter(isAbout)[before],
    );
  }

  test.each([...WRONG_TABLES])("with %s changes nothing", async (_name, text, parts) => {
    const line = await reload(text);
    expect(line["level"]).toBe("error");
    for (const part of ["the table stays as it was", proxy.slotsFile, ...parts]) {
      expect(`${line["msg"]}`).toContain(part);
    }
    expect(`${await client.call("MGET", KEY, OTHER_KEY)}`).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  });

  test("moves slots to another server without dropping a client or a request", async () => {
    // A proxy that stood still gives up what it had taken and not sent, rightly: then it is done once more.
    for (let tries = 1; !(await movesUnderWrites()); tries++) {
      expect(tries).toBeLessThan(TRIES_MAX);
      for (const server of servers.slice(1)) await ask(server.port, "DEL", ...STREAM_KEYS);
    }
    expect(`${await client.call("GET", KEY)}`).toBe("$1\r\n1\r\n");
    expect(proxy.log().filter((line) => line["event"] === "session.closed")).toEqual([]);
  }, 120_000);

  /** False: the proxy stood still meanwhile. */
  async function movesUnderWrites(): Promise<boolean> {
    const freezes = countFreezes(proxy);
    const streams = await Promise.all(STREAM_KEYS.map(() => proxy.connect()));
    let isDone = false;
    let excuses = 0;
    const written = streams.map(() => 0);
    const counts = streams.map(async (stream, index) => {
      const name = STREAM_KEYS[index] ?? "";
      let count = 0;
      while (!isDone) {
        const reply = `${await stream.call("INCR", name)}`;
        if (isFreezeReply(reply)) excuses++;
        else if (!/^:\d+\r\n$/.test(reply)) throw new Error(`INCR ${name}: ${reply}`);
        else count++;
        written[index] = count;
      }
      return { name, count };
    });
    const tables = [
      slotTableOf([addrs[0] ?? "", addrs[2] ?? ""]),
      slotTableOf([addrs[0] ?? "", addrs[1] ?? ""]),
    ];
    // On a busy machine four rounds may be over before every client has written often enough; the last table is kept.
    const isEnough = (): boolean => written.every((count) => count > 10);
    for (
      let round = 0;
      round < 4 || (round < ROUNDS_MAX && !isEnough()) || round % 2 === 1;
      round++
    ) {
      const line = await reload(tables[round % 2] ?? "");
      expect(line["event"]).toBe("slots.reloaded");
    }
    isDone = true;
    const names = await Promise.all(counts);
    for (const stream of streams) stream.destroy();
    if (excuses > 0 && (await hasFrozenSince(proxy, freezes))) return false;
    expect(excuses).toBe(0);
    // Each write that was acknowledged is on one of the two servers that had the slot in turn.
    for (const { name, count } of names) {
      const values = await Promise.all(
        servers.slice(1).map((server) => ask(server.port, "GET", name)),
      );
      const sum = values.reduce(
        (total, value) => total + Number(/\r\n(\d+)\r\n/.exec(value)?.[1] ?? 0),
        0,
      );
      expect(sum).toBe(count);
      expect(count).toBeGreaterThan(10);
    }
    return true;
  }

  test("to a server that nobody listens at is done, and its slots fail", async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    expect((await reload(slotTableOf([addrs[0] ?? "", nobody])))["event"]).toBe("slots.reloaded");
    expect(`${await client.call("GET", OTHER_KEY)}`).toBe(
      "-ERR handle response, backend conn reset\r\n",
    );
    expect(`${await client.call("GET", KEY)}`).toBe("$1\r\n1\r\n");
    expect((await reload(slotTableOf(addrs.slice(0, 2))))["event"]).toBe("slots.reloaded");
    expect(`${await client.call("GET", OTHER_KEY)}`).toBe("$1\r\n2\r\n");
  });

  test("with a slot that moves answers an error for it, and serves the others", async () => {
    const table = JSON.parse(slotTableOf(addrs.slice(0, 2))) as Record<string, unknown>[];
    for (const slot of table.slice(512)) {
      Object.assign(slot, { migrate_from: addrs[2], migrate_from_group_id: 3 });
    }
    expect((await reload(JSON.stringify(table)))["event"]).toBe("slots.reloaded");
    const source = servers[2]?.port ?? 0;
    await ask(source, "SET", OTHER_KEY, "at the source");
    expect(`${await client.call("APPEND", OTHER_KEY, "x")}`).toMatch(
      /^-TRYAGAIN .*doesn't have the slot commands/,
    );
    await ask(source, "DEL", OTHER_KEY);
    // Now there is nothing to move.
    expect(`${await client.call("GET", OTHER_KEY)}`).toBe("$1\r\n2\r\n");
    expect(`${await client.call("GET", KEY)}`).toBe("$1\r\n1\r\n");
  });
});
