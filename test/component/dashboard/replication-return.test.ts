/**
 * Old masters that come back, and replicas of masters that are no more, with real servers: everybody follows the stored
 * master within seconds, whoever stored it, and its data stay whole.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { setRole } from "../../../src/dashboard/group/replicate.ts";
import { switchMaster } from "../../../src/model/change/master.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { memoryFolder, type TemporaryFolder } from "../../support/temporary-folder.ts";
import { TEST_MS, type Three, WatchedProduct } from "../../support/watched-product.ts";

const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];
setDefaultTimeout(TEST_MS);

let product: WatchedProduct;
let disk: TemporaryFolder;

beforeEach(async () => {
  disk = memoryFolder();
  product = await WatchedProduct.start();
}, TEST_MS);

afterEach(async () => {
  await product.stop();
  disk.remove();
}, TEST_MS);

/** Three servers that replicate; the first keeps what it has through a crash. */
function three(): Promise<Three> {
  return product.three({ args: DURABLE, dir: disk.path });
}

/** The master gets a key that reaches no replica, and dies. */
async function dieDivergent([old, next, other]: Three): Promise<void> {
  await product.turns.run(1, async () => {
    for (const { addr } of [next, other]) {
      await setRole({ addr, masterAddr: undefined, password: "" });
    }
    await product.call(old, ["SET", "divergent", "1"]);
    await old.kill();
    await setRole({ addr: other.addr, masterAddr: old.addr, password: "" });
    await product.switchTo(next);
  });
  await product.call(next, ["SET", "new", "2"]);
}

async function expectSameKeys(...servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) {
    await product.whenHaving(server, ["k", "new"]);
  }
}

test("a dead master that comes back with data of its own becomes a replica by itself", async () => {
  const servers = await three();
  const [{ port }, next, other] = servers;
  await dieDivergent(servers);
  await product.whenFollowing(other, next);
  await product.whenFault("REPLICA_DOWN", servers[0]);
  const back = await product.server({ args: DURABLE, dir: disk.path, port });
  await product.whenFollowing(back, next);
  await expectSameKeys(back, next, other);
  await product.whenWell();
});

test("so it is under a leader that has seen nothing of that", async () => {
  const servers = await three();
  const [{ port }, next] = servers;
  await dieDivergent(servers);
  await product.lead();
  await product.whenFault("REPLICA_DOWN", servers[0]);
  await product.lead();
  // Its replication begins anew, so only the record tells that it was a member.
  const back = await product.server({ args: DURABLE, dir: disk.path, port });
  await product.whenFollowing(back, next);
  await expectSameKeys(back, next);
});

test("a master that was frozen meanwhile, and is still written to, is a replica when it wakes", async () => {
  const servers = await three();
  const [old, next, other] = servers;
  old.pause();
  await product.switchTo(next);
  await product.call(next, ["SET", "new", "2"]);
  await product.whenFollowing(other, next);
  old.resume();
  await product.call(old, ["SET", "divergent", "1"]).catch(() => undefined);
  await product.whenFollowing(old, next);
  await expectSameKeys(old, next, other);
  await product.whenWell();
});

test("replicas follow a master that somebody else stored, and the old one, alive, too", async () => {
  const [old, next, other] = await three();
  await product.endLead();
  await product.call(next, ["REPLICAOF", "NO", "ONE"]);
  await product.call(next, ["SET", "new", "2"]);
  // As an original dashboard does it: the old master stays what it is.
  await product.lead();
  await product.store.commit("as others do", (now) => switchMaster(now, 1, next.addr));
  await product.whenFollowing(other, next);
  await product.whenFollowing(old, next);
  await expectSameKeys(old, next, other);
});

test("a replica of a replica is re-pointed", async () => {
  const [master, one, two] = await three();
  await product.call(two, ["REPLICAOF", "127.0.0.1", `${one.port}`]);
  await product.whenFollowing(two, master);
  await product.whenLogged(`${two.addr} was made a replica of ${master.addr}`);
});

test("a replica that follows its master under another name is left alone", async () => {
  const [master, one] = await three();
  await product.call(one, ["REPLICAOF", "localhost", `${master.port}`]);
  await product.whenFollowing(one, master);
  await product.passAWhile();
  expect((await product.info(one))["master_host"]).toBe("localhost");
  await product.whenWell();
  expect(product.logged.join("\n")).not.toContain(`${one.addr} was made a replica`);
});
