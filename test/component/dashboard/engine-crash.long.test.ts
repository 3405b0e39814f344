/** As `engine-crash.test.ts`, at every single step. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type CrashPoint, MoveCrashRun } from "../../support/move-crash-run.ts";

const TEST_MS = 240_000;
const START_MS = 30_000;

let run: MoveCrashRun;

beforeAll(async () => {
  run = await MoveCrashRun.start();
}, START_MS);

afterAll(() => run.stop(), START_MS);

async function killAtAll(kill: (at: number) => Promise<boolean>, least: number): Promise<void> {
  let at = 1;
  while (await kill(at)) {
    expect({ at, violations: run.violations }).toEqual({ at, violations: [] });
    at += 1;
  }
  expect(run.violations).toEqual([]);
  expect(at - 1).toBeGreaterThanOrEqual(least);
}

const POINTS: readonly CrashPoint[] = ["write", "push", "pushed"];
/** Two proxies are told three times: hold, open, arrived. */
const PUSHES = 6;

test.each(POINTS)(
  "killed at every %s of a move",
  (point) => killAtAll((at) => run.moveAndKill(point, at), PUSHES),
  TEST_MS,
);

test.each(POINTS)(
  "killed at every %s of going back",
  (point) => killAtAll((at) => run.returnAndKill(point, at), PUSHES),
  TEST_MS,
);
