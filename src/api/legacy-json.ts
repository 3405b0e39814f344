/**
 * Groups and slots in the JSON of Codis 2.0, for the paths of its dashboard that are still read and for the
 * command line of those days. Proxies: `model/legacy-proxy-record.ts`.
 */
import type { SlotActionState } from "../model/action.ts";

/** A group. */
export interface LegacyGroupJson {
  id: number;
  product_name: string;
  servers: readonly { type: "master" | "slave"; group_id: number; addr: string }[];
}

/** States of a slot. */
export type LegacySlotStatus = "online" | "offline" | "migrate" | "pre_migrate";

/** A slot. */
export interface LegacySlotJson {
  product_name: string;
  id: number;
  group_id: number;
  state: {
    status: LegacySlotStatus;
    /** -1: it doesn't move. */
    migrate_status: { from: number; to: number };
    /** The time of the last change isn't kept any more. */
    last_op_ts: "0";
  };
}

/** A slot that moves or waits for it. */
export interface LegacyTaskJson {
  slot_id: number;
  new_group: number;
  /** Milliseconds between two keys; 0: no pause. */
  delay: number;
  /** Seconds since 1970; `0`: not known. */
  create_at: string;
  /** Of a slot; 2.0 never counted it either. */
  percent: 0;
  status: "pending" | "migrating";
}

/** What is known of a slot. */
export interface SlotFacts {
  readonly id: number;
  /** 0: offline. */
  readonly groupId: number;
  readonly action: { readonly state: SlotActionState; readonly targetId: number };
}

/** A group; the first of the addresses is the master's. */
export function legacyGroupJson(
  product: string,
  groupId: number,
  addrs: readonly string[],
): LegacyGroupJson {
  return {
    id: groupId,
    product_name: product,
    servers: addrs.map((addr, index) => ({
      // The word of 2.0 for a replica, which its scripts look for.
      type: index === 0 ? "master" : "slave",
      group_id: groupId,
      addr,
    })),
  };
}

/** A slot. */
export function legacySlotJson(product: string, slot: SlotFacts): LegacySlotJson {
  const { groupId, action } = slot;
  const moves = isMoving(slot);
  return {
    product_name: product,
    id: slot.id,
    // In 2.0 a slot belongs to its target as soon as keys move.
    group_id: moves ? action.targetId : groupId,
    state: {
      status: statusOf(slot),
      migrate_status: { from: moves ? groupId : -1, to: moves ? action.targetId : -1 },
      last_op_ts: "0",
    },
  };
}

/** Whether keys of the slot are moving, as 2.0 sees it. */
export function isMoving({ action }: SlotFacts): boolean {
  return action.state === "prepared" || action.state === "migrating";
}

function statusOf(slot: SlotFacts): LegacySlotStatus {
  const { state } = slot.action;
  if (state === "prepared" || state === "preparing") {
    return "pre_migrate";
  }
  if (isMoving(slot)) {
    return "migrate";
  }
  return slot.groupId === 0 ? "offline" : "online";
}
