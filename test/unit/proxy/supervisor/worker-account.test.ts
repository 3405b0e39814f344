/** The figures of a worker over the processes that have been it, one after the other. */
import { expect, test } from "bun:test";
import { CommandStats, UNKNOWN_COMMAND_ID } from "../../../../src/proxy/stats/command-stats.ts";
import { NO_MOVES } from "../../../../src/proxy/stats/move-stats.ts";
import { sumByReason, WorkerAccount } from "../../../../src/proxy/supervisor/worker-account.ts";
import type { WorkerReport } from "../../../../src/proxy/worker/child-call.ts";
import { CountFeed } from "../../../../src/proxy/worker/count-feed.ts";

/** The report of a process that has counted so many calls of command 1. */
function reportOf(calls: number, changes: Partial<WorkerReport> = {}): WorkerReport {
  const stats = new CommandStats();
  for (let left = calls; left > 0; left -= 1) stats.record(1, 0.01);
  return {
    index: 2,
    pid: 100,
    residentBytes: 5000,
    cpuUserSeconds: 2,
    cpuSystemSeconds: 1,
    sessionsAlive: 4,
    sessionsTotal: 10,
    sessionsRejected: 1,
    sessionsClosed: { idle: 2 },
    bytesReceived: 1000,
    bytesSent: 2000,
    bytesBuffered: 300,
    backends: [],
    moves: NO_MOVES,
    replicas: [],
    counts: new CountFeed(UNKNOWN_COMMAND_ID + 1).take(stats),
    ...changes,
  };
}

test("counters go on over a death, gauges are those of the process that lives", () => {
  const account = new WorkerAccount(2);
  account.add(reportOf(3));
  account.close();
  expect(account.snapshot()).toMatchObject({
    index: 2,
    pid: 0,
    residentBytes: 0,
    sessionsAlive: 0,
  });
  expect(account.snapshot()).toMatchObject({ sessionsTotal: 10, bytesSent: 2000 });
  expect(account.opsTotal()).toBe(3);
  expect(account.deadCount).toBe(1);

  account.add(reportOf(4, { pid: 101, sessionsClosed: { idle: 1, killed: 1 } }));
  expect(account.snapshot()).toMatchObject({
    pid: 101,
    residentBytes: 5000,
    sessionsAlive: 4,
    sessionsTotal: 20,
    sessionsRejected: 2,
    sessionsClosed: { idle: 3, killed: 1 },
    cpuUserSeconds: 4,
    cpuSystemSeconds: 2,
    bytesReceived: 2000,
    bytesBuffered: 300,
  });
  expect(account.snapshot().calls[1]).toBe(7);
});

test("a process that died before its first report leaves the figures as they were", () => {
  const account = new WorkerAccount(0);
  account.add(reportOf(3));
  account.close();
  const before = account.snapshot();
  account.close();
  expect(account.snapshot()).toEqual(before);
});

test("a reset concerns the commands only, as it does in a worker", () => {
  const account = new WorkerAccount(0);
  account.add(reportOf(3));
  account.resetCounts();
  expect(account.opsTotal()).toBe(0);
  expect(account.snapshot().buckets.every((count) => count === 0)).toBe(true);
  expect(account.snapshot().sessionsTotal).toBe(10);
});

test("reasons are summed by name", () => {
  expect(sumByReason({ a: 1 }, {}, { a: 2, b: 3 })).toEqual({ a: 3, b: 3 });
});
