/**
 * A leader that dies at the n-th write of the coordinator, n through all, in the middle of operations: the next
 * one finds everything that was acknowledged, finishes it, and leaves nothing half done. Also what an original
 * dashboard leaves, writes that get lost, and nodes that are garbage.
 */
import { describe, expect, test } from "bun:test";
import { CodisError, isCodisError } from "../../../src/base/error.ts";
import { ANY, type Leadership } from "../../../src/coordinator/coordinator.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { assignSlots, createSlotActions } from "../../../src/model/change/slot.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import type { Operation } from "../../../src/model/operation/operation.ts";
import { encodeSlotNode } from "../../../src/model/topology/node.ts";
import { catchRejection } from "../../support/caught-error.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import {
  actionsOf,
  fillMemory,
  movesTo,
  operationProduct,
  ownersOf,
  takeOver,
} from "../../support/operation-product.ts";

/** What was acknowledged before the leader died. */
type Acknowledged = string[];

interface Scenario {
  readonly name: string;
  readonly run: (desk: OperationDesk, acknowledged: Acknowledged) => Promise<void>;
  /** Owners that must be right at the end, given what was acknowledged. */
  readonly check: (owners: (ids: readonly number[]) => string, acknowledged: Acknowledged) => void;
}

async function start(desk: OperationDesk, groupId: number, ids: readonly number[]): Promise<void> {
  const plan = await desk.manager.plan(movesTo(groupId, ids));
  await desk.manager.startPlan(plan.id, {});
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a plan",
    run: async (desk, acknowledged) => {
      await start(desk, 3, [0, 1, 20]);
      acknowledged.push("started");
      await desk.finish();
    },
    check: (owners, acknowledged) => {
      const all = owners([0, 1, 20]);
      // All or none; all if it was acknowledged.
      expect(acknowledged.includes("started") ? ["0@3 1@3 20@3"] : [all]).toContain(all);
      expect(["0@3 1@3 20@3", "0@1 1@1 20@2"]).toContain(all);
    },
  },
  {
    name: "a cancel without roll-back",
    run: async (desk, acknowledged) => {
      await start(desk, 3, [0, 1, 2]);
      acknowledged.push("started");
      await desk.engine.step();
      await desk.manager.createSlotActions([{ id: 5, groupId: 2 }]);
      await desk.manager.cancel("op-2", { isRollback: false });
      acknowledged.push("cancelled");
      await desk.finish();
    },
    check: (owners, acknowledged) => {
      if (acknowledged.includes("started")) {
        expect(owners([0, 1, 2])).toBe("0@3 1@3 2@3");
      }
      if (acknowledged.includes("cancelled")) {
        expect(owners([5])).toBe("5@1");
      }
    },
  },
  {
    name: "a cancel with roll-back",
    run: async (desk, acknowledged) => {
      await start(desk, 3, [0, 1]);
      await desk.engine.stepUntil([0, 1], "migrating");
      await desk.manager.cancel("op-1", { isRollback: true });
      acknowledged.push("cancelled");
      await desk.finish();
    },
    check: (owners, acknowledged) => {
      expect(["0@1 1@1", "0@3 1@3"]).toContain(owners([0, 1]));
      if (acknowledged.includes("cancelled")) {
        expect(owners([0, 1])).toBe("0@1 1@1");
      }
    },
  },
  {
    name: "a slot that goes and comes back in another operation",
    run: async (desk, acknowledged) => {
      await start(desk, 3, [0, 1]);
      await desk.manager.pause("op-1");
      await desk.manager.removeSlotActions([1]);
      acknowledged.push("taken back");
      await desk.manager.resume("op-1");
      await desk.until("op-1 runs", () => desk.manager.runnable().includes(0));
      for (let round = 0; desk.topology.slots[0]?.groupId !== 3 && round < 20; round += 1) {
        await desk.engine.step();
      }
      await start(desk, 1, [0]);
      acknowledged.push("back");
      await desk.finish();
    },
    check: (owners, acknowledged) => {
      if (acknowledged.includes("taken back")) {
        expect(owners([1])).toBe("1@1");
      }
      if (acknowledged.includes("back")) {
        expect(owners([0])).toBe("0@1");
      }
    },
  },
  {
    name: "slots assigned by force out of an operation",
    run: async (desk, acknowledged) => {
      await start(desk, 3, [0, 1]);
      await desk.engine.stepUntil([0, 1], "migrating");
      const targets = [{ id: 0, groupId: 1 }];
      await desk.manager.assignSlots([0], () =>
        desk.store.commit("assign", (now) => assignSlots(now, targets)),
      );
      acknowledged.push("assigned");
      await desk.finish();
    },
    check: (owners, acknowledged) => {
      if (acknowledged.includes("assigned")) {
        expect(owners([0, 1])).toBe("0@1 1@3");
      }
    },
  },
];

/** Runs it until its leader has died after so many writes; whether it came to its end before. */
async function runUntilDeath(
  memory: MemoryStore,
  scenario: Scenario,
  writes: number,
  isLastApplied: boolean,
): Promise<{ readonly acknowledged: Acknowledged; readonly isWhole: boolean }> {
  const desk = await takeOver(memory);
  const acknowledged: Acknowledged = [];
  desk.coordinator.crashAfterWrites(writes, { isLastApplied });
  desk.manager.start();
  let isWhole = true;
  try {
    await scenario.run(desk, acknowledged);
  } catch (thrown) {
    if (!isCodisError(thrown, "COORDINATOR_UNREACHABLE", "LEADERSHIP_LOST")) {
      // A step that waits for what the dead leader would do gives up; only death may be the cause.
      expect(desk.coordinator.isDead()).toBe(true);
    }
    isWhole = false;
  }
  desk.coordinator.kill();
  await desk.manager.close();
  return { acknowledged, isWhole };
}

describe.each([false, true])("a death whose last write happens: %p", (isLastApplied) => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "in %s, at every write",
    async (_name, scenario) => {
      for (let writes = 0, isWhole = false; !isWhole; writes += 1) {
        const memory = createMemoryStore();
        await fillMemory(memory);
        const run = await runUntilDeath(memory, scenario, writes, isLastApplied);
        isWhole = run.isWhole;
        const next = await takeOver(memory);
        next.manager.start();
        for (const { id, state } of next.manager.operations()) {
          if (state === "paused") {
            await next.manager.resume(id);
          }
        }
        await next.finish();
        expect(actionsOf(next.topology)).toEqual([]);
        scenario.check((ids) => ownersOf(next.topology, ids).join(" "), run.acknowledged);
        const known = next.manager.operations().map(({ state }) => state);
        expect(known.filter((state) => state !== "done" && state !== "cancelled")).toEqual([]);
        await next.close();
      }
    },
    30_000,
  );
});

describe("what others leave", () => {
  test("slots that an original dashboard moves get an operation", async () => {
    const memory = createMemoryStore();
    const product = createSlotActions(operationProduct(), [
      { id: 3, groupId: 2 },
      { id: 20, groupId: 1 },
    ]);
    await fillMemory(memory, product);
    const desk = await takeOver(memory);
    desk.manager.start();
    await desk.until("an operation", () => desk.manager.operations().length === 1);
    expect(desk.manager.operations()[0]).toMatchObject({ origin: "slot-action", planId: "" });
    await desk.finish();
    expect(ownersOf(desk.topology, [3, 20])).toEqual(["3@2", "20@1"]);
    // Also when it is ordered by hand while this leader leads.
    const [moving] = createSlotActions(desk.topology, [{ id: 4, groupId: 3 }]).slots.slice(4);
    if (moving !== undefined) {
      const path = coordinatorPath.slot("demo", 4);
      memory.apply([{ path, data: encodeSlotNode(moving), expected: ANY }]);
    }
    await desk.store.reload();
    await desk.until("another one", () => desk.manager.operations().length === 2);
    await desk.finish();
    expect(ownersOf(desk.topology, [4])).toEqual(["4@3"]);
    await desk.close();
  });

  test("orders whose actions were lost are given again, or given up where that can't be", async () => {
    const memory = createMemoryStore();
    await fillMemory(memory);
    const first = await takeOver(memory);
    first.manager.start();
    await start(first, 3, [0, 1]);
    first.coordinator.kill();
    await first.manager.close();
    for (const id of [0, 1]) {
      const slot = operationProduct().slots[id];
      if (slot !== undefined) {
        const path = coordinatorPath.slot("demo", id);
        memory.apply([{ path, data: encodeSlotNode(slot), expected: ANY }]);
      }
    }
    // The second one was given away meanwhile.
    const path = coordinatorPath.slot("demo", 1);
    const other = assignSlots(operationProduct(), [{ id: 1, groupId: 2 }]).slots[1];
    memory.apply([
      { path, data: other === undefined ? undefined : encodeSlotNode(other), expected: ANY },
    ]);
    const next = await takeOver(memory);
    next.manager.start();
    await next.finish();
    expect(ownersOf(next.topology, [0, 1])).toEqual(["0@3", "1@2"]);
    const texts = next.manager.getOperation("op-1").events.map(({ text }) => text);
    expect(texts).toContain("slots 1 were given to other groups");
    await next.close();
  });

  test("nodes that are garbage are left alone, and their numbers aren't used again", async () => {
    const memory = createMemoryStore();
    await fillMemory(memory);
    const root = coordinatorPath.operations("demo");
    memory.apply([
      { path: `${root}/op-7`, data: "{", expected: ANY },
      { path: `${root}/note`, data: "x", expected: ANY },
      { path: coordinatorPath.switches("demo"), data: "[]", expected: ANY },
    ]);
    const desk = await takeOver(memory);
    desk.manager.start();
    await start(desk, 3, [0]);
    expect(desk.manager.operations().map(({ id }) => id)).toEqual(["op-8"]);
    expect(desk.manager.switches().isDisabled).toBe(false);
    await desk.manager.setDisabled(true);
    expect(memory.get(`${root}/op-7`)?.data).toBe("{");
    await desk.manager.setDisabled(false);
    await desk.finish();
    await desk.close();
  });

  test("a self-paused operation is tried again, a paused one stays, the oldest are forgotten", async () => {
    const memory = createMemoryStore();
    await fillMemory(memory);
    const first = await takeOver(memory);
    first.manager.start();
    await start(first, 3, [0]);
    const pair = { source: { groupId: 1 }, target: { groupId: 3 } };
    first.engine.events.onTrouble(pair, { text: "it is full", code: "target_memory" }, true);
    await start(first, 3, [1]);
    await first.manager.pause("op-2");
    const path = coordinatorPath.operation("demo", "op-1");
    const stored = (): Operation => JSON.parse(memory.get(path)?.data ?? "{}") as Operation;
    await first.until("the reason written", () => stored().isSelfPaused === true);
    const sample = stored();
    await first.close();
    const ended = { ...sample, state: "done", isSelfPaused: false, doneSlotIds: [0], endedAtMs: 1 };
    for (let number = 100; number < 155; number += 1) {
      const data = JSON.stringify({ ...ended, id: `op-${number}` });
      memory.apply([
        { path: coordinatorPath.operation("demo", `op-${number}`), data, expected: ANY },
      ]);
    }
    const next = await takeOver(memory);
    next.manager.start();
    await next.until("op-1 runs", () => next.manager.getOperation("op-1").state === "running");
    expect(next.manager.getOperation("op-2").state).toBe("paused");
    const isEnded = ({ state }: Operation): boolean => state === "done" || state === "cancelled";
    await next.until("50 left", () => next.manager.operations().filter(isEnded).length === 50);
    expect(memory.get(coordinatorPath.operation("demo", "op-104"))).toBeUndefined();
    expect(memory.get(coordinatorPath.operation("demo", "op-105"))).toBeDefined();
    await next.close();
  });
});

describe("writes with an unknown outcome", () => {
  /** A leadership whose next write happens or not, and is reported as unknown. */
  function breaking(leadership: Leadership): {
    readonly leadership: Leadership;
    breakNext: (how: "lost" | "late" | undefined) => void;
  } {
    let next: "lost" | "late" | undefined;
    return {
      breakNext: (how) => {
        next = how;
      },
      leadership: {
        epoch: leadership.epoch,
        lost: leadership.lost,
        isHeld: () => leadership.isHeld(),
        confirm: () => leadership.confirm(),
        release: () => leadership.release(),
        write: async (writes) => {
          const how = next;
          if (how === undefined) {
            return leadership.write(writes);
          }
          next = undefined;
          if (how === "late") {
            await leadership.write(writes);
          }
          throw new CodisError("COORDINATOR_UNREACHABLE", "no answer");
        },
      },
    };
  }

  test.each(["lost", "late"] as const)("an order that was %s isn't carried out", async (how) => {
    const memory = createMemoryStore();
    await fillMemory(memory);
    let breaks: ReturnType<typeof breaking> | undefined;
    const desk = await takeOver(memory, {
      wrap: (leadership) => {
        breaks = breaking(leadership);
        return breaks.leadership;
      },
    });
    desk.manager.start();
    const plan = await desk.manager.plan(movesTo(3, [0]));
    breaks?.breakNext(how);
    expect((await catchRejection(desk.manager.startPlan(plan.id, {}))).code).toBe(
      "COORDINATOR_UNREACHABLE",
    );
    await desk.until("the end of op-1", () => desk.manager.operations().length === 1);
    expect(desk.manager.getOperation("op-1").state).toBe("cancelled");
    await start(desk, 3, [0]);
    breaks?.breakNext(how);
    expect((await catchRejection(desk.manager.pause("op-2"))).code).toBe("COORDINATOR_UNREACHABLE");
    // Neither order was acknowledged; what is written next is what counts.
    await desk.manager.setSpeed("op-2", { keysPerSecond: 5_000, bytesPerSecond: 0 });
    const { data } = memory.get(coordinatorPath.operation("demo", "op-2")) ?? { data: "{}" };
    expect(JSON.parse(data)).toMatchObject({ state: "running", speed: { keysPerSecond: 5_000 } });
    await desk.finish();
    await desk.close();
  });
});
