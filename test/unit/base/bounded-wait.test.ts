/** Waits with a bound: the outcome of the work if it is in time, and never a wait beyond the bound. */
import { expect, test } from "bun:test";
import { LATE, within } from "../../../src/base/bounded-wait.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const never = new Promise<never>(() => undefined);

test("work in time gives its outcome", async () => {
  expect(await within(1_000, Promise.resolve(7))).toBe(7);
  expect(within(1_000, Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("late work is left alone, and its failure harms nobody", async () => {
  const clock = new FakeClock();
  const { promise, reject } = Promise.withResolvers<void>();
  const waiting = within(1_000, promise, clock);
  clock.advance(999);
  expect(await Promise.race([waiting, Promise.resolve("waits")])).toBe("waits");
  clock.advance(1);
  expect(await waiting).toBe(LATE);
  reject(new Error("too late"));
  expect(await within(1, never)).toBe(LATE);
});
