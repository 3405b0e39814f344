/** How keys of moving slots are reached, on record. */
import { expect, test } from "bun:test";
import type { ProductStorage } from "../../../src/dashboard/control.ts";
import { MoveMethods } from "../../../src/dashboard/migration/move-methods.ts";
import type { SlotActionState } from "../../../src/model/action.ts";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import { offlineMapping, type SlotMapping } from "../../../src/model/slot-mapping.ts";

/** One node after another, as the coordinator keeps them; `data` is what is there. */
class Storage implements ProductStorage {
  data: string | undefined;
  writes = 0;

  async get(path: string) {
    return this.data === undefined
      ? undefined
      : { path, data: this.data, version: `${this.writes}` };
  }

  async readChildren() {
    return [];
  }

  async write([write]: Parameters<ProductStorage["write"]>[0]) {
    expect(write?.expected).toBe(this.data === undefined ? "absent" : `${this.writes}`);
    this.data = write?.data;
    this.writes += 1;
  }
}

function slot(id: number, from: number, to: number, state: SlotActionState = "pending") {
  return { ...offlineMapping(id), groupId: from, action: { index: 1, state, targetId: to } };
}

function tableOf(...slots: readonly SlotMapping[]): readonly SlotMapping[] {
  return Array.from(
    { length: 8 },
    (_, id) => slots.find((one) => one.id === id) ?? offlineMapping(id),
  );
}

test("what is noted holds for the next leader, in both directions, and for these groups only", async () => {
  const storage = new Storage();
  const methods = await MoveMethods.open(storage, "demo");
  const [one, two] = [slot(1, 1, 2), slot(2, 1, 2)];
  expect(methods.of(one)).toBe(FORWARD_METHOD.migrate);
  await methods.note([one, two], FORWARD_METHOD.semiAsync, tableOf(one, two));
  const next = await MoveMethods.open(storage, "demo");
  for (const each of [methods, next]) {
    expect(each.of(slot(1, 1, 2, "migrating"))).toBe(FORWARD_METHOD.semiAsync);
    expect(each.of(slot(2, 2, 1, "prepared"))).toBe(FORWARD_METHOD.semiAsync);
    expect(each.of(slot(1, 1, 3, "migrating"))).toBe(FORWARD_METHOD.migrate);
    expect(each.of(slot(3, 1, 2, "migrating"))).toBe(FORWARD_METHOD.migrate);
  }
});

test("nothing is written that is known; another way replaces it; slots at rest are forgotten", async () => {
  const storage = new Storage();
  const methods = await MoveMethods.open(storage, "demo");
  const [one, two] = [slot(1, 1, 2), slot(2, 1, 2)];
  await methods.note([one], FORWARD_METHOD.migrate, tableOf(one));
  expect(storage.writes).toBe(0);
  await methods.note([one, two], FORWARD_METHOD.sync, tableOf(one, two));
  await methods.note([two], FORWARD_METHOD.sync, tableOf(one, two));
  expect(storage.writes).toBe(1);
  await methods.note([two], FORWARD_METHOD.migrate, tableOf(two));
  expect(JSON.parse(storage.data ?? "")).toEqual({ moves: [] });
  expect(methods.of(two)).toBe(FORWARD_METHOD.migrate);
});

test("garbage is refused", async () => {
  const storage = new Storage();
  storage.data = '{"moves": [{"method": 1, "groups": [1], "slots": [1]}]}';
  await expect(MoveMethods.open(storage, "demo")).rejects.toThrow(/a method and two groups/);
});
