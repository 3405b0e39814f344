/**
 * A master is changed while slots of its group are half-moved, with real servers, real proxies and a client that
 * writes to the moving slots: the engine goes on with the new master, of the source and of the target, and in the end
 * every key is at the target once, with its last value.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createSlotActions } from "../../../src/model/change/slot.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../../src/redis/reply.ts";
import { waitFor } from "../../support/deadline.ts";
import { slotOfKey } from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import { PromotionProduct } from "../../support/promotion-product.ts";

const START_MS = 90_000;
const WAIT_MS = 40_000;
const KEYS = 3_000;
/** Keys of one slot: it is of group 1 at first. */
const TAG = "{m}";
const SLOT = slotOfKey(TAG);
/** So slow that the slot is half-moved for as long as the test wants. */
const SLOW = { keysPerSecond: 50, bytesPerSecond: 0 };
const FAST = { keysPerSecond: 0, bytesPerSecond: 0 };

let product: PromotionProduct;

beforeAll(async () => {
  product = await PromotionProduct.start([2, 2]);
}, START_MS);

afterAll(() => product.stop(), START_MS);

function slot(): { readonly groupId: number; readonly state: string } {
  const found = product.desk.store.snapshot().slots[SLOT];
  return { groupId: found?.groupId ?? 0, state: found?.action.state ?? "" };
}

function masterOf(groupId: number): string {
  return product.members(groupId)[0] ?? "";
}

function keyAt(index: number): string {
  return `${TAG}:old:${index}`;
}

async function countAt(addr: string): Promise<number> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  try {
    return numberOf(await client.call(["DBSIZE"])) ?? -1;
  } finally {
    client.close();
  }
}

async function fill(addr: string): Promise<void> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  await client.call(["FLUSHALL"]);
  const keys = Array.from({ length: KEYS }, (_, index) => keyAt(index));
  await client.call(["MSET", ...keys.flatMap((key) => [key, `value of ${key}`])]);
  client.close();
}

/** Keys that `fill` wrote and this server doesn't have with their values. */
async function wrongAt(addr: string): Promise<readonly string[]> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  try {
    const keys = Array.from({ length: KEYS }, (_, index) => keyAt(index));
    const values = itemsOf(await client.call(["MGET", ...keys])) ?? [];
    return keys.filter((key, index) => textOf(values[index]) !== `value of ${key}`);
  } finally {
    client.close();
  }
}

function operationId(): string {
  const [operation] = product.desk.moving.control.operations();
  if (operation === undefined || operation.state === "done") {
    throw new Error("no operation is open");
  }
  return operation.id;
}

/** Orders the move, and resolves when a part of the keys has arrived. */
async function moveHalf(fromGroup: number, toGroup: number): Promise<void> {
  const { store, moving } = product.desk;
  // It doesn't begin before it is slow.
  const letMove = await moving.hold(fromGroup);
  await store.commit("order", (now) => createSlotActions(now, [{ id: SLOT, groupId: toGroup }]));
  const id = await waitFor("an operation", WAIT_MS, () => operationId());
  await moving.control.setSpeed(id, SLOW);
  letMove();
  const [source, target] = [masterOf(fromGroup), masterOf(toGroup)];
  await waitFor("a half-moved slot", WAIT_MS, async () => {
    const [left, arrived] = [await countAt(source), await countAt(target)];
    return slot().state === "migrating" && left > 0 && arrived > 0 ? true : undefined;
  });
}

async function finishMove(toGroup: number): Promise<void> {
  await waitFor("the end of the move", WAIT_MS, () => {
    const { groupId, state } = slot();
    return groupId === toGroup && state === "" ? true : undefined;
  });
}

for (const side of ["source", "target"] as const) {
  test(`the ${side} of a half-moved slot gets another master`, async () => {
    const fromGroup = slot().groupId;
    const toGroup = 3 - fromGroup;
    await fill(masterOf(fromGroup));
    await fillEmpty(masterOf(toGroup));
    await product.whenWell();
    const load = await product.startLoad(`${TAG}:${side}`, 0, 300);
    await moveHalf(fromGroup, toGroup);

    const promoted = side === "source" ? fromGroup : toGroup;
    const [from = "", to = ""] = product.members(promoted);
    const story = await product.promote(promoted, to);
    expect(story.outcome).toBe("done");
    expect(product.members(promoted)).toEqual([to, from]);
    expect(slot()).toEqual({ groupId: fromGroup, state: "migrating" });

    await product.desk.moving.control.setSpeed(operationId(), FAST);
    await finishMove(toGroup);
    await load.stop();
    expect(load.faults).toEqual([]);
    expect(load.acknowledged.size).toBeGreaterThan(0);
    expect(await load.missingAt(masterOf(toGroup))).toEqual([]);
    expect(await wrongAt(masterOf(toGroup))).toEqual([]);
    expect(await countAt(masterOf(fromGroup))).toBe(0);
    expect(await countAt(masterOf(toGroup))).toBe(KEYS + load.acknowledged.size);
    await product.whenWell();
  }, 120_000);
}

async function fillEmpty(addr: string): Promise<void> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  await client.call(["FLUSHALL"]);
  client.close();
}

test("slots of the group wait while it is held, and move afterwards", async () => {
  const fromGroup = slot().groupId;
  const letMove = await product.desk.moving.hold(fromGroup);
  const { store } = product.desk;
  const targets = [{ id: SLOT, groupId: 3 - fromGroup }];
  await store.commit("order", (now) => createSlotActions(now, targets));
  await Bun.sleep(500);
  expect(slot()).toEqual({ groupId: fromGroup, state: "pending" });
  letMove();
  letMove();
  await finishMove(3 - fromGroup);
}, 120_000);
