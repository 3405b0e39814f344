/**
 * What the watch of replication must not do, with real servers: no order that could destroy the only copy of something,
 * and none under the hands of sentinels.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { waitFor } from "../../support/deadline.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { TEST_MS, WatchedProduct } from "../../support/watched-product.ts";

const WAIT_MS = 30_000;

setDefaultTimeout(TEST_MS);

let product: WatchedProduct;

beforeEach(async () => {
  product = await WatchedProduct.start();
}, TEST_MS);

afterEach(() => product.stop(), TEST_MS);

async function fill(server: RedisServer, keys: number): Promise<void> {
  const script = "for i = 1, ARGV[1] do redis.call('SET', 'key:' .. i, i) end";
  await product.call(server, ["EVAL", script, "0", `${keys}`]);
}

function whenHolding(server: RedisServer, keys: number): Promise<true> {
  return waitFor(`${keys} keys`, WAIT_MS, async () =>
    (await countOf(server)) === `${keys}` ? true : undefined,
  );
}

function countOf(server: RedisServer): Promise<string> {
  return product.call(server, ["DBSIZE"]);
}

test("a master that restarts empty doesn't get a server with the data as its replica", async () => {
  const [master, replica] = await product.pair();
  await fill(master, 2);
  await whenHolding(replica, 3);
  // Told by somebody who saw it coming; else Redis itself would have emptied it.
  await product.turns.run(1, async () => {
    await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
    await master.kill();
    await product.server({ port: master.port });
  });
  const words = `the stored master ${master.addr} is empty and ${replica.addr} holds 3 keys`;
  await product.whenFault("REPLICA_IS_MASTER", replica, words);
  expect(await product.roleAfterAWhile(replica)).toBe("master");
  const report = await product.repair(1, false);
  expect(report.done).toEqual([]);
  expect(report.failed[0]).toContain(`codis server sync ${replica.addr}`);
  await waitFor("a refusal to follow", WAIT_MS, async () => {
    const lines = await product.turns.run(1, () => product.watch.follow(1, undefined));
    expect(lines[0]).toContain("is empty");
    return true;
  });
  expect(await countOf(replica)).toBe("3");
});

test("nor one that lost nearly all and got a few keys since", async () => {
  const [master, replica] = await product.pair();
  await fill(master, 500);
  await whenHolding(replica, 501);
  await product.turns.run(1, async () => {
    await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
    await master.kill();
    const back = await product.server({ port: master.port });
    await product.call(back, ["SET", "k3", "v"]);
  });
  await product.whenFault("REPLICA_IS_MASTER", replica, "no history in common");
  expect(await product.roleAfterAWhile(replica)).toBe("master");
  expect(await countOf(replica)).toBe("501");
});

test("while the stored master is down the others stay as they are; when it is back they follow", async () => {
  const [master, replica] = await product.pair();
  master.pause();
  await product.whenFault("MASTER_DOWN", master);
  await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
  await product.whenFault("REPLICA_IS_MASTER", replica, "may hold the only copy");
  expect(await product.roleAfterAWhile(replica)).toBe("master");
  // The master itself doesn't answer, and another server may not in time.
  await waitFor("a repair that leaves it", WAIT_MS, async () => {
    const { done, failed } = await product.watch.repair(undefined, false);
    expect([done, failed.join("\n")]).toEqual([[], expect.stringContaining("only copy")]);
    return true;
  });
  master.resume();
  await product.whenFollowing(replica, master);
  await product.whenWell();
});

test("sentinels that name another master are left to it; when they agree for a while, it is mended", async () => {
  const [master, replica] = await product.pair();
  product.sentinels.isWatching = true;
  product.sentinels.named = replica.addr;
  await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
  await product.whenFault("REPLICA_IS_MASTER", replica, "the sentinels name another master");
  expect(await product.roleAfterAWhile(replica)).toBe("master");
  expect((await product.repair(1, false)).failed[0]).toContain("sentinels");
  product.sentinels.named = `localhost:${master.port}`;
  await product.whenFollowing(replica, master);
});
