/**
 * The lease as its holder knows it: by the monotonic clock, from the moment a renewal was sent.
 */
import { expect, test } from "bun:test";
import { HeldLease } from "../../../src/coordinator/held-lease.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function lineOf(lease: HeldLease): { line: string | undefined } {
  const seen: { line: string | undefined } = { line: undefined };
  lease.lost.then((line) => {
    seen.line = line;
  });
  return seen;
}

test("is held until it runs out, and says so once", async () => {
  const clock = new FakeClock();
  const lease = new HeldLease(clock, 1_000, clock.monotonicMs());
  const seen = lineOf(lease);
  clock.advance(999);
  expect(lease.isHeld()).toBe(true);
  expect(lease.reason()).toBe("");
  clock.advance(1);
  await Promise.resolve();
  expect(seen.line).toContain("1000 ms");
  expect(lease.isHeld()).toBe(false);
  expect(lease.reason()).toBe(seen.line ?? "");
  lease.lose("again");
  expect(lease.reason()).toBe(seen.line ?? "");
});

test("a renewal counts from when it was sent; a late one, or one out of order, is no use", () => {
  const clock = new FakeClock();
  const lease = new HeldLease(clock, 1_000, 0);
  clock.advance(900);
  expect(lease.renew(500)).toBe(true);
  expect(lease.renew(100)).toBe(true);
  clock.advance(599);
  expect(lease.isHeld()).toBe(true);
  clock.advance(1);
  expect(lease.isHeld()).toBe(false);
  expect(lease.renew(1_500)).toBe(false);
  expect(lease.isHeld()).toBe(false);
});

test("one that begins too late was never held", () => {
  const clock = new FakeClock();
  clock.advance(5_000);
  expect(new HeldLease(clock, 1_000, 4_000).isHeld()).toBe(false);
});

test("after release nothing is told, and it isn't held", async () => {
  const clock = new FakeClock();
  const lease = new HeldLease(clock, 1_000, 0);
  const seen = lineOf(lease);
  lease.release();
  lease.lose("too late");
  clock.advance(5_000);
  await Promise.resolve();
  expect(lease.isHeld()).toBe(false);
  expect(lease.renew(clock.monotonicMs())).toBe(false);
  expect(seen.line).toBeUndefined();
  expect(lease.reason()).toContain("given back");
});

test("a loss is told with its reason, before the time is over", async () => {
  const clock = new FakeClock();
  const lease = new HeldLease(clock, 1_000, 0);
  const seen = lineOf(lease);
  lease.lose("the lock was deleted");
  lease.release();
  await Promise.resolve();
  expect(seen.line).toBe("the lock was deleted");
  expect(lease.isHeld()).toBe(false);
});
