/**
 * What an operator's `repair` of a group does with real servers, what it refuses, and that without one nobody touches a
 * server that was only added.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { TEST_MS, WatchedProduct } from "../../support/watched-product.ts";

setDefaultTimeout(TEST_MS);

let product: WatchedProduct;

beforeEach(async () => {
  product = await WatchedProduct.start();
}, TEST_MS);

afterEach(() => product.stop(), TEST_MS);

test("a server that was just added isn't touched before an operator says so; a dry run changes nothing", async () => {
  const [master, fresh] = [await product.server(), await product.server()];
  await product.call(master, ["SET", "k", "v"]);
  await product.group([master.addr, fresh.addr]);
  await product.whenFault("REPLICA_IS_MASTER", fresh);
  expect(await product.roleAfterAWhile(fresh)).toBe("master");
  const planned = await product.repair(1, true);
  expect(planned).toEqual({
    done: [`${fresh.addr} would be made a replica of ${master.addr}: now master with 0 keys`],
    failed: [],
  });
  expect(await product.roleOf(fresh)).toBe("master");
  const report = await product.repair(1, false);
  expect(report).toEqual({
    done: [`${fresh.addr} was made a replica of ${master.addr}`],
    failed: [],
  });
  await product.whenFollowing(fresh, master);
  expect(await product.repair(1, false)).toEqual({ done: [], failed: [] });
  await expect(product.watch.repair(7, true)).rejects.toThrow("group-[7] doesn't exist");
});

test("a server with data of its own isn't thrown away by a repair; used, it is a split brain", async () => {
  const [master, fresh] = [await product.server(), await product.server()];
  await product.call(master, ["SET", "k", "v"]);
  await product.group([master.addr, fresh.addr]);
  let isOver = false;
  const write = async (): Promise<void> => {
    while (!isOver) {
      await product.call(fresh, ["INCR", "own"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const writing = write();
  expect(await product.whenFault("SPLIT_BRAIN", fresh)).toContain("never a replica");
  isOver = true;
  await writing;
  const report = await product.repair(undefined, false);
  expect(report.done).toEqual([]);
  expect(report.failed.join("\n")).toContain("codis group promote");
  expect(await product.roleOf(fresh)).toBe("master");
});

test("a stored master that is a replica is made a master by a repair only, then the other follows it", async () => {
  const [master, replica] = await product.pair();
  await product.turns.run(1, async () => {
    await product.call(replica, ["REPLICAOF", "NO", "ONE"]);
    await product.call(master, ["REPLICAOF", "127.0.0.1", `${replica.port}`]);
    await product.whenFollowing(master, replica);
  });
  await product.whenFault("MASTER_IS_REPLICA", master);
  expect(await product.roleAfterAWhile(master)).toBe("slave");
  const planned = await product.repair(1, true);
  expect(planned.done).toHaveLength(2);
  const report = await product.repair(1, false);
  expect(report.failed).toEqual([]);
  expect(report.done).toEqual([
    `${master.addr} is a master again`,
    `${replica.addr} was made a replica of ${master.addr}`,
  ]);
  await product.whenFollowing(replica, master);
  await product.whenWell();
});
