/**
 * The same chaos with servers that have the slot commands and move keys by themselves, for two seeds.
 * `CODIS_CHAOS_SEEDS` and `CODIS_CHAOS_MINUTES` change that as well.
 */
import { test } from "bun:test";
import { runSeed, SEED_MS, seedsOr } from "./support/seed-process.ts";

test.each(seedsOr([701, 702]))(
  "nothing is lost, doubled or stuck when servers move keys by themselves, with seed %d",
  (seed) => runSeed(seed, "--codis-server"),
  SEED_MS,
);
