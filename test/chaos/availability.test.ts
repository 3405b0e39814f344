/**
 * Chaos of availability in its short form: some faults of each kind, by a seed that is printed. The long form is
 * `availability.long.test.ts`.
 */
import { expect, test } from "bun:test";
import { printSeed, SEED } from "../support/seed.ts";
import { runAvailabilityChaos } from "./support/availability-chaos.ts";

const DURATION_MS = 15_000;
const TEST_MS = 240_000;

printSeed("availability chaos");

for (const replacesMasters of [false, true]) {
  const name = replacesMasters ? "masters die" : "nothing is lost where no master dies";
  test(
    name,
    async () => {
      const options = { seed: SEED, durationMs: DURATION_MS, replacesMasters };
      const { problems, timeline } = await runAvailabilityChaos(options);
      expect(problems.length === 0 ? [] : [...problems, ...timeline]).toEqual([]);
    },
    TEST_MS,
  );
}
