/** Keys that proxies move by themselves are part of an operation's progress: once, and of the right operation. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import type { CountedProxy } from "../../../src/dashboard/operation/access-moves.ts";
import type { OperationProgress } from "../../../src/model/operation/operation.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { OperationDesk } from "../../support/operation-desk.ts";
import { fillMemory, movesTo, takeOver } from "../../support/operation-product.ts";

let memory: MemoryStore;
let clock: FakeClock;
let desk: OperationDesk;
/** Keys that the one proxy says it has moved. */
let movedKeys: number;

beforeEach(async () => {
  movedKeys = 1_000;
  clock = new FakeClock();
  memory = createMemoryStore();
  await fillMemory(memory);
  desk = await lead();
});

afterEach(() => desk.close());

async function lead(): Promise<OperationDesk> {
  const opened = await takeOver(memory, { clock, proxyFigures });
  opened.manager.start();
  return opened;
}

function proxyFigures(): ReadonlyMap<string, CountedProxy> {
  const counts = { commands: [], layout: undefined, bytes: undefined, movedKeys };
  return new Map([["proxy", { counts, atMs: clock.nowMs() }]]);
}

async function start(groupId: number, slotIds: readonly number[]): Promise<void> {
  await desk.manager.startPlan((await desk.manager.plan(movesTo(groupId, slotIds))).id, {});
}

function progressOf(id: string): OperationProgress {
  return desk.manager.getOperation(id).progress;
}

/** A second passes, in which the proxy moves so many keys. */
function second(keys: number): void {
  movedKeys += keys;
  clock.advance(1_000);
}

/** What has moved is shown when it is stored. */
async function shows(id: string, expected: Partial<OperationProgress>): Promise<void> {
  const { keysMoved, keysOnAccess } = expected;
  await desk.until(`${id} with ${keysMoved} keys, ${keysOnAccess} on access`, () => {
    const now = progressOf(id);
    return now.keysMoved === (keysMoved ?? now.keysMoved) && now.keysOnAccess === keysOnAccess;
  });
  expect(progressOf(id)).toMatchObject(expected);
}

test("they count among the keys that moved, and the next leader goes on with them", async () => {
  await start(3, [0, 1]);
  await desk.engine.stepUntil([0], "migrating");
  desk.engine.events.onMoved(0, 4, 400);
  // What a proxy had moved before isn't this operation's.
  second(50);
  second(3);
  await shows("op-1", { keysMoved: 7, keysOnAccess: 3, keysTotal: 23, bytesMoved: 400 });
  // An order writes down what is known.
  await desk.manager.setSpeed("op-1", { keysPerSecond: 0, bytesPerSecond: 500 });
  await desk.close();
  desk = await lead();
  await shows("op-1", { keysMoved: 7, keysOnAccess: 3, keysTotal: 23 });
  second(20);
  second(2);
  await shows("op-1", { keysMoved: 9, keysOnAccess: 5 });
});

test("a paused operation gets them, nobody while two have half-moved slots", async () => {
  await start(3, [0]);
  await desk.engine.stepUntil([0], "migrating");
  await desk.manager.pause("op-1");
  await start(3, [1]);
  await desk.until("the next one", () => desk.manager.getOperation("op-2").state === "running");
  for (const keys of [1, 2, 3]) {
    second(keys);
  }
  await shows("op-1", { keysOnAccess: 5 });
  await shows("op-2", { keysOnAccess: 0 });
  await desk.engine.stepUntil([1], "migrating");
  for (const keys of [1, 2, 3]) {
    second(keys);
  }
  await shows("op-1", { keysOnAccess: 5 });
  await shows("op-2", { keysOnAccess: 0 });
});
