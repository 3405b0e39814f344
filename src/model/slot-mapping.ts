/**
 * Which group owns a slot, and where it is going, as the coordinator stores it, with the JSON of Codis 3.2.
 * What proxies are told of a slot is a `SlotRecord`, which is derived from this (`slot-view.ts`).
 */
import type { SlotActionState } from "./action.ts";

/** One slot. A slot whose node is missing is offline: group 0, no action. */
export interface SlotMapping {
  readonly id: number;
  /** 0: offline. */
  readonly groupId: number;
  /** `index` orders the waiting actions; all empty when the slot doesn't move. */
  readonly action: {
    readonly index: number;
    readonly state: SlotActionState;
    readonly targetId: number;
  };
}

/** JSON of a mapping; fields of the action that are 0 or empty are omitted. */
export interface SlotMappingJson {
  id: number;
  group_id: number;
  action: { index?: number; state?: SlotActionState; target_id?: number };
}
