/**
 * Sentinels that die, come and go, or sleep through a change, with real processes; each test on a product of its own.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { setRole } from "../../../src/dashboard/group/replicate.ts";
import { addServer, removeServer } from "../../../src/model/change/group.ts";
import { switchMaster } from "../../../src/model/change/master.ts";
import { masterName } from "../../../src/sentinel/master-name.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { PRODUCT } from "../../support/sentinel-desk.ts";
import { roleOf, SETUP_MS, SentinelProduct, WAIT_MS } from "../../support/sentinel-product.ts";

const TEST_MS = 90_000;

let product: SentinelProduct;

beforeEach(async () => {
  product = await SentinelProduct.start();
}, SETUP_MS);

afterEach(async () => {
  await product.stop();
}, SETUP_MS);

describe("a master that dies", () => {
  test(
    "is replaced with one sentinel dead, and not with two",
    async () => {
      await product.sentinel(0).kill();
      await product.server(0).kill();
      await product.whenStored(1, product.addrOf(1));
      await product.whenServed(1, product.addrOf(1));
      expect(product.desk.sentinels.isWatched(1)).toBe(true);

      await product.sentinel(1).kill();
      await product.server(2).kill();
      await Bun.sleep(5_000);
      expect(product.desk.serversOf(2)).toEqual([product.addrOf(2), product.addrOf(3)]);
      expect(product.desk.sentinels.isWatched(2)).toBe(true);
      expect(await roleOf(product.addrOf(3))).toBe("slave");

      await Promise.all([product.sentinel(0).restart(), product.sentinel(1).restart()]);
      await product.whenStored(2, product.addrOf(3));
      await product.whenServed(2, product.addrOf(3));
    },
    TEST_MS,
  );
});

describe("orders", () => {
  test(
    "a sentinel that is taken away watches nothing of the product and is forgotten by the others",
    async () => {
      const gone = product.sentinel(2);
      await product.desk.sentinels.remove(gone.addr, false);
      expect(await gone.ask((client) => client.masters())).toEqual([]);
      await waitFor("two sentinels that know each other only", 40_000, async () => {
        for (const one of product.sentinels.slice(0, 2)) {
          const watched = await one.ask((client) => client.master(masterName(PRODUCT, 1)));
          expect(watched?.otherSentinels).toBe(1);
        }
        expect(product.desk.store.snapshot().sentinel.outOfSync).toBe(false);
        return true;
      });
      for (const proxy of product.proxies) {
        expect((await product.statsOf(proxy)).sentinels.servers).toHaveLength(2);
      }
    },
    TEST_MS,
  );

  test(
    "a resync fails when a majority doesn't answer, and a sentinel that doesn't can be forced away",
    async () => {
      await Promise.all([product.sentinel(0).kill(), product.sentinel(1).kill()]);
      const refused = await catchRejection(product.desk.sentinels.resync());
      expect(refused).toMatchObject({ code: "SERVER_UNREACHABLE" });
      const kept = await catchRejection(
        product.desk.sentinels.remove(product.sentinel(0).addr, false),
      );
      expect(kept).toMatchObject({ code: "SERVER_UNREACHABLE" });
      await product.desk.sentinels.remove(product.sentinel(0).addr, true);
      expect(product.desk.store.snapshot().sentinel.servers).toHaveLength(2);
    },
    TEST_MS,
  );

  test(
    "servers that come and go are told to the sentinels without an operator",
    async () => {
      const { store } = product.desk;
      await store.commit("remove", (now) => removeServer(now, 2, product.addrOf(3)));
      await setRole({ addr: product.addrOf(3), masterAddr: undefined, password: "" });
      await waitFor("sentinels that forgot the replica", WAIT_MS, async () => {
        for (const one of product.sentinels) {
          const replicas = await one.ask((client) => client.replicas(masterName(PRODUCT, 2)));
          expect(replicas).toEqual([]);
        }
        return true;
      });
      expect(await roleOf(product.addrOf(3))).toBe("master");
      await store.commit("add", (now) => addServer(now, 2, product.addrOf(3)));
      await setRole({ addr: product.addrOf(3), masterAddr: product.addrOf(2), password: "" });
      await product.whenInStep();
    },
    TEST_MS,
  );
});

describe("a planned change", () => {
  test(
    "isn't begun when a majority of the sentinels can't be told; a sentinel that missed it is put right",
    async () => {
      // One failover first, so that the old decision has an epoch above 0.
      await product.server(0).kill();
      await product.whenStored(1, product.addrOf(1));
      await product.restart(0);
      await product.whenInStep();

      await Promise.all([product.sentinel(0).kill(), product.sentinel(1).kill()]);
      const refused = await catchRejection(product.desk.sentinels.release(1));
      expect(refused).toMatchObject({ code: "SERVER_UNREACHABLE" });
      expect(product.desk.sentinels.isWatched(1)).toBe(true);
      await product.sentinel(1).restart();
      await product.whenServed(1, product.addrOf(1));

      // Sentinel 0 sleeps through a planned change, and wakes with an older but higher opinion.
      await waitFor("a release", WAIT_MS, () => product.desk.sentinels.release(1).then(() => true));
      await setRole({ addr: product.addrOf(0), masterAddr: undefined, password: "" });
      await product.desk.store.commit("promote", (now) => switchMaster(now, 1, product.addrOf(0)));
      await setRole({ addr: product.addrOf(1), masterAddr: product.addrOf(0), password: "" });
      await product.desk.sentinels.watch(1);
      await product.sentinel(0).restart();
      await Bun.sleep(3_000);
      expect(product.desk.serversOf(1)[0]).toBe(product.addrOf(0));
      await product.whenServed(1, product.addrOf(0));
      await waitFor("three sentinels that agree", 40_000, async () => {
        for (const one of product.sentinels) {
          const watched = await one.ask((client) => client.master(masterName(PRODUCT, 1)));
          expect(watched?.addr).toBe(product.addrOf(0));
        }
        expect(product.desk.store.snapshot().sentinel.outOfSync).toBe(false);
        return true;
      });
      expect(product.desk.serversOf(1)[0]).toBe(product.addrOf(0));
      expect(await roleOf(product.addrOf(0))).toBe("master");
    },
    TEST_MS,
  );
});
