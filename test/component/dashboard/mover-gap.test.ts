/**
 * The gap that the mover leaves between two batches while proxies move keys: the source has answered it something in
 * between, so that nobody who came during a batch waits for the next one as well.
 */
import { afterEach, expect, test } from "bun:test";
import type { RedisClient } from "../../../src/redis/client.ts";
import { textOf } from "../../../src/redis/reply.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  fillKeys,
  findWrong,
  sizeOf,
  startPair,
} from "../../support/mover-pair.ts";

const KEYS = 3_000;

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

/** How often the server ran each of these commands. */
async function callsOf(server: RedisClient, names: readonly string[]): Promise<readonly number[]> {
  const stats = textOf(await server.call(["INFO", "commandstats"])) ?? "";
  return names.map((name) => {
    const line = stats.split("\r\n").find((each) => each.startsWith(`cmdstat_${name}:`)) ?? "";
    return Number(/calls=(\d+)/.exec(line)?.[1] ?? 0);
  });
}

test.each([true, false])(
  "there is one before each batch while proxies move keys: %p",
  async (doProxiesMove) => {
    const pair = await startPair();
    ends.push(() => pair.close());
    const { atSource, atTarget } = pair;
    const names = await fillKeys(atSource, "key", KEYS);
    const before = await callsOf(atSource, ["migrate", "ping"]);
    const { mover, emptied } = pair.startMover({
      limits: () => CALM_LIMITS,
      mayProxiesMove: () => doProxiesMove,
    });
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    expect(await sizeOf(atSource)).toBe(0);
    expect(await findWrong(atTarget, names)).toEqual([]);
    const after = await callsOf(atSource, ["migrate", "ping"]);
    const [migrates = 0, pings = 0] = after.map((count, i) => count - (before[i] ?? 0));
    expect(migrates).toBeGreaterThan(1);
    // On a machine that stands still the source looks far away: then the next one goes before the answer.
    if (doProxiesMove) expect(pings).toBeGreaterThan(0);
    else expect(pings).toBe(0);
  },
  60_000,
);
