/**
 * The two masters that a slot moves between, by the newest topology, and slots ordered by such pairs.
 *
 * Most of what is known while slots move is known of a pair with these addresses, and nothing of it is true any
 * more when a group gets another master: hence `placeOf`, which then is another one.
 */
import { masterAddrOf } from "../../model/group.ts";
import { METHOD_NAMES } from "../../model/move-method.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { MoverServer } from "./contract.ts";

/** States in which it is settled how keys are reached. */
const HAS_METHOD: ReadonlySet<string> = new Set(["prepared", "migrating"]);

/** Two groups that exchange slots. An address is empty when its group has no server, or for no group (0). */
export interface Pair {
  readonly source: MoverServer;
  readonly target: MoverServer;
  /** How keys of these slots are reached; absent: they aren't handed over yet, or have arrived. */
  readonly method?: ForwardMethod | undefined;
}

/** Where keys of the slot come from and go to; both sides are empty for a slot that doesn't exist. */
export function pairOf(
  topology: Topology,
  slotId: number,
  password: string,
  methodOf: (slot: SlotMapping) => ForwardMethod = () => FORWARD_METHOD.migrate,
): Pair {
  const slot = topology.slots[slotId];
  const serverOf = (groupId: number): MoverServer => {
    return { groupId, addr: masterAddrOf(topology.groups.get(groupId)), user: "", password };
  };
  return {
    source: serverOf(slot?.groupId ?? 0),
    target: serverOf(slot?.action.targetId ?? 0),
    method: slot !== undefined && HAS_METHOD.has(slot.action.state) ? methodOf(slot) : undefined,
  };
}

/** Equal for equal pairs: groups and their masters' addresses, and how keys go if not with MIGRATE. */
export function placeOf({ source, target, method = FORWARD_METHOD.migrate }: Pair): string {
  const how = method === FORWARD_METHOD.migrate ? "" : ` ${METHOD_NAMES[method]}`;
  return `${source.groupId}@${source.addr}>${target.groupId}@${target.addr}${how}`;
}

/** Slots by a key, in the order of the list; those with an undefined key are left out. */
export function slotsBy<Key>(
  slotIds: readonly number[],
  keyOf: (slotId: number) => Key | undefined,
): ReadonlyMap<Key, readonly number[]> {
  const groups = new Map<Key, number[]>();
  for (const id of slotIds) {
    const key = keyOf(id);
    if (key !== undefined) {
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [id]);
      } else {
        group.push(id);
      }
    }
  }
  return groups;
}
