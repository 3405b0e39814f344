/**
 * Operations under one leader that lives: plans become operations, one runs and others wait, orders count when they
 * are written, cancelled ones drop, finish or turn round their slots, the old API has its place among them.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { addProxy } from "../../../src/model/change/proxy.ts";
import { assignSlots } from "../../../src/model/change/slot.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import type { Operation } from "../../../src/model/operation/operation.ts";
import { catchRejection } from "../../support/caught-error.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import {
  actionsOf,
  fillMemory,
  movesTo,
  ownersOf,
  takeOver,
} from "../../support/operation-product.ts";
import { proxyModel } from "../../support/topology-sample.ts";

const ONE_TO_THREE = { source: { groupId: 1 }, target: { groupId: 3 } };

let memory: MemoryStore;
let desk: OperationDesk;

beforeEach(async () => {
  memory = createMemoryStore();
  await fillMemory(memory);
  desk = await takeOver(memory);
  desk.manager.start();
});

afterEach(() => desk.close());

async function startMove(groupId: number, slotIds: readonly number[]): Promise<Operation> {
  const plan = await desk.manager.plan(movesTo(groupId, slotIds));
  return desk.manager.startPlan(plan.id, {});
}

function stored(id: string): Operation {
  return JSON.parse(memory.get(coordinatorPath.operation("demo", id))?.data ?? "null") as Operation;
}

function texts(id: string): readonly string[] {
  return desk.manager.getOperation(id).events.map(({ text }) => text);
}

function stateOf(id: string): string {
  return desk.manager.getOperation(id).state;
}

describe("a plan that is started", () => {
  test("orders its slots, runs and ends, and everything is written", async () => {
    const { id, state } = await startMove(3, [0, 1, 20]);
    expect([id, state]).toEqual(["op-1", "running"]);
    expect(actionsOf(desk.topology)).toEqual(["0:pending>3", "1:pending>3", "20:pending>3"]);
    expect(stored("op-1")).toMatchObject({ planId: "p-1-1", origin: "plan", strategy: "move" });
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1, 20])).toEqual(["0@3", "1@3", "20@3"]);
    expect(stored("op-1")).toMatchObject({
      state: "done",
      progress: {
        slotsTotal: 3,
        slotsDone: 3,
        slotsMoving: 0,
        keysMoved: 30,
        keysTotal: 30,
        etaMs: 0,
      },
    });
    expect(texts("op-1").at(-1)).toBe("done: 3 of 3 slots arrived");
  });

  test("is refused when it has problems, or nothing to do", async () => {
    desk.planner.problems = ["group 3 is promoting"];
    const plan = await desk.manager.plan(movesTo(3, [0]));
    const refused = await catchRejection(desk.manager.startPlan(plan.id, {}));
    expect(refused.message).toBe("plan p-1-1 can't be started: group 3 is promoting");
    desk.planner.problems = [];
    const empty = await desk.manager.plan(movesTo(1, [0]));
    expect((await catchRejection(desk.manager.startPlan(empty.id, {}))).message).toContain(
      "nothing has",
    );
    expect(
      (await catchRejection(Promise.resolve().then(() => desk.manager.getPlan("p-9")))).code,
    ).toBe("NOT_FOUND");
    expect(desk.manager.operations()).toEqual([]);
  });

  test("is refused when a slot or a master isn't what it was, but not for any other change", async () => {
    const first = await desk.manager.plan(movesTo(3, [0]));
    const second = await desk.manager.plan(movesTo(3, [1]));
    const third = await desk.manager.plan(movesTo(3, [2]));
    await desk.store.commit("other", (now) => assignSlots(now, [{ id: 900, groupId: 1 }]));
    await desk.manager.startPlan(first.id, {});
    expect((await catchRejection(desk.manager.startPlan(first.id, {}))).message).toBe(
      "plan p-1-1 isn't true any more: slot 0 has moved or is moving; make a new plan",
    );
    await desk.store.commit("other", (now) => assignSlots(now, [{ id: 1, groupId: 2 }]));
    expect((await catchRejection(desk.manager.startPlan(second.id, {}))).code).toBe(
      "STATE_CONFLICT",
    );
    await desk.store.commit("promote", (now) => {
      const group = now.groups.get(3);
      const servers = (group?.servers ?? []).map((server) => ({ ...server, addr: "10.9.9.9:1" }));
      return group === undefined
        ? now
        : { ...now, groups: new Map([...now.groups, [3, { ...group, servers }]]) };
    });
    expect((await catchRejection(desk.manager.startPlan(third.id, {}))).message).toContain(
      "the master of group 3 was 10.0.3.1:6379 and is 10.9.9.9:1",
    );
  });

  test("is refused when a proxy came that can't move keys", async () => {
    const plan = await desk.manager.plan(movesTo(3, [0]));
    const old = proxyModel(7, { forwardMethods: [] });
    await desk.store.commit("proxy", (now) => addProxy(now, old));
    const { message } = await catchRejection(desk.manager.startPlan(plan.id, {}));
    expect(message).toContain(`proxy-[${old.token}] at 10.1.0.7:11080 can't move keys`);
    expect(actionsOf(desk.topology)).toEqual([]);
  });
});

describe("several operations", () => {
  test("one runs, the next begins when it has ended, a paused one is passed over", async () => {
    await startMove(3, [0, 1]);
    await startMove(3, [2, 3]);
    await startMove(3, [4]);
    expect(desk.manager.operations().map(({ id, state }) => `${id} ${state}`)).toEqual([
      "op-3 waiting",
      "op-2 waiting",
      "op-1 running",
    ]);
    expect(desk.manager.runnable()).toEqual([0, 1]);
    expect((await desk.manager.pause("op-2")).state).toBe("paused");
    expect(stored("op-2").state).toBe("paused");
    await desk.manager.pause("op-1");
    await desk.until("op-3 runs", () => stateOf("op-3") === "running");
    await desk.until("end of op-3", () => {
      void desk.engine.step();
      return stateOf("op-3") === "done";
    });
    expect(desk.manager.runnable()).toEqual([]);
    expect((await desk.manager.resume("op-2")).state).toBe("waiting");
    await desk.until("op-2 runs", () => stateOf("op-2") === "running");
    await desk.manager.resume("op-1");
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1, 2, 3, 4])).toEqual(["0@3", "1@3", "2@3", "3@3", "4@3"]);
  });

  test("pairs of groups go on together, whatever the order of the slots", async () => {
    await desk.manager.createSlotActions([
      ...[0, 1, 2, 3].map((id) => ({ id, groupId: 3 })),
      ...[20, 21].map((id) => ({ id, groupId: 3 })),
      ...[10, 11].map((id) => ({ id, groupId: 2 })),
    ]);
    await desk.until("op-1 runs", () => stateOf("op-1") === "running");
    expect(desk.manager.runnable()).toEqual([0, 20, 10, 1, 21, 11, 2, 3]);
  });

  test("a slot belongs to one of them, and there is a bound", async () => {
    await startMove(3, [0]);
    await desk.engine.stepUntil([0], "migrating");
    await desk.manager.pause("op-1");
    for (let count = 2; count <= 20; count += 1) {
      await startMove(3, [count - 1]);
      await desk.manager.pause(`op-${count}`);
    }
    expect((await catchRejection(startMove(3, [20]))).code).toBe("TOO_BUSY");
    expect(actionsOf(desk.topology)).not.toContain("20:pending>3");
    await desk.manager.cancel("op-20", { isRollback: false });
    await desk.until("end of op-20", () => stateOf("op-20") === "cancelled");
    expect((await startMove(3, [20])).id).toBe("op-21");
  });

  test("one that waits for a paused one says for which, and a resumed one ends what others wait for", async () => {
    await startMove(1, [20, 21]);
    await desk.engine.stepUntil([20], "migrating");
    await desk.manager.pause("op-1");
    await startMove(2, [0]);
    await desk.until("op-2 runs", () => desk.manager.runnable().includes(0));
    const direction = { sourceId: 1, targetId: 2 };
    const behind = { sourceId: 2, targetId: 1 };
    const tell = (): string => {
      desk.engine.events.onWaits([{ slotId: 0, direction, behind }]);
      return desk.manager.getOperation("op-2").reason;
    };
    expect(tell()).toBe(
      "slots from group 1 to group 2 wait: op-1 is paused with half-moved slots from group 2 to group 1; " +
        "resume or cancel it",
    );
    expect(desk.manager.getOperation("op-2").reasonCode).toBe("direction");
    expect(desk.manager.runnable()).not.toContain(20);
    // Its turn comes after op-2, which waits for this slot.
    await desk.manager.resume("op-1");
    expect(desk.manager.getOperation("op-1").state).toBe("waiting");
    expect(tell()).toStartWith("slots from group 1 to group 2 wait until those from group 2");
    expect(desk.manager.runnable()).toContain(20);
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 20, 21])).toEqual(["0@2", "20@1", "21@1"]);
  });

  test("a paused one keeps what proxies hold going, and nothing else", async () => {
    await startMove(3, [0, 1, 2]);
    await desk.engine.step();
    await desk.engine.step();
    expect(actionsOf(desk.topology)).toEqual(["0:prepared>3", "1:prepared>3", "2:prepared>3"]);
    await desk.manager.pause("op-1");
    expect(desk.manager.runnable()).toEqual([0, 1, 2]);
    await desk.engine.step();
    expect(actionsOf(desk.topology)).toEqual(["0:migrating>3", "1:migrating>3", "2:migrating>3"]);
    expect(desk.manager.runnable()).toEqual([]);
    expect(desk.manager.pace.take(1, 1)).toBe(Number.POSITIVE_INFINITY);
    await desk.manager.resume("op-1");
    await desk.finish();
  });
});

describe("cancel", () => {
  test("drops what waits and finishes what is half moved", async () => {
    await startMove(3, [0, 1, 2, 3]);
    await desk.store.commit("begin", (now) => ({
      ...now,
      slots: now.slots.map((slot) =>
        slot.id === 0 ? { ...slot, action: { ...slot.action, state: "migrating" as const } } : slot,
      ),
    }));
    const cancelled = await desk.manager.cancel("op-1", { isRollback: false });
    expect(cancelled.state).toBe("cancelling");
    await desk.until("orders taken back", () => actionsOf(desk.topology).length === 1);
    expect(desk.manager.runnable()).toEqual([0]);
    await desk.finish();
    expect(stored("op-1").state).toBe("cancelled");
    expect(ownersOf(desk.topology, [0, 1, 2, 3])).toEqual(["0@3", "1@1", "2@1", "3@1"]);
    expect(desk.engine.calls.filter((call) => call.startsWith("reverse"))).toEqual([]);
    expect((await catchRejection(desk.manager.pause("op-1"))).message).toBe(
      "operation op-1 has ended (cancelled)",
    );
  });

  test("with roll-back turns half-moved slots round, also those that get there later", async () => {
    await startMove(3, [0, 1, 2]);
    await desk.engine.step();
    await desk.store.commit("further", (now) => ({
      ...now,
      slots: now.slots.map((slot) =>
        slot.id === 0 ? { ...slot, action: { ...slot.action, state: "migrating" as const } } : slot,
      ),
    }));
    await desk.manager.cancel("op-1", { isRollback: true });
    await desk.until("slot 0 turned round", () => desk.topology.slots[0]?.groupId === 3);
    expect(desk.topology.slots[0]?.action.targetId).toBe(1);
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1, 2])).toEqual(["0@1", "1@1", "2@1"]);
    expect(stored("op-1").state).toBe("cancelled");
    const reversed = desk.engine.calls.filter((call) => call.startsWith("reverse")).join(" ");
    expect(reversed).toMatch(/0/);
    expect(reversed).toMatch(/1/);
  });

  test("that can't turn slots round says why, and tries again", async () => {
    await startMove(3, [0]);
    await desk.engine.stepUntil([0], "migrating");
    desk.engine.failure = new CodisError("SERVER_UNREACHABLE", "server 10.0.1.1:6379 is away");
    await desk.manager.cancel("op-1", { isRollback: true });
    await desk.until("a reason", () => desk.manager.getOperation("op-1").reason !== "");
    expect(desk.manager.getOperation("op-1").reason).toContain("10.0.1.1:6379 is away");
    desk.engine.failure = undefined;
    await desk.until("slot 0 turned round", () => desk.topology.slots[0]?.groupId === 3);
    await desk.finish();
    expect(ownersOf(desk.topology, [0])).toEqual(["0@1"]);
  });
});

describe("what the engine tells", () => {
  test("makes progress, per slot and in the longest times", async () => {
    await startMove(3, [0, 1]);
    desk.engine.events.onMoved(0, 4, 400);
    desk.engine.events.onStall(3.2);
    desk.engine.events.onStall(1);
    desk.engine.events.onHold(7.5, [0]);
    desk.engine.events.onRetry();
    desk.engine.events.onStaleKeys(5);
    // What has moved is shown when it is stored.
    await desk.until("keys", () => desk.manager.getOperation("op-1").progress.keysMoved > 0);
    expect(desk.manager.getOperation("op-1").progress).toMatchObject({
      keysMoved: 4,
      bytesMoved: 400,
      keysTotal: 20,
      bytesTotal: 2_000,
      longestStallMs: 4,
      longestHoldMs: 8,
      retries: 1,
      staleKeys: 5,
    });
    expect(desk.manager.switches().progress).toBe("[OK] Slot[0000]=6 (0 of 2 slots done)");
  });

  test("pauses an operation that needs people, until the reason is gone", async () => {
    await startMove(3, [0, 1]);
    await startMove(3, [2]);
    await desk.engine.stepUntil([0, 1], "migrating");
    const full = { text: "server 10.0.3.1:6379 is full", code: "target_memory" } as const;
    desk.engine.events.onTrouble(ONE_TO_THREE, full, true);
    desk.engine.events.onTrouble(ONE_TO_THREE, full, true);
    expect(desk.manager.getOperation("op-1")).toMatchObject({
      state: "paused",
      isSelfPaused: true,
      reason: "group 1 to group 3: server 10.0.3.1:6379 is full",
      reasonCode: "target_memory",
    });
    // Its movers go on trying, and nobody takes its place.
    expect(desk.manager.runnable()).toEqual([0, 1]);
    await desk.until("the reason written", () => stored("op-1").isSelfPaused);
    expect(stateOf("op-2")).toBe("waiting");
    desk.engine.events.onTrouble(ONE_TO_THREE, undefined, false);
    expect(stateOf("op-1")).toBe("running");
    expect(texts("op-1").slice(-2)).toEqual([
      "pauses by itself: group 1 to group 3: server 10.0.3.1:6379 is full",
      "goes on by itself",
    ]);
    await desk.finish();
  });

  test("a reason of one step is told once and goes with it", async () => {
    await startMove(3, [0, 1]);
    desk.engine.events.onStepTrouble(0, { text: "proxy-[x] doesn't answer", code: "proxy" });
    desk.engine.events.onStepTrouble(0, { text: "proxy-[x] doesn't answer", code: "proxy" });
    const line = "slot 0: proxy-[x] doesn't answer";
    expect(desk.manager.getOperation("op-1").reason).toBe(line);
    expect(texts("op-1").filter((text) => text === line)).toHaveLength(1);
    expect(desk.manager.switches().progress).toContain("[ERROR] Slot[0000]");
    desk.engine.events.onStepTrouble(0, undefined);
    expect(desk.manager.getOperation("op-1").reason).toBe("");
  });

  test("listeners hear of every change, and progress", async () => {
    const heard: string[] = [];
    const stop = desk.manager.onOperation(({ id, state, progress }) =>
      heard.push(`${id} ${state} ${progress.slotsDone}`),
    );
    await startMove(3, [0]);
    await desk.finish();
    await desk.until("the end", () => heard.at(-1) === "op-1 done 1");
    expect(heard[0]).toBe("op-1 waiting 0");
    expect(heard).toContain("op-1 running 0");
    stop();
    const count = heard.length;
    await startMove(3, [1]);
    expect(heard).toHaveLength(count);
  });
});

test("speed counts at once and is written", async () => {
  await startMove(3, [0]);
  expect(desk.manager.pace.take(1e6, 1e6)).toBe(0);
  const speed = { keysPerSecond: 10, bytesPerSecond: 0, p99GuardMs: 0 };
  expect((await desk.manager.setSpeed("op-1", speed)).speed).toEqual(speed);
  expect(stored("op-1").speed).toEqual(speed);
  expect(desk.manager.pace.take(5, 5)).toBe(0);
  expect(desk.manager.pace.take(5, 5)).toBeGreaterThan(100);
  const wrong = { keysPerSecond: 1.5, bytesPerSecond: 0 };
  expect((await catchRejection(desk.manager.setSpeed("op-1", wrong))).code).toBe(
    "ARGUMENT_INVALID",
  );
  expect((await catchRejection(desk.manager.setSpeed("op-9", speed))).code).toBe("NOT_FOUND");
});

describe("the old API", () => {
  test("orders become one operation, further ones join it", async () => {
    await desk.manager.createSlotActions([{ id: 0, groupId: 2 }]);
    await desk.manager.createSlotActions([
      { id: 1, groupId: 2 },
      { id: 2, groupId: 3 },
    ]);
    expect(desk.manager.operations().map(({ id }) => id)).toEqual(["op-1"]);
    expect(stored("op-1").moves.map(({ slotId }) => slotId)).toEqual([0, 1, 2]);
    await desk.until("figures", () => desk.manager.getOperation("op-1").progress.keysTotal === 30);
    await desk.engine.step();
    expect(desk.manager.switches().executor).toBe(3);
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1, 2])).toEqual(["0@2", "1@2", "2@3"]);
    expect(desk.manager.switches()).toMatchObject({ progress: "", executor: 0 });
  });

  test("refuses with the words of Codis, and then nothing is written", async () => {
    const failures = [
      [{ id: 0, groupId: 1 }, "slot-[0] already in group-[1]"],
      [{ id: 0, groupId: 9 }, "group-[9] doesn't exist"],
      [{ id: 5000, groupId: 1 }, "slot-[5000] doesn't exist"],
    ] as const;
    for (const [target, message] of failures) {
      expect((await catchRejection(desk.manager.createSlotActions([target]))).message).toBe(
        message,
      );
    }
    desk.planner.quick = ["group 2: server is too old"];
    expect(
      (await catchRejection(desk.manager.createSlotActions([{ id: 0, groupId: 2 }]))).message,
    ).toBe("group 2: server is too old");
    desk.planner.quick = [];
    expect(desk.manager.operations()).toEqual([]);
    await desk.manager.createSlotActions([{ id: 0, groupId: 2 }]);
    expect(
      (await catchRejection(desk.manager.createSlotActions([{ id: 0, groupId: 2 }]))).message,
    ).toBe("slot-[0] action already exists");
    expect((await catchRejection(desk.manager.removeSlotActions([1]))).message).toBe(
      "slot-[1] action doesn't exist",
    );
  });

  test("takes orders back while they wait", async () => {
    await desk.manager.createSlotActions([
      { id: 0, groupId: 2 },
      { id: 1, groupId: 2 },
    ]);
    await desk.engine.step();
    expect((await catchRejection(desk.manager.removeSlotActions([0]))).message).toBe(
      "slot-[0] action isn't pending",
    );
    await desk.manager.createSlotActions([{ id: 2, groupId: 2 }]);
    await desk.manager.removeSlotActions([2]);
    expect(ownersOf(desk.topology, [2])).toEqual(["2@1"]);
    expect(texts("op-1")).toContain("slots 2: taken back");
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1, 2])).toEqual(["0@2", "1@2", "2@1"]);
    // What is all taken back has ended as cancelled.
    await desk.manager.createSlotActions([{ id: 5, groupId: 2 }]);
    await desk.manager.removeSlotActions([5]);
    await desk.until("end of op-2", () => stateOf("op-2") === "cancelled");
    expect(actionsOf(desk.topology)).toEqual([]);
  });

  test("interval and switch are written and count at once", async () => {
    await startMove(3, [0, 1]);
    await desk.engine.stepUntil([0], "migrating");
    await desk.manager.setDisabled(true);
    expect(desk.manager.pace.take(1, 1)).toBe(Number.POSITIVE_INFINITY);
    await desk.manager.createSlotActions([{ id: 5, groupId: 2 }]);
    expect(desk.manager.runnable()).not.toContain(5);
    await desk.manager.setInterval(2_000_000);
    expect(desk.manager.switches()).toMatchObject({ isDisabled: true, intervalUs: 1_000_000 });
    await desk.close();
    desk = await takeOver(memory);
    desk.manager.start();
    expect(desk.manager.switches()).toMatchObject({ isDisabled: true, intervalUs: 1_000_000 });
    await desk.manager.setDisabled(false);
    expect(desk.manager.pace.take(1, 1)).toBe(0);
    expect(desk.manager.pace.take(1, 1)).toBeGreaterThan(500);
  });
});

describe("slots that are assigned by force", () => {
  test("leave their operation for good, the engine lets go of them first", async () => {
    await startMove(3, [0, 1]);
    await desk.engine.stepUntil([0, 1], "migrating");
    await desk.manager.assignSlots([0, 500], () =>
      desk.store.commit("assign", (now) => assignSlots(now, [{ id: 0, groupId: 1 }])),
    );
    expect(desk.engine.calls).toContain("release 0,500");
    expect(texts("op-1")).toContain("slots 0: assigned by force");
    await desk.finish();
    expect(ownersOf(desk.topology, [0, 1])).toEqual(["0@1", "1@3"]);
  });

  test("an assignment that is refused leaves everything as it was", async () => {
    await startMove(3, [0]);
    const refused = desk.manager.assignSlots([0], () =>
      desk.store.commit("assign", (now) => assignSlots(now, [{ id: 0, groupId: 77 }])),
    );
    expect((await catchRejection(refused)).message).toBe("group-[77] doesn't exist");
    await desk.finish();
    expect(ownersOf(desk.topology, [0])).toEqual(["0@3"]);
  });

  test("a server that is away doesn't stop them", async () => {
    await startMove(3, [0]);
    await desk.engine.stepUntil([0], "migrating");
    desk.engine.failure = new CodisError("SERVER_UNREACHABLE", "away");
    await desk.manager.assignSlots([0], () =>
      desk.store.commit("assign", (now) => assignSlots(now, [{ id: 0, groupId: 2 }])),
    );
    await desk.until("end", () => stateOf("op-1") === "cancelled");
    expect(ownersOf(desk.topology, [0])).toEqual(["0@2"]);
  });
});
