/**
 * Automatic balancing: begins when groups are too different and all masters are quiet, and never beside anything
 * else. And the figures of an operation: rates, what is left, how long that takes.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
import type { ServerFigures } from "../../../src/dashboard/control.ts";
import {
  AutoBalance,
  type AutoBalanceRules,
  spreadOf,
} from "../../../src/dashboard/operation/auto-balance.ts";
import { OperationFigures } from "../../../src/dashboard/operation/operation-figures.ts";
import { createOperation } from "../../../src/model/change/operation.ts";
import { UNLIMITED } from "../../../src/model/operation/operation.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import {
  fillMemory,
  movesTo,
  operationProduct,
  takeOver,
} from "../../support/operation-product.ts";
import { addrOf } from "../../support/topology-sample.ts";

const RULES: AutoBalanceRules = {
  strategy: "slots",
  spread: 20,
  maxSlots: 8,
  maxOps: 1_000,
  keysPerSecond: 5_000,
  periodMs: 60_000,
};

/** What each master's INFO says. */
let infos: Map<string, Readonly<Record<string, string>> | undefined>;
let desk: OperationDesk;

function figures(): ReadonlyMap<string, ServerFigures> {
  return new Map(
    [...infos].map(([addr, info]) => [
      addr,
      { addr, info, error: undefined, isTimedOut: false, atMs: 0 },
    ]),
  );
}

function balance(rules: Partial<AutoBalanceRules> = {}, clock = new FakeClock()): AutoBalance {
  return new AutoBalance({
    rules: { ...RULES, ...rules },
    topology: () => desk.topology,
    serverFigures: figures,
    operations: desk.manager,
    clock,
    log: silentLog,
  });
}

beforeEach(async () => {
  const memory = createMemoryStore();
  await fillMemory(memory);
  desk = await takeOver(memory);
  desk.manager.start();
  const quiet = { instantaneous_ops_per_sec: "10", used_memory_dataset: "1000" };
  infos = new Map([1, 2, 3].map((id) => [addrOf(id, 0), quiet]));
});

afterEach(() => desk.close());

describe("automatic balancing", () => {
  test("makes a plan within its limits and runs it", async () => {
    expect(await balance().look()).toBe("op-1");
    const operation = desk.manager.getOperation("op-1");
    expect(operation).toMatchObject({
      origin: "auto",
      strategy: "slots",
      speed: { keysPerSecond: 5_000, bytesPerSecond: 0 },
    });
    expect(operation.moves).toHaveLength(8);
    // Not a second one beside it.
    expect(await balance().look()).toBeUndefined();
    await desk.finish();
    expect(await balance().look()).toBe("op-2");
  });

  test("begins nothing while somebody else's operation hasn't ended, even a paused one", async () => {
    const plan = await desk.manager.plan(movesTo(3, [0]));
    await desk.manager.startPlan(plan.id, {});
    await desk.manager.pause("op-1");
    expect(await balance().look()).toBeUndefined();
    expect(desk.manager.operations()).toHaveLength(1);
  });

  test("waits for quiet servers that all answer", async () => {
    infos.set(addrOf(2, 0), { instantaneous_ops_per_sec: "1001" });
    expect(await balance().look()).toBeUndefined();
    infos.set(addrOf(2, 0), undefined);
    expect(await balance().look()).toBeUndefined();
    infos.set(addrOf(2, 0), { instantaneous_ops_per_sec: "1000" });
    expect(await balance().look()).toBe("op-1");
  });

  test("begins nothing while moving is switched off, or the plan has problems", async () => {
    await desk.manager.setDisabled(true);
    expect(await balance().look()).toBeUndefined();
    await desk.manager.setDisabled(false);
    desk.planner.problems = ["group 3 is full"];
    expect(await balance().look()).toBeUndefined();
    expect(desk.manager.operations()).toEqual([]);
  });

  test("does nothing where the groups are even enough", async () => {
    expect(await balance({ spread: 1_000 }).look()).toBeUndefined();
    // By memory all have the same.
    expect(await balance({ strategy: "memory" }).look()).toBeUndefined();
    infos.set(addrOf(1, 0), { instantaneous_ops_per_sec: "1", used_memory_dataset: "9000" });
    expect(await balance({ strategy: "memory", spread: 20 }).look()).toBe("op-1");
  });

  test("looks once in each period, until it is closed", async () => {
    const clock = new FakeClock();
    const running = balance({}, clock);
    running.start();
    clock.advance(59_999);
    expect(desk.manager.operations()).toEqual([]);
    clock.advance(1);
    await desk.until("an operation", () => desk.manager.operations().length === 1);
    running.close();
    expect(clock.timerCount).toBe(0);
  });
});

test("the spread is in percent of the mean", () => {
  const topology: Topology = operationProduct();
  expect(spreadOf(topology, new Map(), "slots")).toBe(200);
  expect(spreadOf(topology, new Map(), "memory")).toBe(0);
  const alone = { ...topology, groups: new Map([...topology.groups].slice(0, 1)) };
  expect(spreadOf(alone, new Map(), "slots")).toBe(0);
});

describe("figures of an operation", () => {
  const moves = [0, 1, 2, 3].map((slotId) => ({
    slotId,
    fromGroupId: 1,
    toGroupId: 3,
    keys: 1_000,
    bytes: 100_000,
  }));
  const operation = {
    ...createOperation(
      {
        id: "op-1",
        origin: "plan",
        strategy: "move",
        planId: "p-1-1",
        moves,
        speed: UNLIMITED,
        bigKeyRule: "move",
      },
      0,
      "made",
    ),
    state: "running" as const,
  };

  test("give a true rest, rate and time", () => {
    const topology = operationProduct();
    const kept = new OperationFigures(operation);
    expect(kept.progressOf(operation, topology, 0)).toMatchObject({ etaMs: -1, keysTotal: 4_000 });
    for (let second = 1; second <= 10; second += 1) {
      kept.noteMoved(0, 100, 10_000);
      kept.progressOf(operation, topology, second * 1_000);
    }
    const progress = kept.progressOf(operation, topology, 10_000);
    expect(progress).toMatchObject({
      keysMoved: 1_000,
      keysPerSecond: 100,
      bytesPerSecond: 10_000,
    });
    // 3,000 keys are left, at 100 a second.
    expect(progress.etaMs).toBe(30_000);
    // The slot has arrived, and proxies had moved a part of the second one.
    const later = { ...operation, doneSlotIds: [0, 1] };
    expect(kept.progressOf(later, topology, 10_000)).toMatchObject({
      slotsDone: 2,
      keysTotal: 3_000,
      etaMs: 20_000,
    });
    // Half as fast: within seconds that is the rate.
    for (let second = 11; second <= 16; second += 1) {
      kept.noteMoved(2, 50, 5_000);
      kept.progressOf(later, topology, second * 1_000);
    }
    expect(kept.progressOf(later, topology, 16_000).keysPerSecond).toBe(50);
    kept.forgetRate();
    expect(kept.progressOf(later, topology, 16_000)).toMatchObject({ keysPerSecond: 0, etaMs: -1 });
    expect(kept.progressOf({ ...later, state: "paused" }, topology, 17_000).etaMs).toBe(-1);
  });

  test("foretell the time from a minute, so that keys that stand still for seconds don't make it days", () => {
    const topology = operationProduct();
    const kept = new OperationFigures(operation);
    kept.progressOf(operation, topology, 0);
    for (let second = 1; second <= 20; second += 1) {
      kept.noteMoved(0, second <= 10 ? 100 : 0, second <= 10 ? 10_000 : 0);
      kept.progressOf(operation, topology, second * 1_000);
    }
    // 3,000 keys are left; 1,000 moved in these 20 seconds, none of them in the last 5.
    expect(kept.progressOf(operation, topology, 20_000)).toMatchObject({
      keysPerSecond: 0,
      etaMs: 60_000,
    });
    kept.progressOf(operation, topology, 71_000);
    expect(kept.progressOf(operation, topology, 72_000).etaMs).toBe(-1);
  });

  test("go by slots where there are no keys", () => {
    const topology = operationProduct();
    const empty = { ...operation, moves: moves.map((move) => ({ ...move, keys: 0, bytes: 0 })) };
    const kept = new OperationFigures(empty);
    kept.progressOf(empty, topology, 0);
    const half = { ...empty, doneSlotIds: [0, 1] };
    expect(kept.progressOf(half, topology, 4_000).etaMs).toBe(4_000);
    const all = { ...empty, doneSlotIds: [0, 1, 2, 3] };
    expect(kept.progressOf(all, topology, 5_000).etaMs).toBe(0);
  });
});
