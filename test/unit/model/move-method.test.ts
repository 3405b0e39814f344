/** Which way keys go, by what servers can and proxies know. */
import { expect, test } from "bun:test";
import {
  commonMethod,
  knowsMethod,
  type MoveAbility,
  methodsBetween,
} from "../../../src/model/move-method.ts";

const STOCK: MoveAbility = { slotCommands: "none", canMigrate: true };
const MODULE: MoveAbility = { slotCommands: "async", canMigrate: true };
const CODIS_3: MoveAbility = { slotCommands: "async", canMigrate: false };
const CODIS_2: MoveAbility = { slotCommands: "sync", canMigrate: false };

test("the best way is the one that both servers have and that was asked for", () => {
  const of = (source: MoveAbility, target: MoveAbility): readonly (readonly number[])[] =>
    (["semi-async", "sync"] as const).map((wanted) => methodsBetween(source, target, wanted));
  expect(of(MODULE, MODULE)).toEqual([
    [1, 2, 0],
    [0, 2],
  ]);
  expect(of(CODIS_3, MODULE)).toEqual([[1, 0], [0]]);
  expect(of(CODIS_2, CODIS_3)).toEqual([[0], [0]]);
  expect(of(STOCK, MODULE)).toEqual([[2], [2]]);
  expect(of(STOCK, CODIS_3)).toEqual([[], []]);
});

test("sync, which waits for no replica, comes last where the target has one", () => {
  const replicated = { ...MODULE, isReplicated: true };
  expect(methodsBetween(MODULE, replicated, "sync")).toEqual([2, 0]);
  expect(methodsBetween(replicated, MODULE, "sync")).toEqual([0, 2]);
  expect(methodsBetween(CODIS_2, { ...CODIS_2, isReplicated: true }, "sync")).toEqual([0]);
  expect(methodsBetween(MODULE, replicated, "semi-async")).toEqual([1, 2, 0]);
});

test("all proxies have to know it; one that doesn't say is one of Codis", () => {
  const [ours, older, original] = [
    { forwardMethods: [0, 1, 2] },
    { forwardMethods: [2] },
    { forwardMethods: [] },
  ];
  expect([0, 1, 2].map((method) => knowsMethod(original, method as 0 | 1 | 2))).toEqual([
    true,
    true,
    false,
  ]);
  expect(commonMethod([ours], [1, 2, 0])).toBe(1);
  expect(commonMethod([ours, older], [1, 2, 0])).toBe(2);
  expect(commonMethod([ours, original], [2])).toBeUndefined();
  expect(commonMethod([older, original], [1, 2, 0])).toBeUndefined();
  expect(commonMethod([], [2])).toBe(2);
});
