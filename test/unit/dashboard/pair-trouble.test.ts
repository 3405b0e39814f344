/** Why the mover of a pair doesn't go on: named by the pair, whatever other pairs do, and gone with the mover. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "../../../src/base/log.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import type { DirectionWait, Mover } from "../../../src/dashboard/migration/contract.ts";
import { MoverPool } from "../../../src/dashboard/migration/mover-pool.ts";
import type { Pair } from "../../../src/dashboard/migration/pair.ts";
import type { Trouble } from "../../../src/model/operation/trouble-code.ts";
import { phraseOf } from "../../../src/model/phrase/phrase.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import { fillMemory, movesTo, takeOver } from "../../support/operation-product.ts";

const FULL: Trouble = { text: "it is full", code: "target_memory" };
const AWAY: Trouble = { text: "it doesn't answer", code: "unreachable" };

describe("of two pairs", () => {
  const ONE = { source: { groupId: 1 }, target: { groupId: 3 } };
  const TWO = { source: { groupId: 2 }, target: { groupId: 3 } };
  let memory: MemoryStore;
  let desk: OperationDesk;

  beforeEach(async () => {
    memory = createMemoryStore();
    await fillMemory(memory);
    desk = await takeOver(memory);
    desk.manager.start();
    const plan = await desk.manager.plan(movesTo(3, [0, 20]));
    await desk.manager.startPlan(plan.id, {});
  });

  afterEach(() => desk.close());

  /** State and reason of the operation after these were told. */
  function after(...told: readonly (readonly [typeof ONE, Trouble | undefined])[]): string {
    for (const [pair, trouble] of told) {
      desk.engine.events.onTrouble(pair, trouble, trouble === FULL);
    }
    const { state, reason } = desk.manager.getOperation("op-1");
    return `${state}: ${reason}`;
  }

  test("the newest is told, and the other one when that is gone", () => {
    expect(after([ONE, AWAY])).toBe("running: group 1 to group 3: it doesn't answer");
    expect(after([TWO, AWAY])).toBe("running: group 2 to group 3: it doesn't answer");
    expect(after([TWO, undefined])).toBe("running: group 1 to group 3: it doesn't answer");
    expect(after([ONE, undefined])).toBe("running: ");
  });

  test("one that waits for people comes first, and pauses until it is gone itself", () => {
    expect(after([ONE, FULL])).toBe("paused: group 1 to group 3: it is full");
    expect(after([TWO, AWAY])).toBe("paused: group 1 to group 3: it is full");
    expect(after([TWO, undefined])).toBe("paused: group 1 to group 3: it is full");
    expect(after([TWO, AWAY], [ONE, undefined])).toBe(
      "running: group 2 to group 3: it doesn't answer",
    );
  });

  test("a mover without trouble that ends takes nobody's reason away", () => {
    desk.engine.events.onStepTrouble(0, { text: "a proxy is silent", code: "proxy" });
    expect(after([ONE, undefined])).toBe("running: slot 0: a proxy is silent");
  });
});

describe("slots that wait for others that go the other way", () => {
  const WAIT: DirectionWait = {
    slotId: 20,
    direction: { sourceId: 2, targetId: 1 },
    behind: { sourceId: 1, targetId: 2 },
  };
  const WAITS =
    "slots from group 2 to group 1 wait until those from group 1 to group 2 have arrived, " +
    "because keys never go in a ring";
  let desk: OperationDesk;

  beforeEach(async () => {
    const memory = createMemoryStore();
    await fillMemory(memory);
    desk = await takeOver(memory);
    desk.manager.start();
    const plan = await desk.manager.plan(movesTo(1, [20]));
    await desk.manager.startPlan(plan.id, {});
  });

  afterEach(() => desk.close());

  function reason(): string {
    return desk.manager.getOperation("op-1").reason;
  }

  test("are the reason of their operation as long as they wait", () => {
    desk.engine.events.onWaits([WAIT]);
    desk.engine.events.onWaits([WAIT]);
    const operation = desk.manager.getOperation("op-1");
    expect([operation.reason, operation.reasonCode]).toEqual([WAITS, "direction"]);
    expect(operation.events.filter(({ text }) => text === WAITS)).toHaveLength(1);
    expect(phraseOf(operation.reason)).toEqual({
      code: "op.direction",
      params: { source: "2", target: "1", from: "1", to: "2" },
    });
    desk.engine.events.onWaits([]);
    expect(reason()).toBe("");
  });

  test("of another operation say nothing about this one", () => {
    desk.engine.events.onWaits([{ ...WAIT, slotId: 21 }]);
    expect(reason()).toBe("");
  });

  test("are told when a trouble is gone, which comes first", () => {
    desk.engine.events.onWaits([WAIT]);
    desk.engine.events.onStepTrouble(20, AWAY);
    desk.engine.events.onWaits([WAIT]);
    expect(reason()).toBe("slot 20: it doesn't answer");
    desk.engine.events.onWaits([]);
    expect(reason()).toBe("slot 20: it doesn't answer");
    desk.engine.events.onStepTrouble(20, undefined);
    desk.engine.events.onWaits([WAIT]);
    expect(reason()).toBe(WAITS);
  });
});

describe("a pool of movers", () => {
  const MOVER: Mover = {
    add: () => undefined,
    expectMore: () => undefined,
    remove: () => Promise.resolve(),
    unlinkDuplicates: () => Promise.reject(new Error("not asked for here")),
    close: () => Promise.resolve(),
  };
  let created: Pair[];
  let closed: Pair[];
  let pool: MoverPool;

  beforeEach(() => {
    created = [];
    closed = [];
    pool = new MoverPool({
      create: (pair) => {
        created.push(pair);
        return MOVER;
      },
      onEmptied: () => undefined,
      onClosed: (pair) => void closed.push(pair),
      log: silentLog,
    });
  });

  function pairOf(sourceId: number, targetId: number): Pair {
    const server = (groupId: number) => {
      return { groupId, addr: `10.0.${groupId}.1:6379`, user: "", password: "" };
    };
    return { source: server(sourceId), target: server(targetId) };
  }

  test("tells each mover's end by the pair that it was made with, another one each time", async () => {
    const pair = pairOf(1, 3);
    pool.add(pair, [0]);
    await pool.dropGroup(1);
    pool.add(pair, [0]);
    pool.add(pairOf(2, 3), [20]);
    await pool.dropGroup(3);
    expect(created).toHaveLength(3);
    expect(new Set(created).size).toBe(3);
    expect(closed).toHaveLength(3);
    expect(closed.every((each, i) => each === created[i])).toBe(true);
  });

  test("says nothing when it ends itself", async () => {
    pool.add(pairOf(1, 3), [0]);
    await pool.close();
    expect(closed).toEqual([]);
  });
});
