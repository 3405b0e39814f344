/**
 * Compares the table of an original proxy, which doesn't tell the version of what it has, with the desired
 * one, slot by slot. What the original leaves out of its answer isn't a difference: the group of a slot
 * without a server, and replicas when it reads from masters only.
 */
import { messageOf } from "../../base/error.ts";
import { offlineSlot, type SlotRecord } from "../../model/slot.ts";
import { decodeSlotTable } from "../../model/slot-table.ts";
import { isSameReplicas } from "./desired-table.ts";

/** What the comparison must know of the proxy. */
export interface ComparisonRules {
  /** Its address, for the line. */
  readonly addr: string;
  /** `backend.primary_only` of its statistics. */
  readonly isPrimaryOnly: boolean;
}

/** More slots than any product has: ids of another program's table aren't judged by their size. */
const SLOT_COUNT_MAX = 65_536;

/**
 * The first difference in one line; undefined when the proxy has every desired slot as it should be. `value`
 * is the parsed answer; one that isn't a slot table is a difference.
 */
export function findSlotDifference(
  desired: readonly SlotRecord[],
  value: unknown,
  rules: ComparisonRules,
): string | undefined {
  let found: readonly SlotRecord[];
  try {
    const source = `slots of ${rules.addr}`;
    found = decodeSlotTable(value, { source, slotCount: SLOT_COUNT_MAX, unknownFields: "ignore" });
  } catch (thrown) {
    return messageOf(thrown);
  }
  const foundById = new Map(found.map((slot) => [slot.id, slot]));
  for (const slot of desired) {
    const has = foundById.get(slot.id) ?? offlineSlot(slot.id);
    const field = differingField(slot, has, rules.isPrimaryOnly);
    if (field !== undefined) {
      const [is, should] = [has[field], slot[field]].map((each) => JSON.stringify(each));
      return `slot ${slot.id}: ${field} is ${is}, should be ${should}`;
    }
  }
  return undefined;
}

function differingField(
  slot: SlotRecord,
  has: SlotRecord,
  isPrimaryOnly: boolean,
): keyof SlotRecord | undefined {
  if (slot.locked !== has.locked) return "locked";
  if (slot.backendAddr !== has.backendAddr) return "backendAddr";
  if (slot.migrateFrom !== has.migrateFrom) return "migrateFrom";
  if (slot.forwardMethod !== has.forwardMethod) return "forwardMethod";
  if (slot.backendAddr !== "" && slot.backendAddrGroupId !== has.backendAddrGroupId) {
    return "backendAddrGroupId";
  }
  if (slot.migrateFrom !== "" && slot.migrateFromGroupId !== has.migrateFromGroupId) {
    return "migrateFromGroupId";
  }
  if (!isPrimaryOnly && !isSameReplicas(slot.replicaGroups, has.replicaGroups)) {
    return "replicaGroups";
  }
  return undefined;
}
