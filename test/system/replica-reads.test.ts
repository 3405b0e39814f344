/**
 * Reads from replicas in a whole product: real dashboard, proxies, masters and replicas. While slots move to and fro
 * no reader misses a key, and a slot is offered to be read from a replica only when that one has caught up.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ProxyClient } from "../../src/api/proxy-client.ts";
import { waitFor } from "../support/deadline.ts";
import { isFreezeReply, wasFrozen } from "../support/held-proxy.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask, bulk, RunningProduct } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import type { WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
const END_MS = 40_000;
const KEYS = Array.from({ length: 400 }, (_, index) => `key${index}`)
  .filter((key) => slotOfKey(key) < 512)
  .slice(0, 60);
const SLOTS = [...new Set(KEYS.map(slotOfKey))];

const folder = memoryFolder();
let product: RunningProduct;
let replicas: readonly RedisServer[] = [];

beforeAll(async () => {
  product = await RunningProduct.start({ coordinator: { name: "filesystem", addr: folder.path } });
  replicas = await Promise.all(product.servers.map(() => startRedis()));
  const { v1 } = product.dashboard;
  for (const [index, { addr }] of replicas.entries()) {
    await v1.addServer(index + 1, { addr, as_replica: true });
  }
  await v1.setAllReplicaReads(true);
}, TEST_MS);

afterAll(async () => {
  for (const replica of replicas) replica.resume();
  await product.stop();
  await Promise.all(replicas.map((replica) => replica.kill()));
  folder.remove();
}, TEST_MS);

/** Addresses that the first proxy may read a slot from. */
async function readableAddrs(slot: number): Promise<readonly string[]> {
  const addr = product.proxies[0]?.adminAddr ?? "";
  const { slots } = await new ProxyClient({ addr, productName: "", productAuth: "" }).overview();
  return (slots.find(({ id }) => id === slot)?.replica_groups ?? []).flat();
}

function untilReadable(slot: number, replica: RedisServer | undefined): Promise<true> {
  return waitFor(`reads of slot ${slot} from ${replica?.addr}`, END_MS, async () => {
    const addrs = await readableAddrs(slot);
    return addrs.includes(replica?.addr ?? "none") ? true : undefined;
  });
}

async function getsOf(server: RedisServer | undefined): Promise<number> {
  const info = await ask(server?.port ?? 0, "INFO", "commandstats");
  return Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

async function move(groupId: number): Promise<void> {
  const { v1 } = product.dashboard;
  const moves = SLOTS.map((slot_id) => ({ slot_id, group_id: groupId }));
  const plan = await v1.createPlan({ strategy: "move", moves });
  expect(plan.problems).toEqual([]);
  const { id } = await v1.startOperation({ plan: plan.id, keys_per_second: 0 });
  await waitFor("end of the move", END_MS, async () =>
    (await v1.operation(id)).state === "done" ? true : undefined,
  );
}

test(
  "no reader misses a key while slots move to and fro, and replicas answer",
  async () => {
    const [first, second] = replicas;
    for (const key of KEYS) await ask(product.proxies[0]?.port ?? 0, "SET", key, key);
    await untilReadable(SLOTS[0] ?? 0, first);
    let isOver = false;
    const wrong: { readonly proxy: WaitingProxy; readonly reply: string }[] = [];
    const readers = [...product.proxies, ...product.proxies].map(async (proxy) => {
      const client = await RespConnection.open(proxy.port);
      for (let at = 0; !isOver; at = (at + 1) % KEYS.length) {
        const key = KEYS[at] ?? "";
        const reply = (await client.call("GET", key)).toString();
        if (reply !== bulk(key)) wrong.push({ proxy, reply });
      }
      client.destroy();
    });
    const before = await getsOf(first);
    await waitFor("reads by the replica", END_MS, async () =>
      (await getsOf(first)) > before + 100 ? true : undefined,
    );
    await move(2);
    await untilReadable(SLOTS[0] ?? 0, second);
    const moved = await getsOf(second);
    await waitFor("reads by the other replica", END_MS, async () =>
      (await getsOf(second)) > moved + 100 ? true : undefined,
    );
    await move(1);
    await untilReadable(SLOTS[0] ?? 0, first);
    isOver = true;
    await Promise.all(readers);
    // A proxy that stood still says so, and is asked again.
    const isRight = ({ proxy, reply }: (typeof wrong)[number]): boolean =>
      isFreezeReply(reply) && wasFrozen(proxy);
    expect(wrong.filter((one) => !isRight(one)).map(({ reply }) => reply)).toEqual([]);
  },
  TEST_MS,
);

test(
  "a slot that came by force waits for its replica; a new leader begins anew",
  async () => {
    const [, second] = replicas;
    const slot = SLOTS[0] ?? 0;
    await untilReadable(600, second);
    second?.pause();
    // Else it has everything already, and may be read from at once.
    await ask(product.servers[1]?.port ?? 0, "SET", "not yet replicated", "1");
    const assignments = [{ from: slot, to: slot, group_id: 2 }];
    await product.dashboard.v1.assignSlots({ assignments });
    await Bun.sleep(4000);
    expect(await readableAddrs(slot)).not.toContain(second?.addr ?? "");
    expect(await readableAddrs(600)).toContain(second?.addr ?? "");
    second?.resume();
    await untilReadable(slot, second);
    await product.restartDashboard();
    await untilReadable(slot, second);
    await untilReadable(600, second);
    await product.whenWell();
  },
  TEST_MS,
);
