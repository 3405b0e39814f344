/**
 * Failovers where the network or a replica is the trouble: a dashboard cut off from its coordinator, a master that is
 * silent again and again, a replica far behind, and a master that has lost its replicas and must refuse writes.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { startEtcd } from "../support/etcd-server.ts";
import { ReplicatedProduct, type ReplicatedProductOptions } from "../support/replicated-product.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask } from "../support/running-product.ts";
import { startTcpRelay } from "../support/tcp-relay.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const DEADLINE_MS = 30_000;
const DOWN_AFTER_MS = 2_000;
const CONFIG = { ha_enabled: true, ha_down_after: `${DOWN_AFTER_MS}ms` };
/** Time in which a dead master would have been replaced. */
const LONG_MS = DOWN_AFTER_MS + 3_000;
setDefaultTimeout(180_000);

const cleanup = cleanupsAfterEach();

async function start(options: Partial<ReplicatedProductOptions> = {}): Promise<ReplicatedProduct> {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  const product = await ReplicatedProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
    groups: 1,
    config: CONFIG,
    ...options,
  });
  cleanup(() => product.stop());
  return product;
}

function portOf(product: ReplicatedProduct): number {
  return product.proxies[0]?.port ?? 0;
}

/** Resolves when a write through the proxy is answered OK. */
async function untilWritten(product: ReplicatedProduct, key: string): Promise<void> {
  await waitFor(`a write of ${key}`, DEADLINE_MS, async () => {
    const reply = await ask(portOf(product), "SET", key, "1").catch(() => "");
    return reply === "+OK\r\n" || undefined;
  });
}

/** How many masters were changed, by the newest dashboard's book; one that was begun and taken back isn't. */
async function countFailovers(product: ReplicatedProduct): Promise<number> {
  const failovers = await product.dashboard.v1.failovers();
  return failovers.filter(({ outcome }) => outcome === "done" || outcome === "running").length;
}

/** Resolves when one replica has all that this client has written. */
async function untilReplicated(client: RespConnection): Promise<void> {
  await waitFor("a replica that has it", DEADLINE_MS, async () =>
    (await client.call("WAIT", "1", "1000")).toString() === ":1\r\n" ? true : undefined,
  );
}

test("a dashboard cut off from its coordinator replaces nobody, and does once it is back", async () => {
  const etcd = await startEtcd();
  cleanup(() => etcd.stop());
  const relay = await startTcpRelay(etcd.port);
  cleanup(() => relay.close());
  const product = await start({
    coordinator: { name: "etcd", addr: relay.addr },
    config: { ...CONFIG, coordinator_timeout: "1s" },
  });
  const [master, replica] = product.members;
  await untilWritten(product, "before");
  relay.cut();
  await master?.kill();
  await Bun.sleep(LONG_MS);
  expect((await replica?.info())?.["role"]).toBe("slave");
  relay.mend();
  await untilWritten(product, "after");
  expect((await replica?.info())?.["role"]).toBe("master");
  expect(await countFailovers(product)).toBe(1);
});

test("a master that is silent again and again, but never for long, stays", async () => {
  // A pause and one of the machine are still less; all of them are more.
  const product = await start({ config: { ...CONFIG, ha_down_after: "6s" } });
  const [master, replica] = product.members;
  for (let round = 0; round < 8; round += 1) {
    master?.pause();
    await Bun.sleep(1_000);
    master?.resume();
    await untilWritten(product, `round ${round}`);
  }
  expect(await countFailovers(product)).toBe(0);
  expect((await replica?.info())?.["role"]).toBe("slave");
  master?.pause();
  await untilWritten(product, "for good");
  master?.resume();
  await product.whenWell();
  expect(await product.masterOf(1)).toBe(replica as never);
  expect(await countFailovers(product)).toBe(1);
});

test("of two replicas the one that is far behind isn't taken, and follows the other one", async () => {
  const product = await start({ replicas: 2 });
  const [master, behind, current] = product.members;
  behind?.pause();
  const client = await RespConnection.open(portOf(product));
  const value = "v".repeat(100_000);
  for (let index = 0; index < 200; index += 1) {
    expect((await client.call("SET", `key${index}`, value)).toString()).toBe("+OK\r\n");
  }
  await untilReplicated(client);
  client.destroy();
  await master?.kill();
  behind?.resume();
  await untilWritten(product, "after");
  expect(await product.masterOf(1)).toBe(current as never);
  await waitFor("all keys at both", DEADLINE_MS, async () => {
    const sizes = await Promise.all(
      [behind, current].map((member) => ask(member?.port ?? 0, "DBSIZE")),
    );
    return sizes.every((size) => size === ":201\r\n") || undefined;
  });
});

test("with min-replicas-to-write a master without its replica refuses, and WAIT knows the rest", async () => {
  const args = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"];
  const product = await start({ serverArgs: args });
  const [master, replica] = product.members;
  const client = await RespConnection.open(portOf(product));
  // Right after a pause of the machine the master hasn't heard of its replica yet.
  await waitFor("a write that both have", DEADLINE_MS, async () =>
    (await client.call("SET", "both have it", "1")).toString() === "+OK\r\n" ? true : undefined,
  );
  await untilReplicated(client);
  replica?.pause();
  let lastAccepted = -1;
  const refused = await waitFor("a refusal", DEADLINE_MS, async () => {
    const reply = (await client.call("SET", `alone ${lastAccepted + 1}`, "1")).toString();
    if (reply === "+OK\r\n") {
      lastAccepted += 1;
      expect((await client.call("WAIT", "1", "50")).toString()).toBe(":0\r\n");
      return undefined;
    }
    // A proxy that stood still may refuse first, for reasons of its own.
    return reply.startsWith("-NOREPLICAS") ? reply : undefined;
  });
  expect(refused).toStartWith("-NOREPLICAS");
  client.destroy();
  await master?.kill();
  replica?.resume();
  await waitFor("the replica as master", DEADLINE_MS, async () =>
    (await replica?.info())?.["role"] === "master" ? true : undefined,
  );
  expect(await ask(replica?.port ?? 0, "EXISTS", "both have it")).toBe(":1\r\n");
});
