/**
 * The dashboard is killed (SIGKILL) at every single write to its coordinator and every single push to a proxy of
 * a move, before and after it took effect: the next dashboard completes the same step, and no client's data is
 * touched.
 */
import { expect, test } from "bun:test";
import { printSeed, SEED } from "../support/seed.ts";
import { runStepKills } from "./support/step-kill-run.ts";

printSeed("step-kill.long");

/** More steps than a move of three slots has. */
const KILLS_MAX = 150;
const TEST_MS = 30 * 60_000;

test.each([
  ["write", "before"],
  ["write", "after"],
  ["push", "before"],
  ["push", "after"],
] as const)(
  "killed at each %s, %s it took effect",
  async (step, phase) => {
    const options = { seed: SEED, step, phase, killsMax: KILLS_MAX };
    const { problems, ...figures } = await runStepKills(options);
    process.stdout.write(`step-kill.long: ${step} ${phase}: ${JSON.stringify(figures)}\n`);
    expect(problems.join("\n\n")).toBe("");
    expect(figures.kills).toBeGreaterThan(3);
  },
  TEST_MS,
);
