/**
 * The proxy with two groups answers random commands as one bare redis-server does, bar the documented
 * differences: a short run of what `differential.long.test.ts` does at length. The seed is fixed,
 * CODIS_DIFFERENTIAL_SEED sets another.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startRedis } from "../support/redis-server.ts";
import { checkRun } from "./differential/check-run.ts";
import { runDifferential } from "./differential/driver.ts";
import { CORPUS_COMMANDS } from "./differential/request.ts";
import { describeFailure } from "./differential/shrink.ts";
import { findComparable, type Stage, startStage } from "./differential/stage.ts";

const TEST_MS = 180_000;
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
    await checkRun(stage, { count: 10_000, minimum: 3, seed: 1 });
  },
  TEST_MS,
);

test(
  "what answers wrongly is found out, and shown by a short example",
  async () => {
    // A bare server in the proxy's place takes commands over several slots.
    const impostor = await startRedis();
    const ports = { proxy: impostor.port, bare: stage.ports.bare };
    const options = { ports, seed: 1, count: 2_000, minimum: 0, commands: [], failuresMax: 1 };
    const [failure] = (await runDifferential(options)).failures;
    expect(failure).toBeDefined();
    const text = failure === undefined ? "" : await describeFailure(failure, ports);
    expect(text).toMatch(/^repeated by:\n {2}\[RESP[23] db \d\] .*\n {2}proxy: .*\n {2}redis: /m);
    await impostor.stop();
  },
  TEST_MS,
);
