/** When pushes are made: once a period, later and later after failures, one at a time, few lines. */
import { beforeEach, expect, test } from "bun:test";
import { createLog, type Log } from "../../../../src/base/log.ts";
import { startReporter } from "../../../../src/proxy/report/reporter.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

let clock: FakeClock;
let lines: string[];
let log: Log;
let pushedAtMs: number[];
let outcome: () => Promise<void>;

beforeEach(async () => {
  clock = new FakeClock();
  lines = [];
  pushedAtMs = [];
  outcome = () => Promise.resolve();
  const sink = { write: (line: string) => void lines.push(line), close: () => Promise.resolve() };
  log = await createLog({ component: "proxy", level: "info", sink });
});

function start() {
  return startReporter({
    name: "InfluxDB",
    periodMs: 1000,
    send: () => {
      pushedAtMs.push(clock.monotonicMs());
      return outcome();
    },
    clock,
    log,
  });
}

/** Lets time pass in small steps, so that what a push does next is done at its time. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const events = () => lines.map((line) => (JSON.parse(line) as { event: string }).event);

test("pushes once a period, also when a push takes a while", async () => {
  start();
  await pass(2000);
  expect(pushedAtMs).toEqual([1000, 2000]);
  outcome = () => new Promise((resolve) => clock.after(400, resolve));
  await pass(2500);
  expect(pushedAtMs).toEqual([1000, 2000, 3000, 4000]);
  expect(lines).toEqual([]);
});

test("never makes two pushes at once", async () => {
  outcome = () => new Promise((resolve) => clock.after(2500, resolve));
  start();
  await pass(5000);
  expect(pushedAtMs).toHaveLength(2);
  expect(pushedAtMs[1]).toBeGreaterThanOrEqual(3500);
});

test("comes later and later while pushes fail, and tells the change only", async () => {
  outcome = () => Promise.reject(new Error("no route"));
  start();
  await pass(60_000);
  const pauses = pushedAtMs.slice(1).map((at, index) => at - (pushedAtMs[index] ?? 0));
  for (const pause of pauses) {
    expect(pause).toBeGreaterThanOrEqual(1000);
    expect(pause).toBeLessThanOrEqual(15_100);
  }
  expect(pushedAtMs.length).toBeLessThan(16);
  expect(events()).toEqual(["metrics.push_failed"]);
  expect(lines[0]).toContain("can't push metrics to InfluxDB: no route");

  outcome = () => Promise.resolve();
  await pass(20_000);
  expect(events()).toEqual(["metrics.push_failed", "metrics.push_works"]);
  const before = pushedAtMs.length;
  await pass(3000);
  expect(pushedAtMs.length).toBe(before + 3);
});

test("stops at once and leaves no timer", async () => {
  const reporter = start();
  await pass(1000);
  reporter.stop();
  expect(clock.timerCount).toBe(0);
  await pass(3000);
  expect(pushedAtMs).toEqual([1000]);
});

test("stopped during a push, it makes no other and tells no failure", async () => {
  outcome = () =>
    new Promise((_resolve, reject) => clock.after(500, () => reject(new Error("late"))));
  const reporter = start();
  await pass(1200);
  reporter.stop();
  await pass(5000);
  expect([pushedAtMs.length, lines]).toEqual([1, []]);
});
