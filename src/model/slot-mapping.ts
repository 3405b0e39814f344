/**
 * Which group owns a slot, and where it is going, as the coordinator stores it, with the JSON of Codis 3.2.
 * What proxies are told of a slot is a `SlotRecord`, which is derived from this (`slot-view.ts`).
 */
import { SLOT_ACTION_STATES, type SlotActionState } from "./action.ts";
import { ACTION_INDEX_MAX, GROUP_ID_MAX, GROUP_ID_MIN } from "./group.ts";
import { RecordReader, type WithExtra } from "./json-record.ts";
import { SLOT_COUNTS } from "./slot.ts";

/** One slot. A slot whose node is missing is offline: group 0, no action. */
export interface SlotMapping extends WithExtra {
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

/** The action of a slot that doesn't move. */
export const NO_SLOT_ACTION: SlotMapping["action"] = { index: 0, state: "", targetId: 0 };

const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;

/** A slot that no group owns. */
export function offlineMapping(id: number): SlotMapping {
  return { id, groupId: 0, action: NO_SLOT_ACTION };
}

/** JSON of the mapping, fields in the order of Codis, then those that this program doesn't know. */
export function slotMappingToJson(slot: SlotMapping): SlotMappingJson {
  const action: SlotMappingJson["action"] = {};
  if (slot.action.index !== 0) {
    action.index = slot.action.index;
  }
  if (slot.action.state !== "") {
    action.state = slot.action.state;
  }
  if (slot.action.targetId !== 0) {
    action.target_id = slot.action.targetId;
  }
  return { id: slot.id, group_id: slot.groupId, action, ...slot.extra };
}

/**
 * Checks JSON of a mapping; `source` begins error lines, `expectedId` is the id in the node's name. Throws
 * `MODEL_INVALID`.
 */
export function decodeSlotMapping(
  value: unknown,
  source: string,
  expectedId?: number,
): SlotMapping {
  const fields = new RecordReader(value, source);
  const id = fields.has("id") ? fields.int("id", 0, SLOT_ID_MAX) : expectedId;
  if (id === undefined || (expectedId !== undefined && id !== expectedId)) {
    throw fields.error(
      `id: expected ${expectedId ?? "the id of the slot"}, not ${id ?? "nothing"}`,
    );
  }
  const groupId = fields.int("group_id", 0, GROUP_ID_MAX);
  const actionFields = fields.nested("action");
  const action = {
    index: actionFields.int("index", 0, ACTION_INDEX_MAX),
    state: actionFields.oneOf("state", SLOT_ACTION_STATES),
    targetId: actionFields.int("target_id", 0, GROUP_ID_MAX),
  };
  if (action.state !== "" && action.targetId === 0) {
    throw fields.error(
      `action.target_id: expected ${GROUP_ID_MIN} to ${GROUP_ID_MAX} for a slot that moves`,
    );
  }
  return { id, groupId, action, ...fields.rest() };
}
