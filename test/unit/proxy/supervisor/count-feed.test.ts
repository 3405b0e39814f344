/**
 * Counters on their way from a worker to the supervisor: whatever is counted between two reports, the sums at
 * the other end are those of the worker.
 */
import { expect, test } from "bun:test";
import { CommandStats, UNKNOWN_COMMAND_ID } from "../../../../src/proxy/stats/command-stats.ts";
import {
  addCounts,
  CountFeed,
  type Counts,
  clearCounts,
  createCounts,
} from "../../../../src/proxy/worker/count-feed.ts";

const COMMANDS = UNKNOWN_COMMAND_ID + 1;

/** Numbers in [0, 1), the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function countSome(stats: CommandStats, random: () => number): void {
  for (let left = Math.floor(random() * 40); left > 0; left -= 1) {
    const id = Math.floor(random() * COMMANDS);
    const kind = random();
    if (kind < 0.2) stats.recordFail(id);
    else stats.record(id, random() ** 4 * 100_000);
    if (kind > 0.8) stats.recordError(id);
  }
}

function expectSame(sums: Counts, { calls, usecs, fails, redisErrors, buckets }: Counts): void {
  expect(sums.calls).toEqual(calls);
  expect(sums.fails).toEqual(fails);
  expect(sums.redisErrors).toEqual(redisErrors);
  expect(sums.buckets).toEqual(buckets);
  // Fractions of a microsecond may be rounded differently when they are summed in parts.
  const apart = sums.usecs.map((us, id) => Math.abs(us - (usecs[id] as number)));
  expect(Math.max(...apart)).toBeLessThan(1e-3);
}

test("sums of reports equal the counters, over many rounds", () => {
  const seed = Number(process.env["CODIS_TEST_SEED"] ?? 20_260_101);
  const random = createRandom(seed);
  const stats = new CommandStats();
  const feed = new CountFeed(COMMANDS);
  const sums = createCounts(COMMANDS);
  for (let round = 0; round < 200; round += 1) {
    countSome(stats, random);
    addCounts(sums, structuredClone(feed.take(stats)));
  }
  try {
    expectSame(sums, stats);
  } catch (error) {
    throw new Error(`CODIS_TEST_SEED=${seed}`, { cause: error });
  }
});

test("a report holds only what was called since the last one", () => {
  const stats = new CommandStats();
  const feed = new CountFeed(COMMANDS);
  stats.record(5, 0.003);
  stats.record(5, 0.003);
  stats.record(9, 0.5);
  expect([...feed.take(stats)].slice(0, 8)).toEqual([5, 2, 6, 0, 0, 1, 3, 2]);
  expect(feed.take(stats).length).toBe(0);
  stats.recordFail(9);
  expect([...feed.take(stats)]).toEqual([9, 1, 0, 1, 0, 0]);
});

test("after a reset on both sides the sums are those of the new counters", () => {
  const stats = new CommandStats();
  const feed = new CountFeed(COMMANDS);
  const sums = createCounts(COMMANDS);
  stats.record(3, 1);
  addCounts(sums, feed.take(stats));
  stats.record(3, 1);
  stats.reset();
  feed.reset();
  clearCounts(sums);
  stats.record(3, 2);
  addCounts(sums, feed.take(stats));
  expectSame(sums, stats);
});
