/**
 * Proxies that were frozen, where servers can't cut them off: one that goes on serves nothing before a dashboard has
 * confirmed its slots, and nothing at all where none knows it any more.
 */
import { expect, test } from "bun:test";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor } from "../../support/deadline.ts";
import { FenceProduct, workerPids } from "../../support/fence-product.ts";
import { slotOfKey } from "../../support/mover-pair.ts";
import type { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-product.ts";

const TEST_MS = 120_000;
const WAIT_MS = 20_000;
const KEY = "{t1}:count";
const SLOT = slotOfKey("{t1}");
/** More than `FREEZE_MS` of a worker. */
const FROZEN_MS = 2_500;

const cleanup = cleanupsAfterEach();

async function newProduct(): Promise<FenceProduct> {
  const product = await FenceProduct.start({ proxyDeadAfterMs: 60_000 });
  cleanup(() => product.stop());
  await product.lead();
  return product;
}

async function increment(connection: RespConnection): Promise<string> {
  return (await connection.call("INCR", KEY)).toString();
}

test(
  "a frozen proxy that was forgotten meanwhile writes nothing to the old owner when it goes on",
  async () => {
    const built = await newProduct();
    await built.addProxy();
    const { proxy, model } = await built.addProxy({ slot_hold_timeout: "1s" });
    const client = await proxy.connect();
    // When the machine stood still it may have to be confirmed first; what is refused isn't done.
    await waitFor("the first write", WAIT_MS, async () =>
      (await increment(client)) === ":1\r\n" ? true : undefined,
    );
    built.freeze(model.pid);
    // As an operator does it by force.
    await built.leader.store.commit("remove", (now) => {
      const proxies = new Map(now.proxies);
      proxies.delete(model.token);
      return { ...now, proxies };
    });
    const sent = increment(client);
    await built.leader.move([SLOT], 2);
    await built.leader.whenMoved([SLOT], 2);
    await Bun.sleep(FROZEN_MS);
    built.thaw(model.pid);
    expect(await sent).toStartWith("-TRYAGAIN");
    expect(await increment(client)).toStartWith("-TRYAGAIN");
    expect((await client.call("FLUSHALL")).toString()).toStartWith("-TRYAGAIN");
    client.destroy();
    expect(await ask(built.server(1).port, "DBSIZE")).toBe(":0\r\n");
    expect(await ask(built.server(2).port, "GET", KEY)).toBe("$1\r\n1\r\n");
  },
  TEST_MS,
);

test(
  "a frozen proxy that is still known waits for its dashboard, and no request fails",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy();
    const client = await proxy.connect();
    expect(await increment(client)).toBe(":1\r\n");
    built.freeze(model.pid);
    const sent = increment(client);
    await Bun.sleep(FROZEN_MS);
    built.thaw(model.pid);
    expect(await sent).toBe(":2\r\n");
    await proxy.program.sees(/"event":"worker\.frozen"/, WAIT_MS);
    await proxy.program.sees(/"event":"worker\.confirmed"/, WAIT_MS);
    client.destroy();
  },
  TEST_MS,
);

test(
  "a frozen worker asks through its supervisor",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy({ workers: 2, worker_ack_timeout: "10s" });
    const pids = await workerPids(model.token);
    expect(pids).toHaveLength(2);
    for (const pid of pids) {
      built.freeze(pid);
    }
    const client = await proxy.connect();
    const sent = increment(client);
    await Bun.sleep(FROZEN_MS);
    for (const pid of pids) {
      built.thaw(pid);
    }
    expect(await sent).toBe(":1\r\n");
    for (const pid of pids) {
      const line = new RegExp(`"pid":${pid},.*"event":"worker\\.confirmed"`);
      await proxy.program.sees(line, WAIT_MS);
    }
    client.destroy();
  },
  TEST_MS,
);
