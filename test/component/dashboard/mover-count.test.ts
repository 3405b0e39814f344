/**
 * What the mover counts when others take keys out of the batch that it is about to send, as proxies do: each key is
 * counted by the one that moved it.
 */
import { afterEach, expect, test } from "bun:test";
import { waitFor } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  FAST_SYNC,
  fillKeys,
  findWrong,
  sizeOf,
  startPair,
  startTargetReplica,
} from "../../support/mover-pair.ts";

const WAIT_MS = 30_000;
const KEYS = 60;
const TAKEN = 25;

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

test.each([false, true])(
  "a key that a proxy took meanwhile isn't counted; target with a replica: %p",
  async (hasReplica) => {
    const pair = await startPair({ targetArgs: FAST_SYNC });
    ends.push(() => pair.close());
    if (hasReplica) {
      const replica = await startTargetReplica(pair);
      ends.push(() => replica.stop());
    }
    const { atSource, atTarget, target } = pair;
    const names = await fillKeys(atSource, "key", KEYS);
    let asked = 0;
    let isOpen = false;
    const pace = {
      take(keys: number): number {
        asked = Math.max(asked, keys);
        return isOpen ? 0 : 10;
      },
    };
    const { mover, emptied, log } = pair.startMover({
      limits: () => CALM_LIMITS,
      pace,
      mayProxiesMove: () => true,
    });
    mover.add(ALL_SLOTS);
    // The batch is made up, and waits for its turn.
    await waitFor("a batch", WAIT_MS, () => (asked > 0 ? true : undefined));
    const to = ["127.0.0.1", `${target.port}`, "", "0", "10000", "KEYS"];
    await atSource.call(["MIGRATE", ...to, ...names.slice(0, TAKEN)], { timeoutMs: WAIT_MS });
    isOpen = true;
    await emptied(ALL_SLOTS);
    expect(await sizeOf(atSource)).toBe(0);
    expect(await findWrong(atTarget, names)).toEqual([]);
    expect(log.movedKeys).toBe(KEYS - TAKEN);
    expect(log.retries).toBe(0);
  },
  60_000,
);
