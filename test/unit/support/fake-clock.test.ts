/** The clock of tests keeps its promises, or nothing that uses it proves anything. */
import { expect, test } from "bun:test";
import { FakeClock } from "../../support/fake-clock.ts";

test("timers run in the order of their times, also those set by timers", () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  const at = (name: string) => () => void ran.push(`${name}@${clock.monotonicMs()}`);
  clock.after(30, at("late"));
  clock.after(10, () => {
    at("early")();
    clock.after(5, at("nested"));
  });
  const cancelled = clock.after(20, at("never"));
  cancelled.cancel();
  cancelled.cancel();
  clock.advance(29);
  expect(ran).toEqual(["early@10", "nested@15"]);
  clock.advance(1);
  expect(ran.at(-1)).toBe("late@30");
  expect(clock.timerCount).toBe(0);
});

test("setting the wall clock doesn't touch the monotonic one", () => {
  const clock = new FakeClock(1000);
  clock.advance(5);
  clock.setWallClock(50_000);
  clock.advance(1);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([50_001, 6]);
});
