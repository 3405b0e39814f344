/**
 * The proxy with two groups answers random commands as one bare redis-server does, bar the documented
 * differences: a short run of what `differential.long.test.ts` does at length. The seed is printed;
 * CODIS_DIFFERENTIAL_SEED repeats a run.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { checkRun } from "./differential/check-run.ts";
import { CORPUS_COMMANDS } from "./differential/request.ts";
import { findComparable, type Stage, startStage } from "./differential/stage.ts";

const TEST_MS = 60_000;
let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
});

afterAll(() => stage.stop());

test("there is a template for every command that both know, and for no other", async () => {
  expect([...CORPUS_COMMANDS].sort()).toEqual([...(await findComparable(stage.ports.bare))].sort());
});

test(
  "random commands are answered alike, and leave the same data",
  async () => {
    await checkRun(stage, { count: 5_000, minimum: 2 });
  },
  TEST_MS,
);
