/**
 * The proxy against one bare redis-server, at length: at least 200,000 random commands, each command that
 * both serve at least 100 times. What is compared, and how, is in `differential/`; figures of a whole run
 * are in docs/long-tests.md. Each run has a new seed, which it prints;
 * CODIS_DIFFERENTIAL_SEED repeats a run.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ALWAYS_REFUSED, checkRun } from "./differential/check-run.ts";
import { CORPUS_COMMANDS } from "./differential/request.ts";
import { type Stage, startStage } from "./differential/stage.ts";

const TEST_MS = 15 * 60_000;
const COUNT = 200_000;
const MINIMUM = 100;

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
});

afterAll(() => stage.stop());

test(
  "200,000 random commands are answered alike, and leave the same data",
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const result = await checkRun(stage, { count: COUNT, minimum: MINIMUM, seed });
    const { total, byProto, pipelined, crossSlot, goodCounts } = result;
    const counts = new Map([...result.counts].filter(([name]) => CORPUS_COMMANDS.has(name)));
    const least = [...counts].toSorted(([, left], [, right]) => left - right)[0];
    process.stdout.write(
      `${total} commands, ${counts.size} different (least often: ${least?.join(" ")}), ` +
        `RESP2 ${byProto[2]}, RESP3 ${byProto[3]}, pipelined ${pipelined}, CROSSSLOT ${crossSlot}\n`,
    );
    const neverGood = [...counts.keys()].filter((name) => !goodCounts.has(name));
    expect(neverGood.filter((name) => !ALWAYS_REFUSED.test(name))).toEqual([]);
  },
  TEST_MS,
);
