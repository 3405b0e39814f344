/** Time awake: gaps in which the process couldn't look count as short ones. */
import { describe, expect, test } from "bun:test";
import { AwakeTime } from "../../../src/base/awake-time.ts";
import type { Clock, ClockTimer } from "../../../src/base/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A clock whose process can be stopped: its time goes on, its timers run afterwards. */
class StoppableClock implements Clock {
  readonly #inner = new FakeClock();
  #stoppedMs = 0;

  nowMs(): number {
    return this.#inner.nowMs() + this.#stoppedMs;
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs() + this.#stoppedMs;
  }

  after(delayMs: number, run: () => void): ClockTimer {
    return this.#inner.after(delayMs, run);
  }

  advance(ms: number): void {
    this.#inner.advance(ms);
  }

  stopFor(ms: number): void {
    this.#stoppedMs += ms;
  }
}

describe("AwakeTime", () => {
  test("goes as the clock does while the process runs", () => {
    const clock = new StoppableClock();
    const awake = new AwakeTime(clock);
    clock.advance(12_345);
    expect(awake.nowMs()).toBe(12_345);
    awake.close();
  });

  test("a stopped process doesn't age, before and after its first tick", () => {
    const clock = new StoppableClock();
    const awake = new AwakeTime(clock, { tickMs: 100, gapMs: 400 });
    clock.advance(1_000);
    clock.stopFor(60_000);
    expect(awake.nowMs()).toBe(1_400);
    clock.advance(100);
    expect(awake.nowMs()).toBe(1_400);
    clock.advance(500);
    expect(awake.nowMs()).toBe(1_900);
    awake.close();
  });

  test("ends its ticks", () => {
    const clock = new FakeClock();
    const awake = new AwakeTime(clock);
    awake.close();
    expect(clock.timerCount).toBe(0);
  });
});
