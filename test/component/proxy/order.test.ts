/**
 * Order, the short form: random pipelines over random delays of fake servers (`support/order-run.ts` says
 * what must hold). `order.long.test.ts` does the same for much longer.
 */
import { expect, test } from "bun:test";
import { findOrderFault } from "../../support/order-run.ts";
import { printSeed, SEED } from "../../support/seed.ts";

const RUNS = 24;
/** Seconds, and much longer on a machine that stands still now and then. */
const TEST_MS = 240_000;

printSeed("order");

test(
  "each session gets its replies in order, and keys see each session's requests in order",
  async () => {
    for (let run = 0; run < RUNS; run++) {
      const fault = await findOrderFault(SEED + run, { sessions: 2 + (run % 3), requests: 150 });
      expect(fault).toBeUndefined();
    }
  },
  TEST_MS,
);
