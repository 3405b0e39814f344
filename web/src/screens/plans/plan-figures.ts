/**
 * A plan in figures for its screen: bars before and after for each group, moves by pairs of groups, and what differs
 * between two plans that were asked for with the same request. Pure.
 */
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { isMoving, type SlotMap, stateOf } from "../slots/slot-map.ts";

/** What bars can show. */
export const PLAN_MEASURES = ["slots", "keys", "bytes"] as const;
/** One of `PLAN_MEASURES`. */
export type PlanMeasure = (typeof PLAN_MEASURES)[number];

/** A group before and after, in one measure. */
export interface PlanBar {
  readonly groupId: number;
  readonly before: number;
  readonly after: number;
  /** Shares of the longest bar of all groups, 0 to 1. */
  readonly beforeShare: number;
  readonly afterShare: number;
}

/** One bar for each group, in the order of the plan. */
export function barsOf(plan: V1Plan, measure: PlanMeasure): readonly PlanBar[] {
  const rows = plan.groups.map((group) => ({
    groupId: group.group_id,
    before: group[`${measure}_before`],
    after: group[`${measure}_after`],
  }));
  const longest = Math.max(1, ...rows.flatMap(({ before, after }) => [before, after]));
  return rows.map((row) => ({
    ...row,
    beforeShare: row.before / longest,
    afterShare: row.after / longest,
  }));
}

/** Moves between two groups. */
export interface MovePair {
  /** 0: the slots are offline. */
  readonly fromId: number;
  readonly toId: number;
  /** Ascending. */
  readonly slotIds: readonly number[];
  readonly keys: number;
  readonly bytes: number;
}

/** Moves by source and target, in the order of their first moves. */
export function pairsOf(moves: V1Plan["moves"]): readonly MovePair[] {
  const pairs = Map.groupBy(moves, (move) => `${move.from_group_id} ${move.to_group_id}`);
  return [...pairs.values()].map((pair) => ({
    fromId: pair[0]?.from_group_id ?? 0,
    toId: pair[0]?.to_group_id ?? 0,
    slotIds: pair.map((move) => move.slot_id).sort((one, other) => one - other),
    keys: pair.reduce((sum, move) => sum + move.keys, 0),
    bytes: pair.reduce((sum, move) => sum + move.bytes, 0),
  }));
}

/** A slot that the newer plan treats otherwise; `undefined`: that plan doesn't move it. */
export interface MoveDifference {
  readonly slotId: number;
  readonly before: { readonly fromId: number; readonly toId: number } | undefined;
  readonly after: { readonly fromId: number; readonly toId: number } | undefined;
}

/** What is other in the newer plan, by slot; figures of keys and bytes don't count, they change all the time. */
export function differenceOf(before: V1Plan, after: V1Plan): readonly MoveDifference[] {
  const [old, now] = [bySlot(before), bySlot(after)];
  const ids = [...new Set([...old.keys(), ...now.keys()])].sort((one, other) => one - other);
  return ids
    .map((slotId) => ({ slotId, before: old.get(slotId), after: now.get(slotId) }))
    .filter(
      (each) =>
        each.before?.fromId !== each.after?.fromId || each.before?.toId !== each.after?.toId,
    );
}

/** Slots that aren't where the plan takes them from any more, or are on their way; ascending. */
export function misplacedSlots(plan: V1Plan, map: SlotMap): readonly number[] {
  return plan.moves
    .filter(
      ({ slot_id: id, from_group_id: from }) =>
        id < map.count && (map.owners[id] !== from || isMoving(stateOf(map, id))),
    )
    .map(({ slot_id: id }) => id)
    .sort((one, other) => one - other);
}

/** Whether the server refused to start a plan because it isn't true any more, or isn't known any more. */
export function isStaleAnswer({
  status,
  code,
}: {
  readonly status: number;
  readonly code: string;
}): boolean {
  return status === 409 || status === 412 || (status === 404 && code === "NOT_FOUND");
}

function bySlot(
  plan: V1Plan,
): ReadonlyMap<number, { readonly fromId: number; readonly toId: number }> {
  return new Map(
    plan.moves.map((move) => [
      move.slot_id,
      { fromId: move.from_group_id, toId: move.to_group_id },
    ]),
  );
}
