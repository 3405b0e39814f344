/**
 * Order, the long form: many seeds, more sessions, longer pipelines. See `order.test.ts`.
 */
import { expect, test } from "bun:test";
import { findOrderFault } from "../../support/order-run.ts";
import { printSeed, SEED } from "../../support/seed.ts";

const RUNS = 400;

printSeed("order, long");

test("order holds over many seeds", async () => {
  for (let run = 0; run < RUNS; run++) {
    const size = { sessions: 2 + (run % 7), requests: run % 10 === 0 ? 3000 : 400 };
    expect(await findOrderFault(SEED + run, size)).toBeUndefined();
  }
}, 1_800_000);
