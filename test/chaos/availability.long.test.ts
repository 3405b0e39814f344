/**
 * Chaos of availability for five minutes with each of several seeds: masters, replicas, dashboards and proxies are
 * killed and frozen, alone, in pairs, in promotions and while slots move. The last results are in docs/long-tests.md.
 */
import { expect, test } from "bun:test";
import { runAvailabilityChaos } from "./support/availability-chaos.ts";

const DURATION_MS = 300_000;
const TEST_MS = 900_000;
const SEEDS = [1, 2, 3, 4, 5, 6];

for (const seed of SEEDS) {
  test(
    `seed ${seed}`,
    async () => {
      const options = { seed, durationMs: DURATION_MS, replacesMasters: seed % 2 === 0 };
      const { problems, timeline } = await runAvailabilityChaos(options);
      expect(problems.length === 0 ? [] : [...problems, ...timeline]).toEqual([]);
    },
    TEST_MS,
  );
}
