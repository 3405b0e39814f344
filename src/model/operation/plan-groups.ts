/**
 * What a plan makes of the groups: slots, keys and bytes of each before and after. Pure; where the figures of now
 * come from (measured or told by INFO) is the caller's affair.
 */
import type { Topology } from "../topology/topology.ts";
import { countOf, holdingsOf } from "./holdings.ts";
import type { PlanGroup, PlannedMove } from "./plan.ts";

/** Keys and bytes that a group holds now. */
export interface GroupLoad {
  readonly keys: number;
  readonly bytes: number;
}

/**
 * All groups that have a server, and those that slots leave, ascending. A slot that moves already counts for
 * its target; its keys count where `loadOf` finds them.
 */
export function describeGroups(
  topology: Topology,
  moves: readonly PlannedMove[],
  loadOf: (groupId: number) => GroupLoad,
): readonly PlanGroup[] {
  const holdings = holdingsOf(topology);
  const leaving = moves.map((move) => move.fromGroupId).filter((id) => id !== 0);
  const ids = [...new Set([...holdings.groupIds, ...leaving])].sort((a, b) => a - b);
  return ids.map((groupId) => {
    const isLive = holdings.groupIds.includes(groupId);
    const slotsBefore = isLive
      ? countOf(holdings, groupId)
      : topology.slots.filter((slot) => slot.groupId === groupId).length;
    const { keys, bytes } = loadOf(groupId);
    const change = { slots: 0, keys: 0, bytes: 0 };
    for (const move of moves) {
      const sign = Number(move.toGroupId === groupId) - Number(move.fromGroupId === groupId);
      change.slots += sign;
      change.keys += sign * move.keys;
      change.bytes += sign * move.bytes;
    }
    return {
      groupId,
      slotsBefore,
      slotsAfter: slotsBefore + change.slots,
      keysBefore: keys,
      keysAfter: Math.max(0, keys + change.keys),
      bytesBefore: bytes,
      bytesAfter: Math.max(0, bytes + change.bytes),
    };
  });
}
