/** The lines that show how far an operation is, at many widths, and how they are drawn in place. */
import { describe, expect, test } from "bun:test";
import { LiveBlock } from "../../../src/cli/noun/live-block.ts";
import { describeState, drawProgress, percentOf } from "../../../src/cli/noun/progress.ts";
import { sampleOperation } from "../../support/operation-sample.ts";
import { screenRows } from "../../support/terminal-screen.ts";

describe("progress", () => {
  test("at the usual width everything is there", () => {
    expect(drawProgress(sampleOperation(), 79)).toEqual([
      `[${"#".repeat(25)}${"-".repeat(25)}]  50%  running, 1m20s to go`,
      "slots 64 of 128 (8 moving), keys 600k of 1.20M, 40.0 MB of 80.0 MB",
      "7500 keys/s, 512.0 KB/s; longest stall 4 ms, longest hold 12 ms",
    ]);
  });

  test("a reason and a limit have their places", () => {
    const operation = sampleOperation(
      {
        state: "paused",
        self_paused: true,
        reason: "group 2 is full",
        speed_in_force: {
          keys_per_second: 20_000,
          bytes_per_second: 2 ** 20,
          slowed: true,
          reason: "slowed by the p99 guard: p99 12.3 ms, bound 8 ms",
        },
      },
      { eta_ms: null, retries: 3 },
    );
    const lines = drawProgress(operation, 120);
    expect(lines[0]).toEndWith("]  50%  paused by itself");
    expect(lines[2]).toBe(
      "7500 keys/s, 512.0 KB/s; limit 20.0k keys/s and 1.0 MB/s; longest stall 4 ms, longest hold 12 ms, 3 retries",
    );
    expect(lines.slice(3)).toEqual([
      "slowed by the p99 guard: p99 12.3 ms, bound 8 ms",
      "! group 2 is full",
    ]);
  });

  test("no line is ever wider than there is room, and the bar is never gone", () => {
    const operation = sampleOperation({ reason: "x".repeat(300) }, { retries: 12_345 });
    for (let width = 1; width <= 300; width++) {
      const lines = drawProgress(operation, width);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
        Math.max(20, width),
      );
      expect(lines[0]).toMatch(/^\[#+-+\]/);
    }
    // The bar itself has an end.
    expect(drawProgress(sampleOperation(), 300)[0]?.indexOf("]")).toBe(51);
  });

  test("100 only when nothing is left", () => {
    const at = (parts: object, progress: object): number =>
      percentOf(sampleOperation(parts, progress));
    expect(at({}, { keys_moved: 0, slots_done: 0 })).toBe(0);
    expect(at({}, { keys_moved: 1_199_999 })).toBe(99);
    // More keys than were planned: clients write meanwhile.
    expect(at({}, { keys_moved: 5_000_000 })).toBe(99);
    expect(at({}, { keys_total: 0, keys_moved: 0 })).toBe(50);
    expect(at({}, { keys_total: 0, slots_total: 0, slots_done: 0 })).toBe(0);
    expect(at({}, { slots_done: 128 })).toBe(100);
    expect(at({ state: "done" }, {})).toBe(100);
    // Every slot of a cancelled one is done with, whether it ever moved or not.
    expect(at({ state: "cancelled" }, { slots_done: 128, keys_moved: 0 })).toBe(0);
    expect(at({ state: "cancelled" }, { slots_done: 128, keys_total: 0, keys_moved: 0 })).toBe(0);
    expect(drawProgress(sampleOperation({ state: "done" }), 79)[0]).toMatch(
      /^\[#+\] 100% {2}done$/,
    );
  });

  test("states in words", () => {
    const words = (parts: object): string => describeState(sampleOperation(parts));
    expect(words({ state: "waiting" })).toBe("waiting for its turn");
    expect(words({ state: "paused" })).toBe("paused");
    expect(words({ state: "cancelling" })).toBe("cancelling");
    expect(words({ state: "cancelling", rollback: true })).toBe("cancelling, slots go back");
    expect(words({ state: "cancelled" })).toBe("cancelled");
    expect(describeState(sampleOperation({}, { eta_ms: null }))).toBe("running");
  });
});

describe("a block that is drawn in place", () => {
  test("takes the place of the one before, also when it is shorter", () => {
    const written = ["plan\n"];
    const block = new LiveBlock({ columns: 40, write: (text) => void written.push(text) });
    const shown = (): readonly string[] => screenRows(written.join(""));
    expect(block.width).toBe(39);
    block.draw(["a1", "a2", "a3"]);
    block.draw(["b1", "b2", "b3", "b4"]);
    expect(shown()).toEqual(["plan", "b1", "b2", "b3", "b4", ""]);
    block.draw(["c1"]);
    expect(shown()).toEqual(["plan", "c1", ""]);
    block.leave();
    block.draw(["d1"]);
    expect(shown()).toEqual(["plan", "c1", "d1", ""]);
  });

  test("a terminal that doesn't tell its width has 80 columns", () => {
    expect(new LiveBlock({ columns: undefined, write: () => undefined }).width).toBe(79);
  });
});
