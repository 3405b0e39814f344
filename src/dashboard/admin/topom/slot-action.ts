/**
 * Orders that slots move, over the API of Codis 3.2: which slots are meant, in which order, and what is refused is
 * as in the original. Each call becomes a part of an operation, which `/api/v1` shows.
 */
import { createSlotActions, type SlotTarget, slotRange } from "../../../model/change/slot.ts";
import { planRebalance } from "../../../model/operation/level-slots.ts";
import { getGroupWithServer } from "../../../model/topology/guard.ts";
import type { LeaderControl } from "../../control.ts";
import { flagParam, intParam } from "./argument.ts";
import type { Prepare } from "./prepared.ts";

type SlotActionName =
  | "createSlotAction"
  | "createSomeSlotActions"
  | "createSlotRangeActions"
  | "removeSlotAction"
  | "setSlotActionInterval"
  | "setSlotActionDisabled"
  | "rebalance";

/** Checks the arguments of each change. */
export const TOPOM_SLOT_CHANGES: Readonly<Record<SlotActionName, Prepare>> = {
  createSlotAction: (leader, params) => {
    const sid = intParam(params, "sid");
    const gid = intParam(params, "gid");
    return {
      arguments: { sid, gid },
      run: async () => {
        getGroupWithServer(leader.topology(), gid);
        await orderSlots(leader, [{ id: sid, groupId: gid }]);
      },
    };
  },
  createSomeSlotActions: (leader, params) => {
    const src = intParam(params, "src");
    const dst = intParam(params, "dst");
    const num = intParam(params, "num");
    return {
      arguments: { src, dst, num },
      run: async () => {
        const topology = leader.topology();
        getGroupWithServer(topology, dst);
        const free = topology.slots.filter(
          ({ groupId, action }) => groupId === src && groupId !== dst && action.state === "",
        );
        const chosen = free.slice(0, Math.max(0, num));
        await orderSlots(
          leader,
          chosen.map(({ id }) => ({ id, groupId: dst })),
        );
      },
    };
  },
  createSlotRangeActions: (leader, params) => {
    const beg = intParam(params, "beg");
    const end = intParam(params, "end");
    const gid = intParam(params, "gid");
    return {
      arguments: { beg, end, gid },
      run: async () => {
        const topology = leader.topology();
        const ids = slotRange(topology, beg, end);
        getGroupWithServer(topology, gid);
        await orderSlots(
          leader,
          ids.map((id) => ({ id, groupId: gid })),
        );
      },
    };
  },
  removeSlotAction: (leader, params) => {
    const sid = intParam(params, "sid");
    return { arguments: { sid }, run: () => leader.migration.removeSlotActions([sid]) };
  },
  setSlotActionInterval: (leader, params) => {
    const value = intParam(params, "value");
    return { arguments: { value }, run: () => leader.migration.setInterval(value) };
  },
  setSlotActionDisabled: (leader, params) => {
    const value = flagParam(params, "value");
    return { arguments: { value }, run: () => leader.migration.setDisabled(value) };
  },
  rebalance: (leader, params) => {
    const confirm = flagParam(params, "confirm");
    return {
      arguments: { confirm },
      run: async () => {
        const plan = planRebalance(leader.topology());
        if (confirm) {
          await orderSlots(
            leader,
            [...plan].map(([id, groupId]) => ({ id, groupId })),
          );
        }
        return Object.fromEntries(plan);
      },
    };
  },
};

/** All or none. Slots and groups are checked first, so that their errors come before those of servers. */
export async function orderSlots(
  leader: LeaderControl,
  targets: readonly SlotTarget[],
): Promise<void> {
  createSlotActions(leader.topology(), targets);
  if (targets.length > 0) {
    await leader.migration.createSlotActions(targets);
  }
}
