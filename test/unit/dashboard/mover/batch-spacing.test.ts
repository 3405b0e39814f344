/**
 * When the second of two MIGRATEs goes: with the answer to the first where the source is near, a round trip before its
 * expected end where it is far, and at once when nothing is under way.
 */
import { expect, test } from "bun:test";
import { BatchSpacing } from "../../../../src/dashboard/migration/mover/batch-spacing.ts";

/** Whether a promise has resolved by now. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  promise.then(() => {
    resolved = true;
  });
  for (let turn = 0; turn < 5; turn += 1) {
    await Promise.resolve();
  }
  return resolved;
}

test("with nothing under way a batch goes at once", async () => {
  const spacing = new BatchSpacing(() => 0.2);
  expect(spacing.waitMs).toBe(0);
  expect(await isResolved(spacing.whenNext())).toBe(true);
});

test("to a source that is near the second one goes with the answer to the first", async () => {
  const spacing = new BatchSpacing(() => 0.2);
  const end = spacing.begin(2);
  expect(spacing.waitMs).toBe(Number.POSITIVE_INFINITY);
  const next = spacing.whenNext();
  expect(await isResolved(next)).toBe(false);
  end();
  expect(await isResolved(next)).toBe(true);
  expect(spacing.waitMs).toBe(0);
});

test("to one that is far it goes a round trip before the first is expected to end", () => {
  let nowMs = 100;
  const spacing = new BatchSpacing(
    () => 3,
    () => nowMs,
  );
  const endFirst = spacing.begin(20);
  expect(spacing.waitMs).toBe(17);
  nowMs = 110;
  expect(spacing.waitMs).toBe(7);
  nowMs = 117;
  expect(spacing.waitMs).toBe(0);
  const endSecond = spacing.begin(30);
  nowMs = 122;
  endFirst();
  // The source began with the second one when it was done with the first.
  expect(spacing.waitMs).toBe(27);
  nowMs = 130;
  endSecond();
  expect(spacing.waitMs).toBe(0);
});

test("a batch that ends within a round trip is followed at once, and one that is lost ends the wait", async () => {
  const spacing = new BatchSpacing(() => 3);
  const endShort = spacing.begin(3.5);
  expect(spacing.waitMs).toBe(0);
  endShort();
  const endLong = spacing.begin(60_000);
  const next = spacing.whenNext();
  expect(await isResolved(next)).toBe(false);
  endLong();
  expect(await isResolved(next)).toBe(true);
});

test("as long as nobody knows how far the source is, it is taken to be far", () => {
  const spacing = new BatchSpacing(() => Number.POSITIVE_INFINITY);
  spacing.begin(2);
  expect(spacing.waitMs).toBe(0);
});
