/**
 * Ten minutes of chaos for each of ten seeds, every run in a process of its own. `CODIS_CHAOS_SEEDS` (numbers
 * with commas) and `CODIS_CHAOS_MINUTES` change that.
 */
import { test } from "bun:test";
import { runSeed, SEED_MS, seedsOr } from "./support/seed-process.ts";

test.each(seedsOr([101, 102, 103, 104, 105, 106, 107, 108, 109, 110]))(
  "nothing is lost, doubled or stuck in minutes of chaos with seed %d",
  (seed) => runSeed(seed),
  SEED_MS,
);
