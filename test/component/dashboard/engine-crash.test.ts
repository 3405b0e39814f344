/**
 * A leader that is killed (SIGKILL) at writes and pushes of a move of two slots, on real servers: the next leader ends
 * the move by itself, no key is lost or doubled, and no two proxies ever serve a slot from different servers. Every
 * step: `engine-crash.long.test.ts`; without processes: `test/unit/dashboard/migration-engine.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { MoveCrashRun } from "../../support/move-crash-run.ts";
import { printSeed, Random, SEED } from "../../support/seed.ts";

printSeed("engine-crash");

const TEST_MS = 180_000;
const START_MS = 60_000;

let run: MoveCrashRun;

beforeAll(async () => {
  run = await MoveCrashRun.start();
}, START_MS);

afterAll(() => run.stop(), START_MS);

async function killAtSome(kill: (at: number) => Promise<boolean>, stride: number): Promise<void> {
  let at = 1 + new Random(SEED).below(stride);
  while (await kill(at)) {
    expect({ at, violations: run.violations }).toEqual({ at, violations: [] });
    at += stride;
  }
  expect(run.violations).toEqual([]);
  expect(at).toBeGreaterThan(stride);
}

test(
  "killed at every fourth write of a move",
  () => killAtSome((at) => run.moveAndKill("write", at), 4),
  TEST_MS,
);

test(
  "killed at every other push of a move, before the proxy has it and after",
  async () => {
    await killAtSome((at) => run.moveAndKill("push", at), 2);
    await killAtSome((at) => run.moveAndKill("pushed", at), 2);
  },
  TEST_MS,
);

test(
  "killed at every sixth write of going back",
  () => killAtSome((at) => run.returnAndKill("write", at), 6),
  TEST_MS,
);
