/**
 * A dashboard that is killed (SIGKILL) at random moments while its product is changed: the next one finds a
 * consistent topology with everything that was acknowledged. Many more rounds: `product-crash.long.test.ts`.
 */
import { expect, test } from "bun:test";
import { CrashRun } from "../support/dashboard-crash-run.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";

printSeed("product-crash");

const ROUNDS = 8;
const TEST_MS = 240_000;

test(
  "what was acknowledged is there after each of a few kills",
  async () => {
    const run = await CrashRun.start(new Random(SEED));
    try {
      const figures = await run.run(ROUNDS);
      process.stdout.write(`product-crash: ${JSON.stringify(figures)}\n`);
      expect(figures.problems).toEqual([]);
      expect(figures.acknowledged).toBeGreaterThanOrEqual(ROUNDS);
      expect(figures.interrupted).toBeGreaterThan(0);
    } finally {
      await run.stop();
    }
  },
  TEST_MS,
);
