/**
 * One whole differential run with everything that must be true of it: no difference, every command often
 * enough, both protocols, the same data at the end.
 */
import { expect } from "bun:test";
import { emptyBoth, type RunResult, runDifferential } from "./driver.ts";
import { compareKeyspace, findStrays } from "./keyspace.ts";
import { SessionPair } from "./session-pair.ts";
import { describeFailure } from "./shrink.ts";
import { findComparable, type Stage } from "./stage.ts";

/** How much is run. */
export interface RunSize {
  /** Random requests. */
  readonly count: number;
  /** How often each command comes at least. */
  readonly minimum: number;
  /** When CODIS_DIFFERENTIAL_SEED gives none. */
  readonly seed: number;
}

/** A machine that stands still may spoil a run; that often, it is something else. */
const RUNS_MAX = 3;
const FAILURES_MAX = Number(process.env["CODIS_DIFFERENTIAL_FAILURES"] ?? 5);

/** Commands that have no good answer here: containers alone, a cluster's, and what needs a busy server. */
export const ALWAYS_REFUSED = new RegExp(
  "^(acl|client|config|function|memory|module|object|script|slowlog|xgroup|xinfo" +
    "|asking|cluster.*|client\\|pause|(script|function)\\|kill)$",
);

/** Runs and checks; gives the figures. */
export async function checkRun(stage: Stage, size: RunSize): Promise<RunResult> {
  const { ports } = stage;
  const seed = Number(process.env["CODIS_DIFFERENTIAL_SEED"] ?? size.seed);
  process.stdout.write(`CODIS_DIFFERENTIAL_SEED=${seed}\n`);
  const commands = await findComparable(ports.bare);
  const options = { ...size, ports, seed, commands, failuresMax: FAILURES_MAX };
  let result = await runDifferential(options);
  for (let runs = 1; result.failures.length > 0 && stage.hasStoodStill() && runs < RUNS_MAX; ) {
    // Then one of the two servers may have done a command seconds before the other one: times to live differ.
    runs += 1;
    result = await runDifferential(options);
  }
  const failures: string[] = [];
  for (const failure of result.failures) failures.push(await describeFailure(failure, ports));
  if (failures.length > 0) throw new Error(`seed ${seed}\n${failures.join("\n\n")}`);

  const rare = [...result.counts].filter(([, count]) => count < size.minimum);
  expect(rare).toEqual([]);
  expect(result.total).toBeGreaterThanOrEqual(size.count);
  expect(Math.min(result.byProto[2], result.byProto[3])).toBeGreaterThan(result.total / 4);
  expect(result.pipelined).toBeGreaterThan(result.total / 4);
  expect(result.crossSlot).toBeGreaterThan(result.total / 100);
  const good = [...result.goodCounts.values()].reduce((sum, count) => sum + count, 0);
  expect(good).toBeGreaterThan(result.total / 2);
  await checkData(stage);
  return result;
}

async function checkData(stage: Stage): Promise<void> {
  const pair = await SessionPair.open(stage.ports);
  const { complaints, keyCount } = await compareKeyspace(pair);
  expect(complaints).toEqual([]);
  const groups = await stage.groups();
  const { strays, keyCounts } = await findStrays(groups);
  expect(strays).toEqual([]);
  expect(keyCounts.reduce((sum, count) => sum + count, 0)).toBe(keyCount);
  await emptyBoth(pair);
  pair.close();
  for (const group of groups) group.destroy();
}
