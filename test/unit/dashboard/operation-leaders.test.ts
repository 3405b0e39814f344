/**
 * The progress of an operation through changes of the leader: what has moved never goes back, and what moves in all
 * doesn't count keys of half-moved slots again.
 */
import { describe, expect, test } from "bun:test";
import { ANY } from "../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import { decodeFigures, encodeFigures } from "../../../src/model/operation/figures-record.ts";
import type { OperationProgress } from "../../../src/model/operation/operation.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import { fillMemory, movesTo, takeOver } from "../../support/operation-product.ts";

const FIGURES_PATH = coordinatorPath.figuresOf("demo", "op-1");

function progressOf(desk: OperationDesk): OperationProgress {
  return desk.manager.getOperation("op-1").progress;
}

/** A leader with an operation of slots 0 and 1, 10 keys each, both half-moved. */
async function begin(memory: MemoryStore, clock: FakeClock): Promise<OperationDesk> {
  await fillMemory(memory);
  const desk = await takeOver(memory, { clock });
  desk.manager.start();
  await desk.manager.startPlan((await desk.manager.plan(movesTo(3, [0, 1]))).id, {});
  await desk.engine.stepUntil([0, 1], "migrating");
  return desk;
}

/** Looks again and again, as time passes. */
async function untilMoved(desk: OperationDesk, clock: FakeClock, keys: number): Promise<void> {
  await desk.until(`${keys} keys`, () => {
    clock.advance(100);
    return progressOf(desk).keysMoved === keys;
  });
}

describe("an operation whose leader dies", () => {
  test("is shown by the next one as it was, and keys of half-moved slots don't count again", async () => {
    const memory = createMemoryStore();
    const clock = new FakeClock();
    let desk = await begin(memory, clock);
    desk.engine.events.onMoved(0, 4, 400);
    desk.engine.events.onMoved(1, 9, 900);
    await untilMoved(desk, clock, 13);
    for (const moved of [13, 14, 15]) {
      desk.coordinator.kill();
      await desk.manager.close();
      desk = await takeOver(memory, { clock });
      desk.manager.start();
      expect(progressOf(desk)).toMatchObject({
        keysMoved: moved,
        keysTotal: 20,
        bytesMoved: moved * 100,
        bytesTotal: 2_000,
      });
      desk.engine.events.onMoved(0, 1, 100);
      await untilMoved(desk, clock, moved + 1);
    }
    await desk.close();
  });

  test("never showed what nobody will know of", async () => {
    const memory = createMemoryStore();
    const clock = new FakeClock();
    let desk = await begin(memory, clock);
    for (let round = 0; round < 3; round += 1) {
      const before = progressOf(desk).keysMoved;
      desk.engine.events.onMoved(0, 2, 200);
      desk.engine.events.onMoved(1, 1, 100);
      // Nothing could be written meanwhile.
      const shown = progressOf(desk);
      expect(shown).toMatchObject({ keysMoved: before, keysTotal: 20 });
      desk.coordinator.kill();
      await desk.manager.close();
      desk = await takeOver(memory, { clock });
      desk.manager.start();
      expect(progressOf(desk).keysMoved).toBe(shown.keysMoved);
      desk.engine.events.onMoved(0, 1, 100);
      await untilMoved(desk, clock, before + 1);
    }
    await desk.close();
  });

  test("loses nothing when its leader goes in order, and has no node of figures when it has ended", async () => {
    const memory = createMemoryStore();
    const clock = new FakeClock();
    const first = await begin(memory, clock);
    first.engine.events.onMoved(0, 4, 400);
    await first.close();
    const next = await takeOver(memory, { clock });
    next.manager.start();
    expect(progressOf(next)).toMatchObject({ keysMoved: 4, keysTotal: 20 });
    expect(memory.get(FIGURES_PATH)?.data).toContain('"keysMoved":4');
    // The fake engine gives 10 keys for each slot at once.
    await next.finish();
    expect(progressOf(next)).toMatchObject({ keysMoved: 24, keysTotal: 24, slotsDone: 2 });
    expect(memory.get(FIGURES_PATH)).toBeUndefined();
    await next.close();
  });

  test("goes on with the operation where an earlier release has counted, or the node is garbage", async () => {
    const memory = createMemoryStore();
    const clock = new FakeClock();
    const first = await begin(memory, clock);
    first.engine.events.onMoved(0, 4, 400);
    await first.manager.setSpeed("op-1", { keysPerSecond: 5, bytesPerSecond: 0 });
    await first.close();
    const stored = memory.get(FIGURES_PATH)?.data ?? "";
    const figures = decodeFigures(JSON.parse(stored), FIGURES_PATH);
    expect(decodeFigures(JSON.parse(encodeFigures(figures)), FIGURES_PATH)).toEqual(figures);
    const older = encodeFigures({ ...figures, keysMoved: 3, bytesMoved: 300 });
    for (const data of [older, "{", undefined]) {
      memory.apply([{ path: FIGURES_PATH, data, expected: ANY }]);
      const next = await takeOver(memory, { clock });
      expect(progressOf(next)).toMatchObject({ keysMoved: 4, bytesMoved: 400 });
      await next.close();
    }
  });

  test("is written at a bounded rate", async () => {
    const memory = createMemoryStore();
    const clock = new FakeClock();
    const desk = await begin(memory, clock);
    const written = new Set<string>();
    let moved = 0;
    for (let step = 0; step < 100; step += 1) {
      moved += 1;
      desk.engine.events.onMoved(0, 1, 10);
      desk.engine.events.onArrived(9, 3);
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
      written.add(memory.get(FIGURES_PATH)?.data ?? "");
    }
    await untilMoved(desk, clock, moved);
    // 5 seconds: at most twice in each, and what was written before.
    expect(written.size).toBeLessThanOrEqual(12);
    await desk.close();
  });
});
