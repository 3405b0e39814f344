/**
 * Slots whose keys come from another server, behind a real proxy of several workers: each worker moves keys by
 * itself, all of them see the same data, and a table that can't be acknowledged yet kills nobody.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { PROXY_ROUTES } from "../../src/api/proxy-route.ts";
import { encodeCommand } from "../../src/resp/encode.ts";
import { waitFor } from "../support/deadline.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { ask, type RunningProxy, slotTableOf, startProxy } from "../support/running-proxy.ts";

const WORKERS = 3;
const TEST_MS = 120_000;
const WAIT_MS = 30_000;
const KEYS = Array.from({ length: 200 }, (_, i) => `count:${i}`);

let source: RedisServer;
let target: RedisServer;
let proxy: RunningProxy;

beforeAll(async () => {
  [source, target] = await Promise.all([startRedis(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

beforeEach(async () => {
  for (const server of [source, target]) await ask(server.port, "FLUSHALL");
  const config = { workers: WORKERS, migration_hold_timeout: "60s", worker_ack_timeout: "4s" };
  proxy = await startProxy({ servers: [source.addr], config });
});

/** The table with all slots as given. */
function tableOf(fields: Readonly<Record<string, unknown>>): string {
  const slots = JSON.parse(slotTableOf([target.addr])) as Record<string, unknown>[];
  for (const slot of slots) Object.assign(slot, { backend_addr_group_id: 2 }, fields);
  return JSON.stringify(slots);
}

const MIGRATING = { migrate_from_group_id: 1, forward_method: 2 };

/** Has the proxy read a table, and gives the log line about it. */
async function reload(text: string): Promise<Readonly<Record<string, unknown>>> {
  const isAbout = (line: Readonly<Record<string, unknown>>): boolean =>
    /^slots\.reload/.test(`${line["event"]}`);
  const before = proxy.log().filter(isAbout).length;
  writeFileSync(proxy.slotsFile, text);
  proxy.program.signal("SIGHUP");
  return waitFor("log line about the reload", WAIT_MS, () => proxy.log().filter(isAbout)[before]);
}

async function metricOf(name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${proxy.adminPort}${PROXY_ROUTES.metrics.path}`);
  const text = await answer.text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1]);
}

test(
  "all workers move the same keys at once, and each change is there once",
  async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => proxy.connect()));
    await Promise.all(KEYS.map((name) => clients[0]?.call("SET", name, "0")));
    expect(
      await reload(tableOf({ ...MIGRATING, migrate_from: source.addr, locked: true })),
    ).toMatchObject({ event: "slots.reloaded" });
    expect(await reload(tableOf({ ...MIGRATING, migrate_from: source.addr }))).toMatchObject({
      event: "slots.reloaded",
    });
    await Promise.all(
      clients.map(async (client) => {
        const replies = await Promise.all(KEYS.map((name) => client.call("INCR", name)));
        for (const reply of replies) expect(`${reply}`).toMatch(/^:\d+\r\n$/);
      }),
    );
    expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
    const values = await ask(target.port, "MGET", ...KEYS);
    expect(values).toBe(`*200\r\n${"$2\r\n12\r\n".repeat(200)}`);
    await waitFor("figures of all workers", WAIT_MS, async (): Promise<true> => {
      expect(await metricOf("codis_proxy_move_keys_total")).toBeGreaterThanOrEqual(200);
      expect(await metricOf("codis_proxy_move_waiting")).toBe(0);
      return true;
    });
    const names = await ask(source.port, "CLIENT", "LIST");
    const movers = new Set(names.match(/name=codis-mover-proxy-\w+-\d/g));
    expect(movers.size).toBeGreaterThan(1);
    for (const client of clients) client.destroy();
    expect((await proxy.stop()).code).toBe(0);
  },
  TEST_MS,
);

test(
  "a table that a frozen source leaves unsettled holds, isn't acknowledged, and kills no worker",
  async () => {
    const client = await proxy.connect();
    await client.call("MSET", "a", "1", "b", "2");
    await reload(tableOf({ ...MIGRATING, migrate_from: source.addr, locked: true }));
    await reload(tableOf({ ...MIGRATING, migrate_from: source.addr }));
    expect(`${await client.call("GETEX", "a")}`).toBe("$1\r\n1\r\n");
    source.pause();
    // Its reply is taken in the end, however long that is away.
    client.write(encodeCommand(["GETEX", "b"]));
    await waitFor("a request that waits", WAIT_MS, async () =>
      (await metricOf("codis_proxy_move_waiting")) > 0 ? true : undefined,
    );
    const line = await reload(tableOf({ ...MIGRATING, migrate_from: source.addr, locked: true }));
    expect(line["event"]).toBe("slots.reload_failed");
    expect(`${line["msg"]}`).toContain("the new table holds");
    source.resume();
    await waitFor("the acknowledgement", WAIT_MS, async () => {
      const next = await reload(tableOf({ ...MIGRATING, migrate_from: source.addr, locked: true }));
      return next["event"] === "slots.reloaded" ? true : undefined;
    });
    await reload(tableOf({ ...MIGRATING, migrate_from: source.addr }));
    expect(`${await client.next("reply to GET b")}`).toBe("$1\r\n2\r\n");
    expect(proxy.log().filter((one) => /^worker\.(killed|died)$/.test(`${one["event"]}`))).toEqual(
      [],
    );
    client.destroy();
    expect((await proxy.stop()).code).toBe(0);
  },
  TEST_MS,
);
