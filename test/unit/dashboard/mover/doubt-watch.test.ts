/**
 * When a mover is in doubt, and what ends it; with servers that are played.
 */
import { describe, expect, test } from "bun:test";
import { DoubtWatch } from "../../../../src/dashboard/migration/mover/doubt-watch.ts";
import { catchRejection } from "../../../support/caught-error.ts";

/** Servers whose count and whose suspects follow a script: the last entry holds on. */
function play(
  counts: readonly number[],
  suspects: readonly number[],
  { uptimeSeconds = 1_000, vouched = Number.NaN } = {},
) {
  const heard: string[] = [];
  const next = (script: readonly number[], index: number): number =>
    script[Math.min(index, script.length - 1)] ?? 0;
  let asked = 0;
  let listed = 0;
  return {
    heard,
    source: {
      addr: "source:1",
      control: { runId: "run", uptimeSeconds },
      ioErrors: () => Promise.resolve(next(counts, asked++)),
      isVouchedFor: (count: number) => Promise.resolve(count === vouched),
      vouch: (count: number) => {
        heard.push(`vouch ${count}`);
        return Promise.resolve();
      },
    },
    target: {
      addr: "target:1",
      killSuspects: () => {
        heard.push("list");
        return Promise.resolve(next(suspects, listed++));
      },
    },
    pause: (ms: number) => {
      heard.push(`pause ${ms}`);
      return Promise.resolve();
    },
  };
}

describe("a first look", () => {
  test("trusts a count of 0 of a source that runs for long", async () => {
    const { heard, source, target, pause } = play([0], [1]);
    const watch = new DoubtWatch();
    await watch.settle(source, target, pause);
    expect(heard).toEqual([]);
    watch.observe(0);
    expect(watch.isRaised).toBe(false);
    watch.observe(1);
    expect(watch.isRaised).toBe(true);
  });

  test("doesn't trust another count, or a source that has just started", async () => {
    for (const { source, target, pause, heard } of [
      play([3], [0]),
      play([0], [0], { uptimeSeconds: 2 }),
    ]) {
      const watch = new DoubtWatch();
      await watch.settle(source, target, pause);
      expect(heard.slice(0, 3)).toEqual(["list", "pause 1000", "list"]);
      expect(heard[3]).toStartWith("vouch ");
      expect(watch.isRaised).toBe(false);
    }
  });
});

describe("a doubt ends", () => {
  test("after two listings in a row without suspects", async () => {
    const { heard, source, target, pause } = play([5], [2, 0, 0]);
    const watch = new DoubtWatch();
    watch.raise();
    await watch.settle(source, target, pause);
    expect(heard.filter((word) => word === "list")).toHaveLength(3);
    watch.observe(5);
    expect(watch.isRaised).toBe(false);
  });

  test("not while the count grows: listings before that don't count", async () => {
    // Settle's own look, then before and behind the listings.
    const { heard, source, target, pause } = play([1, 1, 2, 2, 2], [0]);
    const watch = new DoubtWatch();
    await watch.settle(source, target, pause);
    expect(heard.filter((word) => word === "list")).toHaveLength(3);
    watch.observe(2);
    expect(watch.isRaised).toBe(false);
  });

  test("although transfers of other sources to the same target never end", async () => {
    const { heard, source, target, pause } = play([1], [1]);
    await new DoubtWatch().settle(source, target, pause);
    expect(heard.filter((word) => word === "list")).toHaveLength(3);
  });

  test("at once when another mover has made sure, unless the doubt is its own", async () => {
    const { heard, source, target, pause } = play([4], [0], { vouched: 4 });
    const watch = new DoubtWatch();
    await watch.settle(source, target, pause);
    expect(heard).toEqual([]);
    watch.observe(4);
    expect(watch.isRaised).toBe(false);
    watch.raise();
    await watch.settle(source, target, pause);
    expect(heard.filter((word) => word === "list")).toHaveLength(2);
  });

  test("or it is given up for now when transfers break all the time", async () => {
    const growing = Array.from({ length: 100 }, (_, index) => index + 1);
    const { source, target, pause } = play(growing, [0]);
    const watch = new DoubtWatch();
    const thrown = await catchRejection(watch.settle(source, target, pause));
    expect(thrown.code).toBe("SERVER_UNREACHABLE");
    expect(watch.isRaised).toBe(true);
  });
});

test("a count that can't be told is a doubt", async () => {
  const { source, target, pause } = play([0], [0]);
  const watch = new DoubtWatch();
  await watch.settle(source, target, pause);
  watch.observe(Number.NaN);
  expect(watch.isRaised).toBe(true);
});
