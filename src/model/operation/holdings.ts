/**
 * What groups hold when a plan begins: which slots each would have once all moves under way have ended, which
 * of them may be moved, and which slots nobody serves. The common ground of all strategies.
 */
import type { Topology } from "../topology/topology.ts";

/** See the file head. */
export interface Holdings {
  /** Groups that give and take, ascending; each has a server. */
  readonly groupIds: readonly number[];
  /** Slots on their way to a group, by group. They count, and aren't moved again. */
  readonly arriving: ReadonlyMap<number, readonly number[]>;
  /** Slots of a group that don't move, ascending, by group. */
  readonly own: ReadonlyMap<number, readonly number[]>;
  /** Slots that are offline, or whose group has no server; ascending. */
  readonly loose: readonly number[];
  /** Slots that all groups are to share: all but those of the groups that are left alone. */
  readonly total: number;
}

/** The holdings; the groups in `exceptGroupIds` neither give nor take. */
export function holdingsOf(
  topology: Topology,
  exceptGroupIds: ReadonlySet<number> = new Set(),
): Holdings {
  const groupIds = [...topology.groups.values()]
    .filter((group) => group.servers.length > 0 && !exceptGroupIds.has(group.id))
    .map((group) => group.id)
    .sort((a, b) => a - b);
  const arriving = new Map<number, number[]>(groupIds.map((id) => [id, []]));
  const own = new Map<number, number[]>(groupIds.map((id) => [id, []]));
  const loose: number[] = [];
  let total = topology.slotCount;
  for (const { id, groupId, action } of topology.slots) {
    const isMoving = action.state !== "";
    const holder = isMoving ? action.targetId : groupId;
    if (exceptGroupIds.has(holder)) {
      total -= 1;
    } else if (isMoving) {
      arriving.get(holder)?.push(id);
    } else {
      (own.get(holder) ?? loose).push(id);
    }
  }
  return { groupIds, arriving, own, loose, total };
}

/** Slots that a group would have. */
export function countOf(holdings: Holdings, groupId: number): number {
  const { arriving, own } = holdings;
  return (arriving.get(groupId)?.length ?? 0) + (own.get(groupId)?.length ?? 0);
}
