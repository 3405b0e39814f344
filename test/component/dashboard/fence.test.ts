/**
 * Proxies that are gone, with real proxies and real servers: what a kill -9, a frozen process and an orphan of a
 * worker look like, that slots go on without a proxy that is provably gone and not without another, and that one that
 * comes back has the newest slots before it serves.
 */
import { expect, test } from "bun:test";
import { catchRejection } from "../../support/caught-error.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor } from "../../support/deadline.ts";
import { FenceProduct, workerPids } from "../../support/fence-product.ts";
import { slotOfKey } from "../../support/mover-pair.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { ask, bulk } from "../../support/running-product.ts";

const TEST_MS = 120_000;
const WAIT_MS = 20_000;
const TAGS = Array.from({ length: 12 }, (_, index) => `t${index}`);
const SLOTS = [...new Set(TAGS.map((tag) => slotOfKey(`{${tag}}`)))];

const cleanup = cleanupsAfterEach();

async function newProduct(proxyDeadAfterMs = 1_000): Promise<FenceProduct> {
  const product = await FenceProduct.start({ proxyDeadAfterMs });
  cleanup(() => product.stop());
  await product.lead();
  return product;
}

/** Waits until nobody goes on without the proxy for this reason. */
async function whenDoubted(built: FenceProduct, token: string, reason: string): Promise<void> {
  await waitFor(`doubt: ${reason}`, WAIT_MS, () => {
    const fence = built.leader.fences.fences().get(token);
    const isSo = fence?.state === "unprovable" && fence.text.includes(reason);
    return isSo ? true : undefined;
  });
}

/** Increments counters through a port until it is stopped; gives what was acknowledged. */
function startWriter(port: number): { stop(): Promise<ReadonlyMap<string, number>> } {
  const acknowledged = new Map<string, number>();
  let isStopped = false;
  const done = (async () => {
    const connection = await RespConnection.open(port);
    for (let at = 0; !isStopped; at += 1) {
      const key = `{${TAGS[at % TAGS.length]}}:count`;
      const reply = (await connection.call("INCR", key)).toString();
      if (!reply.startsWith(":")) {
        throw new Error(reply);
      }
      acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1);
    }
    connection.destroy();
  })();
  return {
    async stop() {
      isStopped = true;
      await done;
      return acknowledged;
    },
  };
}

test(
  "slots that move go on without a proxy that was killed, and nothing is lost",
  async () => {
    const built = await newProduct();
    const living = await built.addProxy();
    const dead = await built.addProxy();
    const writer = startWriter(living.proxy.port);
    await built.leader.move(SLOTS, 2);
    await dead.proxy.kill();
    await built.leader.whenFence(dead.model.token, "fenced");
    await built.leader.whenMoved(SLOTS, 2);
    const acknowledged = await writer.stop();
    const replies = await ask(built.server(2).port, "MGET", ...acknowledged.keys());
    const wanted = [...acknowledged.values()].map((count) => bulk(`${count}`));
    expect(replies).toBe(`*${acknowledged.size}\r\n${wanted.join("")}`);
    expect(built.leader.fences.fences().get(dead.model.token)?.proof).toBe("processes-gone");
    expect(await built.storedFences()).toEqual([dead.model.token]);
    await built.leader.whenFence(living.model.token, "present");
  },
  TEST_MS,
);

test(
  "a proxy that was given up and is started again gets the newest slots, and its fence is gone",
  async () => {
    const built = await newProduct();
    await built.addProxy();
    const { proxy, model } = await built.addProxy();
    await proxy.kill();
    await built.leader.whenFence(model.token, "fenced");
    await built.leader.move(SLOTS, 2);
    await built.leader.whenMoved(SLOTS, 2);
    built.keep(await proxy.restart());
    await built.leader.whenSynced(model.token);
    await built.leader.whenFence(model.token, "present");
    expect(await built.storedFences()).toEqual([]);
    const { addr } = built.server(2);
    expect((await proxy.servers())[SLOTS[0] ?? 0]).toBe(addr);
    // And it counts again: it is looked for by its new process.
    const stored = built.leader.store.snapshot().proxies.get(model.token);
    expect(stored?.processBirth).not.toBe(model.processBirth);
  },
  TEST_MS,
);

test(
  "a fence outlives its leader, and a proxy that isn't registered any more leaves none behind",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy();
    await proxy.kill();
    await built.leader.whenFence(model.token, "fenced");
    await built.leader.close();
    await built.lead();
    expect(built.leader.stateOf(model.token)).toBe("fenced");
    expect((await built.leader.fleet.whenSynced(0, 10)).failed).toEqual([]);
    await built.leader.store.commit("remove", (now) => ({ ...now, proxies: new Map() }));
    await waitFor("no fence", WAIT_MS, async () =>
      (await built.storedFences()).length === 0 ? true : undefined,
    );
    expect(built.leader.fences.fences().size).toBe(0);
  },
  TEST_MS,
);

test(
  "a frozen proxy isn't taken for gone, nor on an operator's word while its process is seen",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy();
    const { pid } = model;
    await waitFor("the refusal", WAIT_MS, async () => {
      const { message } = await catchRejection(built.leader.fences.declareGone(model.token));
      return message.includes("answers at") ? true : undefined;
    });
    built.freeze(pid);
    await whenDoubted(built, model.token, `its process ${pid} is still there`);
    await expect(built.leader.fences.declareGone(model.token)).rejects.toThrow(/isn't gone/);
    expect(await built.storedFences()).toEqual([]);
    built.thaw(pid);
    await built.leader.whenFence(model.token, "present");
    await proxy.kill();
    await built.leader.whenFence(model.token, "fenced");
  },
  TEST_MS,
);

test(
  "a frozen worker that outlives its supervisor keeps its proxy from being taken for gone",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy({ workers: 2 });
    const pids = await workerPids(model.token);
    expect(pids).toHaveLength(2);
    const [frozen = 0] = pids;
    built.freeze(frozen);
    proxy.program.signal("SIGKILL");
    // The other worker may take a moment to end.
    await whenDoubted(built, model.token, `its worker, process ${frozen}, is still there`);
    expect(await built.storedFences()).toEqual([]);
    // It reads the end of its pipe, and ends.
    built.thaw(frozen);
    await built.leader.whenFence(model.token, "fenced");
    expect(await workerPids(model.token)).toEqual([]);
  },
  TEST_MS,
);

test(
  "a proxy that ends by plan and comes back before proxy_dead_after is never fenced",
  async () => {
    // Longer than any start takes.
    const built = await newProduct(60_000);
    const { proxy, model } = await built.addProxy();
    await proxy.stop();
    built.keep(await proxy.restart());
    await built.leader.whenSynced(model.token);
    await built.leader.whenFence(model.token, "present");
    expect(await built.storedFences()).toEqual([]);
  },
  TEST_MS,
);
