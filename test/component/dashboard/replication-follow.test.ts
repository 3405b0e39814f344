/**
 * Orders to follow, with real servers: those that a change of the master gives (`ReplicaFollow`), and that the watch
 * gives none while the group is somebody else's, or the product another dashboard's.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Failover } from "../../../src/model/availability/failover.ts";
import { waitFor } from "../../support/deadline.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { WatchedProduct } from "../../support/watched-product.ts";

const WAIT_MS = 15_000;

let product: WatchedProduct;

beforeEach(async () => {
  product = await WatchedProduct.start();
});

afterEach(() => product.stop());

type Three = readonly [RedisServer, RedisServer, RedisServer];

/** Three servers that replicate. */
async function three(): Promise<Three> {
  const servers: Three = [await product.server(), await product.server(), await product.server()];
  await product.replicatingGroup(servers);
  return servers;
}

function keysOf(server: RedisServer): Promise<string> {
  return product.call(server, ["EVAL", "return table.concat(redis.call('KEYS', '*'), ' ')", "0"]);
}

async function expectSameKeys(...servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) {
    expect((await keysOf(server)).split(" ").toSorted()).toEqual(["k", "new"]);
  }
}

test("while the group's turn is somebody else's, nothing is ordered and no fault is shown", async () => {
  const [, one] = await three();
  await product.turns.run(1, async () => {
    await product.call(one, ["REPLICAOF", "NO", "ONE"]);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await product.info(one))["role"]).toBe("master");
    expect(product.watch.faults()).toEqual([]);
  });
  await waitFor("order after the turn", WAIT_MS, async () =>
    (await product.info(one))["role"] === "slave" ? true : undefined,
  );
});

test("a dashboard that no longer leads orders nothing", async () => {
  const [, one] = await three();
  product.onConfirm = () => {
    throw new Error("another dashboard leads");
  };
  await product.call(one, ["REPLICAOF", "NO", "ONE"]);
  await waitFor("a refused order", WAIT_MS, () => (product.confirmCount > 0 ? true : undefined));
  expect((await product.info(one))["role"]).toBe("master");
  expect(product.logged.join("\n")).toContain("another dashboard leads");
});

test("follow: all who answer at once, a line for each other one, and a line in the story", async () => {
  const servers = await three();
  const [old, next, other] = servers;
  const notes: string[] = [];
  const story = {
    id: "1-1",
    note: (step: string, about: string) => notes.push(`${step} ${about}`),
    set: () => undefined,
    end: (_outcome: Failover["outcome"]) => Promise.resolve(),
  };
  await product.turns.run(1, async () => {
    await product.switchTo(next);
    expect(await product.watch.follow(1, story)).toEqual([]);
    expect(notes.toSorted()).toEqual([`followed ${old.addr}`, `followed ${other.addr}`].toSorted());
    await product.whenFollowing(old, next);
    await product.whenFollowing(other, next);
    other.pause();
    const lines = await product.watch.follow(1, story);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${other.addr} doesn't answer`);
    other.resume();
  });
});

test("a switch back to the first master: the data of now stay", async () => {
  const [old, next, other] = await three();
  await product.switchTo(next);
  await product.call(next, ["SET", "new", "2"]);
  await product.whenFollowing(old, next);
  await waitFor("the new key", WAIT_MS, async () =>
    (await keysOf(old)).includes("new") ? true : undefined,
  );
  await product.switchTo(old);
  await product.whenFollowing(next, old);
  await product.whenFollowing(other, old);
  await expectSameKeys(old, next, other);
});
