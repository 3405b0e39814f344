/**
 * What an operator and a planned change do with sentinels, with real processes: a resync that mends only what
 * differs, a group that is taken from them and given back.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { setRole } from "../../../src/dashboard/group/replicate.ts";
import { switchMaster } from "../../../src/model/change/master.ts";
import { masterName } from "../../../src/sentinel/master-name.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { PRODUCT, SENTINEL_DOWN_AFTER_MS } from "../../support/sentinel-desk.ts";
import { SETUP_MS, SentinelProduct, WAIT_MS } from "../../support/sentinel-product.ts";

const TEST_MS = 180_000;
const DOWN_AFTER = `${SENTINEL_DOWN_AFTER_MS}`;
const GROUP_1 = masterName(PRODUCT, 1);
const GROUP_2 = masterName(PRODUCT, 2);

let product: SentinelProduct;

beforeAll(async () => {
  product = await SentinelProduct.start();
}, SETUP_MS);

afterAll(async () => {
  await product.stop();
}, SETUP_MS);

/** Once more when a sentinel doesn't answer in time. */
async function resync(): Promise<void> {
  await waitFor("a resync of all sentinels", WAIT_MS, async () => {
    await product.desk.sentinels.resync();
    return true;
  });
}

function knownSentinels(index: number): Promise<readonly (string | undefined)[]> {
  return product
    .sentinel(index)
    .ask(async (client) => (await client.sentinels(GROUP_1)).map(({ runid }) => runid).sort());
}

test(
  "a resync tears down no watch that is right, and mends one that isn't",
  async () => {
    await product.sentinel(0).ask(async (client) => {
      await client.set(GROUP_1, "down-after-milliseconds", "9999");
      await client.remove(GROUP_2);
      await client.monitor(masterName(PRODUCT, 77), product.addrOf(3), 2);
      await client.monitor("other-1", product.addrOf(3), 2);
    });
    const before = await knownSentinels(1);
    await resync();
    const masters = await product.sentinel(0).ask((client) => client.masters());
    expect(
      Object.fromEntries(masters.map((one) => [one.name, one.fields["down-after-milliseconds"]])),
    ).toEqual({ "other-1": "30000", [GROUP_1]: DOWN_AFTER, [GROUP_2]: DOWN_AFTER });
    expect(await knownSentinels(1)).toEqual(before);
    expect(before).toHaveLength(2);
  },
  TEST_MS,
);

test("a server that is no sentinel isn't added, and it is said what would be right", async () => {
  const { sentinels, store } = product.desk;
  const addr = product.addrOf(0);
  const refused = await catchRejection(sentinels.add(addr));
  expect([refused.code, refused.message]).toEqual([
    "SERVER_REFUSED",
    `${addr} isn't a sentinel: it doesn't know the command SENTINEL, as a plain Redis server; ` +
      "give the address of a process that runs as redis-sentinel, usually with port 26379",
  ]);
  expect(store.snapshot().sentinel.servers).not.toContain(addr);
});

test("what is asked of one sentinel is what it says, and of a stranger nothing", async () => {
  const { sentinels } = product.desk;
  const { addr } = product.sentinel(1);
  expect((await sentinels.sentinelInfo(addr))["sentinel_masters"]).toBe("2");
  const monitored = await sentinels.monitoredBy(addr);
  expect(Object.keys(monitored).sort()).toEqual([GROUP_1, GROUP_2]);
  expect(monitored[GROUP_1]?.master["ip"]).toBe("127.0.0.1");
  expect(monitored[GROUP_1]?.slaves).toHaveLength(1);
  expect(await catchRejection(sentinels.sentinelInfo("127.0.0.1:1"))).toMatchObject({
    code: "NOT_FOUND",
  });
  const masters = new Map([
    [1, product.addrOf(0)],
    [2, product.addrOf(2)],
  ]);
  await waitFor("what the sentinels say", WAIT_MS, () => {
    expect(sentinels.masters()).toEqual(masters);
    return true;
  });
});

test(
  "a planned change takes the group from the sentinels and gives it back with another master",
  async () => {
    const { desk, addrOf } = { desk: product.desk, addrOf: (at: number) => product.addrOf(at) };
    const { sentinels: watch, store } = desk;
    expect(watch.isWatched(1)).toBe(true);
    await watch.release(1);
    expect(watch.isWatched(1)).toBe(false);
    for (const one of product.sentinels) {
      expect(await one.ask((client) => client.master(GROUP_1))).toBeUndefined();
    }
    // Nobody gives it back meanwhile, also not by a resync.
    await resync();
    expect(await product.sentinel(0).ask((one) => one.master(GROUP_1))).toBeUndefined();

    await setRole({ addr: addrOf(1), masterAddr: undefined, password: "" });
    await store.commit("promote", (now) => switchMaster(now, 1, addrOf(1)));
    await setRole({ addr: addrOf(0), masterAddr: addrOf(1), password: "" });
    await watch.watch(1);
    expect(watch.isWatched(1)).toBe(true);
    await product.whenInStep();
    await product.whenServed(1, addrOf(1));
    expect(desk.book.all()).toEqual([]);
  },
  TEST_MS,
);
