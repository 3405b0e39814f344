/**
 * Orders to follow, with real servers: those that a change of the master gives (`ReplicaFollow`), and that the watch
 * gives none while the group is somebody else's, or the product another dashboard's.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Failover } from "../../../src/model/availability/failover.ts";
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

async function expectSameKeys(...servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) {
    await product.whenHaving(server, ["k", "new"]);
  }
}

test("while the group's turn is somebody else's, nothing is ordered and no fault is shown", async () => {
  const [, one] = await product.three();
  await product.turns.run(1, async () => {
    await product.call(one, ["REPLICAOF", "NO", "ONE"]);
    expect(await product.roleAfterAWhile(one)).toBe("master");
    expect(product.watch.faults()).toEqual([]);
  });
  await waitFor("order after the turn", WAIT_MS, async () =>
    (await product.roleOf(one)) === "slave" ? true : undefined,
  );
});

test("a dashboard that no longer leads orders nothing", async () => {
  const [, one] = await product.three();
  product.onConfirm = () => {
    throw new Error("another dashboard leads");
  };
  await product.call(one, ["REPLICAOF", "NO", "ONE"]);
  await product.whenLogged("another dashboard leads");
  expect(product.confirmCount).toBeGreaterThan(0);
  expect(await product.roleOf(one)).toBe("master");
});

test("follow: all who answer at once, a line for each other one, and a line in the story", async () => {
  const servers = await product.three();
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
    await waitFor("answers of all", WAIT_MS, async () => {
      notes.length = 0;
      expect(await product.watch.follow(1, story)).toEqual([]);
      return true;
    });
    expect(notes.toSorted()).toEqual([`followed ${old.addr}`, `followed ${other.addr}`].toSorted());
    await product.whenFollowing(old, next);
    await product.whenFollowing(other, next);
    other.pause();
    await waitFor("a line of one", WAIT_MS, async () => {
      const lines = await product.watch.follow(1, story);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`${other.addr} doesn't answer`);
      return true;
    });
    other.resume();
  });
});

test("a switch back to the first master: the data of now stay", async () => {
  const [old, next, other] = await product.three();
  await product.switchTo(next);
  await product.call(next, ["SET", "new", "2"]);
  await product.whenFollowing(old, next);
  await waitFor("the new key", WAIT_MS, async () =>
    (await product.keysOf(old)).includes("new") ? true : undefined,
  );
  await product.switchTo(old);
  await product.whenFollowing(next, old);
  await product.whenFollowing(other, old);
  await expectSameKeys(old, next, other);
});
