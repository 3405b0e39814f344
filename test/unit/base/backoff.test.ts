/**
 * Pauses grow to their bound, are never longer than it or shorter than half, and begin anew after a success.
 */
import { describe, expect, test } from "bun:test";
import { Backoff } from "../../../src/base/backoff.ts";

describe("pauses", () => {
  test("double up to the bound", () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1_000, random: () => 0.999_999 });
    const pauses = Array.from({ length: 6 }, () => backoff.nextMs());
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(backoff.failures).toBe(6);
  });

  test("are at least half as long", () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1_000, random: () => 0 });
    expect([backoff.nextMs(), backoff.nextMs()]).toEqual([50, 100]);
  });

  test("begin anew after a success", () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1_000, random: () => 0 });
    backoff.nextMs();
    backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).toBe(50);
  });

  test("stay at the bound after any number of failures", () => {
    const backoff = new Backoff({ minMs: 1, maxMs: 30_000, random: () => 0.5 });
    for (let i = 0; i < 5_000; i++) {
      backoff.nextMs();
    }
    expect(backoff.nextMs()).toBe(22_500);
  });
});
