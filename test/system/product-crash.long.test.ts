/**
 * Many rounds of `product-crash.test.ts`: a dashboard that is killed (SIGKILL) at random moments while its
 * product is changed.
 */
import { expect, test } from "bun:test";
import { CrashRun } from "../support/dashboard-crash-run.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";

printSeed("product-crash.long");

const ROUNDS = 150;
const TEST_MS = 900_000;

test(
  "what was acknowledged is there after each of many kills",
  async () => {
    const run = await CrashRun.start(new Random(SEED));
    try {
      const figures = await run.run(ROUNDS);
      process.stdout.write(`product-crash.long: ${JSON.stringify(figures)}\n`);
      expect(figures.problems).toEqual([]);
      expect(figures.interrupted).toBeGreaterThan(ROUNDS / 2);
      expect(figures.repaired).toBeGreaterThan(0);
    } finally {
      await run.stop();
    }
  },
  TEST_MS,
);
