/**
 * Sentinels replace a master that was killed, with real processes: proxies follow by themselves while no dashboard
 * runs, the next dashboard stores what has happened, and all marks go without an operator.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../../support/deadline.ts";
import { roleOf, SETUP_MS, SentinelProduct, WAIT_MS } from "../../support/sentinel-product.ts";

const TEST_MS = 240_000;

let product: SentinelProduct;
const addrOf = (index: number): string => product.addrOf(index);

beforeAll(async () => {
  product = await SentinelProduct.start();
}, SETUP_MS);

afterAll(async () => {
  await product.stop();
}, SETUP_MS);

// One after the other: group 1 without a dashboard, then group 2 with the one that began after it.
test(
  "without a dashboard the proxies follow; the next dashboard stores the switch, and all marks go",
  async () => {
    const { proxies, sentinels } = product;
    await product.closeDesk();
    await product.server(0).kill();
    await product.whenServed(1, addrOf(1));
    await product.whenServed(2, addrOf(2));
    await waitFor("what sentinels have told the proxies", WAIT_MS, async () => {
      for (const proxy of proxies) {
        const { sentinels: told } = await product.statsOf(proxy);
        expect(told.switched).toBe(true);
        expect(told.masters).toEqual({ "1": addrOf(1), "2": addrOf(2) });
        expect(new Set(told.servers)).toEqual(new Set(sentinels.map(({ addr }) => addr)));
      }
      return true;
    });

    await product.openDesk();
    await product.whenStored(1, addrOf(1));
    await product.whenSwitched(false);
    await product.whenInStep();
    const [story] = product.desk.book.all();
    expect(story).toMatchObject({ kind: "sentinel", from: addrOf(0), to: addrOf(1) });
    await waitFor("the end of the story", WAIT_MS, () =>
      product.desk.book.all()[0]?.outcome === "done" ? true : undefined,
    );
    const events = product.desk.book.all()[0]?.events ?? [];
    const steps = events.map(({ step }) => step);
    // A majority is enough to decide; the third may have been asked later.
    expect(steps.filter((step) => step === "vote").length).toBeGreaterThanOrEqual(2);
    // One that didn't confirm in time is named as well; that all have the change in the end was waited for above.
    for (const token of product.desk.store.snapshot().proxies.keys()) {
      const told = events.filter(({ about }) => about === token).map(({ step }) => step);
      expect(told).toEqual([told[0] === "note" ? "note" : "switched"]);
    }
    await product.whenServed(1, addrOf(1));
  },
  TEST_MS,
);

test(
  "with a dashboard the switch is stored; the old master is a replica when it is back",
  async () => {
    const before = product.desk.book.all().length;
    await product.server(2).kill();
    await product.whenStored(2, addrOf(3));
    await product.whenServed(2, addrOf(3));
    await product.whenSwitched(false);
    expect(product.desk.book.all()).toHaveLength(before + 1);
    await waitFor("the new master, as the sentinels say", WAIT_MS, () =>
      product.desk.sentinels.masterOf(2) === addrOf(3) ? true : undefined,
    );
    expect(product.desk.serversOf(2)).toEqual([addrOf(3), addrOf(2)]);
    await product.restart(2);
    // A sentinel tells it so once it has seen it as a master for some seconds, and not while it stands back (TILT_MS).
    await waitFor("the old master as a replica", WAIT_MS, async () =>
      (await roleOf(addrOf(2))) === "slave" ? true : undefined,
    );
    expect(product.desk.serversOf(2)).toEqual([addrOf(3), addrOf(2)]);
  },
  TEST_MS,
);
