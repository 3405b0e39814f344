/**
 * A real proxy under a dashboard of Codis 3.2, played from the recordings: what it sends to a proxy that it adds, and
 * what it does to move a slot semi-async, and one in the sync way. A client writes all the while, and nothing is lost.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { proxyXauth } from "../../src/api/xauth.ts";
import type { SlotJson } from "../../src/model/slot.ts";
import { callAddr } from "../support/admin-port.ts";
import { waitFor } from "../support/deadline.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask } from "../support/running-proxy.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { startWaitingProxy, type WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
const WAIT_MS = 30_000;
const PRODUCT = "demo";
const KEYS = 400;
const SLOT = slotOfKey("{tag}");

let servers: readonly RedisServer[] = [];
let proxy: WaitingProxy;
let token = "";

beforeAll(async () => {
  servers = await Promise.all([startSlotsServer(), startSlotsServer()]);
  proxy = await startWaitingProxy(PRODUCT, { workers: 2 });
}, TEST_MS);

afterAll(async () => {
  await proxy.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

function addrOf(index: number): string {
  return servers[index]?.addr ?? "";
}

/** PUT with a body, as Go's client sends it: indented by 4. Expects "OK". */
async function put(path: string, body?: unknown): Promise<void> {
  const xauth = proxyXauth(PRODUCT, "", token);
  const text = body === undefined ? undefined : JSON.stringify(body, undefined, 4);
  const answer = await callAddr(proxy.adminAddr, "PUT", `/api/proxy/${path}/${xauth}`, text);
  expect([path, answer.status, answer.json()]).toEqual([path, 200, "OK"]);
}

function fill(...slots: readonly SlotJson[]): Promise<void> {
  return put("fillslots", slots);
}

/** As the recorded dashboard orders it, until nothing is left. */
async function moveAll(from: number, to: number, method: "sync" | "semi-async"): Promise<void> {
  const [host = "", port = ""] = addrOf(to).split(":");
  const order =
    method === "sync"
      ? ["SLOTSMGRTTAGSLOT", host, port, "30000", `${SLOT}`]
      : ["SLOTSMGRTTAGSLOT-ASYNC", host, port, "5000", "200", "33554432", `${SLOT}`, "20"];
  await waitFor("end of the move", WAIT_MS, async () => {
    const reply = await ask(servers[from]?.port ?? 0, ...order);
    expect(reply).toMatch(/^\*2\r\n:\d+\r\n:\d+\r\n$/);
    return reply.endsWith("\r\n:0\r\n") ? true : undefined;
  });
}

/** What the dashboard tells of a slot that moves. */
function moving(from: number, to: number, method: 0 | 1, isLocked: boolean): SlotJson {
  return {
    id: SLOT,
    ...(isLocked ? { locked: true } : {}),
    backend_addr: addrOf(to),
    backend_addr_group_id: to + 1,
    migrate_from: addrOf(from),
    migrate_from_group_id: from + 1,
    ...(method === 0 ? {} : { forward_method: method }),
  };
}

function still(index: number): SlotJson {
  return { id: SLOT, backend_addr: addrOf(index), backend_addr_group_id: index + 1 };
}

test(
  "slots move both ways under a client",
  async () => {
    const model = (await callAddr(proxy.adminAddr, "GET", "/api/proxy/model")).json();
    token = (model as { token: string }).token;
    await fill(
      ...Array.from({ length: 1024 }, (_, id) => ({ ...still(0), id, forward_method: 1 })),
    );
    await put("start");
    await put("sentinels", { servers: [] });
    const client = await proxy.connect();
    const counts = new Map<string, number>();
    const errors: string[] = [];
    let isStopped = false;
    const writing = (async () => {
      for (let at = 0; !isStopped; at = (at + 1) % KEYS) {
        const [key, other] = [`{tag}:${at}`, `{tag}:${(at + 1) % KEYS}`];
        const wanted = (counts.get(key) ?? 0) + 1;
        const reply = (await client.call("INCR", key)).toString();
        counts.set(key, wanted);
        const both = (await client.call("EXISTS", key, other)).toString();
        const isThere = counts.has(other) ? 2 : 1;
        if (reply !== `:${wanted}\r\n` || both !== `:${isThere}\r\n`) {
          errors.push(`${key}: ${wanted} ${reply} ${isThere} ${both}`);
        }
      }
    })();
    const goOn = async (more: number): Promise<void> => {
      const sum = (): number => [...counts.values()].reduce((all, count) => all + count, 0);
      const before = sum();
      await waitFor("writes", WAIT_MS, () => (sum() >= before + more ? true : undefined));
    };
    await goOn(500);
    for (const [from, to, method] of [
      [0, 1, 1],
      [1, 0, 0],
    ] as const) {
      await fill(moving(from, to, method, true));
      await fill(moving(from, to, method, false));
      await goOn(100);
      await moveAll(from, to, method === 1 ? "semi-async" : "sync");
      await goOn(100);
      await fill(still(to));
      await goOn(100);
    }
    isStopped = true;
    await writing;
    client.destroy();
    expect(errors).toEqual([]);
    expect(await ask(servers[1]?.port ?? 0, "DBSIZE")).toBe(":0\r\n");
    const direct = await RespConnection.open(servers[0]?.port ?? 0);
    for (const [key, count] of counts) {
      expect([key, (await direct.call("GET", key)).toString()]).toEqual([
        key,
        `$${`${count}`.length}\r\n${count}\r\n`,
      ]);
    }
    direct.destroy();
  },
  TEST_MS,
);
